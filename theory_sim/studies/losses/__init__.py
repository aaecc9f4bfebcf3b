"""Other losses than the logistic one."""
