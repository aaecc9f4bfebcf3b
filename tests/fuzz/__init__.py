"""Fuzzing: drawn files, command lines, stores and certificates, each with one ending that is documented.

A case never computes more than tiny runs: what it may compute is bounded by the words that it is made of, not by a patch.
"""
