"""What we remember: the versioned tables, settings and keys of one home directory."""
