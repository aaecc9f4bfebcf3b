"""The range of initial rates that helps."""
