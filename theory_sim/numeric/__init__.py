"""Compiled inner loops, random streams and the block pool; the only place that knows numba and BLAS threads."""
