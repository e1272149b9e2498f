"""The seam between learning and answering: bundles, sessions, exact reasons, the registry."""
