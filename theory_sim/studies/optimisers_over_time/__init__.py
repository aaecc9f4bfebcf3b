"""Other optimisers over the whole course of the runs: Q as well, errors, and the control that is never annealed."""
