"""A page on this machine whose sliders move the parameters of an experiment: what they mean is here, the page only shows it."""
