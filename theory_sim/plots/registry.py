"""Every figure that ``theory-sim plot`` draws, by its name: each registers itself in the file that draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from theory_sim.plugins import Registry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PLOTS", "REQUIRED", "Option", "Plot", "register"]


@dataclass(frozen=True)
class Option:
    """An option of a figure.

    Attributes
    ----------
    name : str
        Keyword of the function.
    kind : type
        float, str, list[float] (the option is repeatable) or dict (repeatable KEY=VALUE).
    default : object
        Value where it is not given; `REQUIRED` if it has to be.
    help : str
        What the command line says of it.
    flag : str
        Name on the command line, where that is another: one value of a repeatable option.
    """

    name: str
    kind: Any
    default: Any
    help: str
    flag: str = ""


@dataclass(frozen=True)
class Plot:
    """A figure with what it is drawn from.

    Attributes
    ----------
    name, summary : str
        Name on the command line, and what it says of it.
    source : {"runs", "sweep", "nothing"}
        What is read: saved runs (a list of `Trajectory`), a sweep (a `Summary`), or nothing.
    draw : callable
        The source, if there is one, and the options to a Figure; with `numbers`, what that returned to a Figure.
    options : tuple of Option
    numbers : callable, optional
        The source and the options to what is drawn: a figure itself computes no statistics.
    """

    name: str
    summary: str
    source: Literal["runs", "sweep", "nothing"]
    draw: Callable[..., Figure]
    options: tuple[Option, ...] = ()
    numbers: Callable[..., Any] | None = None


REQUIRED: Final = object()
"""Default of an option that has to be given."""
PLOTS: Final[Registry[Plot]] = Registry("figure", "theory_sim.plots", lambda plot: plot.summary)


def register(plot: Plot) -> Plot:
    """Make a figure known by its name; returns it.

    Raises
    ------
    InputError
        If another figure has the name.
    """
    return PLOTS.add(plot.name, plot)
