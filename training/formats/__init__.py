"""Export formats, each a SQL file that a user can copy and change."""
