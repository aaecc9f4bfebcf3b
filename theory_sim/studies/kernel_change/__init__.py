"""Which part of the effect do moving kernels carry?"""
