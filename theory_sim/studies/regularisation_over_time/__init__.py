"""Without weight decay, over the whole course of the runs and beside controls."""
