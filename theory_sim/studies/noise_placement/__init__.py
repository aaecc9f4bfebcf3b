"""Where to add noise."""
