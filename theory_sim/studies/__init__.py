"""Studies: what many runs say of one statement. One folder a study: the study, and its figure."""
