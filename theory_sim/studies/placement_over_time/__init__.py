"""Where noise is placed, over the whole course of the runs and beside controls."""
