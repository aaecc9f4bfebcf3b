"""Where images come from, a form a file."""
