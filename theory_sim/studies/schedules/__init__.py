"""Which way of annealing is best?"""
