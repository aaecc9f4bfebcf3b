"""Labels that are wrong, once or anew at each step."""
