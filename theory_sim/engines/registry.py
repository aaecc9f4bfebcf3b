"""Every engine by its name: each registers itself in the file that defines it."""

from __future__ import annotations

from typing import Final

from theory_sim.engines.solver import Option, Solver
from theory_sim.plugins import Registry

__all__ = ["DEFAULT", "ENGINES", "engine_names", "options_by_name", "register"]

DEFAULT: Final = "finite"
"""Engine of a run that names none."""
ENGINES: Final[Registry[Solver]] = Registry("engine", "theory_sim.engines", lambda solver: solver.summary)


def register(solver: type[Solver]) -> type[Solver]:
    """Make an engine known by its name; a decorator of its class."""
    ENGINES.add(solver.name, solver())
    return solver


def engine_names() -> list[str]:
    """Names of the engines."""
    return ENGINES.names()


def options_by_name() -> dict[str, list[tuple[Solver, Option]]]:
    """Every option of any engine, with the engines that have it."""
    found: dict[str, list[tuple[Solver, Option]]] = {}
    for solver in ENGINES:
        for option in solver.options:
            found.setdefault(option.name, []).append((solver, option))
    return found
