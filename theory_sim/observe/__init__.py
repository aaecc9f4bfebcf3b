"""What a run records, one observable a file, and what is read off a finished run."""
