"""Studies of the theorem, one a file."""
