"""Where the runs of a sweep are computed, one way a file."""
