"""A battery of laws for a simulator of your own (THEORY §1-§5): what it is asked, what it answers, what is wrong with it."""
