"""What we do about a risk: who is flagged, and why, in words."""
