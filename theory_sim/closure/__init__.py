"""The limit's closure, with the data set replaced by averages: of an experiment, and as a trajectory."""
