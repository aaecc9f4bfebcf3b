"""A second look at certified learning orders, in code that shares nothing with proofs_check.order: it works with that gone.

The data are drawn again. Every array is a ball, a middle and a radius, and each operation bounds what it adds to the radius.
Sums over steps are direct, not recursions; the arcsine between patches is interpolated in rho at Chebyshev's points, not a
power series; angles are corrected by Taylor polynomials of sine and cosine; the noise's law runs in whole numbers that are
rounded down and up; curvature is bounded by a Cholesky factorisation.
"""
