"""Is the Gaussian noise of every step essential?"""
