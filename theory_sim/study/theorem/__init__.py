"""Studies of the theorem itself (THEORY §7-§11): what it says of widths, of scalings and of changing kernels, against runs."""
