"""Every engine by its name: each registers itself in the file that defines it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from theory_sim.engines.solver import Option, Solver
from theory_sim.plugins import Registry
from theory_sim.reading.answers import faults_of_function, require_declared, require_named_class

__all__ = ["DEFAULT", "ENGINES", "engine_names", "options_by_name", "or_engines", "register"]

if TYPE_CHECKING:
    from theory_sim.experiment import Experiment
    from theory_sim.observe.base import Observer

DEFAULT: Final = "finite"
"""Engine of a run that names none."""
ENGINES: Final[Registry[Solver]] = Registry("engine", "theory_sim.engines", lambda solver: solver.summary, home=type)


def register(solver: type[Solver]) -> type[Solver]:
    """Make an engine known by its name; a decorator of its class.

    Raises
    ------
    InputError
        If it is no class of a `Solver`, has not all that one has, has a default of an option that the option refuses, or if
        another engine has the name.
    """
    require_named_class("engine", solver)
    what = f"engine {solver.name!r}"
    require_declared(solver, [Solver], what)
    for option in solver.options:
        option.require(option.default)
    with faults_of_function(f"{what} cannot be made", "a class that is made without arguments"):
        made = solver()
    ENGINES.add(solver.name, made)
    return solver


def engine_names() -> list[str]:
    """Names of the engines.

    Examples
    --------
    >>> from theory_sim import engine_names
    >>> engine_names()[:3]
    ['closure', 'finite', 'limit']
    """
    return ENGINES.names()


def or_engines(experiment: Experiment, refusing: Solver, observers: Sequence[Observer] = ()) -> str:
    """End of a fix: the other engines that compute an experiment with their defaults; empty if there is none.

    One that derives from the refusing engine, or it from that one, takes the same experiments, and is not asked.
    """
    others = [solver for solver in ENGINES if not (isinstance(solver, type(refusing)) or isinstance(refusing, type(solver)))]
    able = [solver.name for solver in others if solver.unsupported(
        experiment, {option.name: option.default for option in solver.options}, observers) is None]
    return f"; or use the engine {' or '.join(able)}" if able else ""


def options_by_name() -> dict[str, list[tuple[Solver, Option]]]:
    """Every option of any engine, with the engines that have it."""
    found: dict[str, list[tuple[Solver, Option]]] = {}
    for solver in ENGINES:
        for option in solver.options:
            found.setdefault(option.name, []).append((solver, option))
    return found
