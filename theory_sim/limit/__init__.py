"""The infinite-width limit, its finite-d closure, and kernel regression with the tangent kernel."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theory_sim.limit.closure import closure_trajectory
    from theory_sim.limit.ntk import NTKRegression, ntk_regression
    from theory_sim.limit.solve import solve_limit

_HOMES = {"closure_trajectory": "closure", "NTKRegression": "ntk", "ntk_regression": "ntk", "solve_limit": "solve"}

__all__ = ["NTKRegression", "closure_trajectory", "ntk_regression", "solve_limit"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
