"""Certified learning orders: the run of one drawn data set at infinite width, enclosed step by step (THEORY §14)."""
