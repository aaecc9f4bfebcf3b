"""The infinite-width limit, its finite-d closure, and kernel regression with the tangent kernel."""
