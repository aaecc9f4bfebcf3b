"""Theorem C.2 along real runs."""
