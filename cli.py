"""The command line `riskradar`."""
