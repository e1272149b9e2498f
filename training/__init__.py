"""How we learn: ingest, labels, fit, export, measure, gate, nightly, simulate."""
