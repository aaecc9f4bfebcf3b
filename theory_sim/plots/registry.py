"""Every figure that ``theory-sim plot`` draws, by its name: each registers itself in the file that draws it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from theory_sim.errors import InputError
from theory_sim.plugins import Registry
from theory_sim.reading.arguments import require_fields, require_kind

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PLOTS", "REQUIRED", "Option", "Plot", "register"]


_Source = Literal["runs", "sweep", "nothing"]


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
    source: _Source
    draw: Callable[..., Figure]
    options: tuple[Option, ...] = ()
    numbers: Callable[..., Any] | None = None


REQUIRED: Final = object()
"""Default of an option that has to be given."""
PLOTS: Final[Registry[Plot]] = Registry("figure", "theory_sim.plots", lambda plot: plot.summary, home=lambda plot: plot.draw)


def _require_call(what: str, plot: Plot) -> None:
    """Raise InputError unless the first function that a figure calls takes its source and its options."""
    asked = plot.draw if plot.numbers is None else plot.numbers
    options = [option.name for option in plot.options]
    try:
        inspect.signature(asked).bind(*() if plot.source == "nothing" else (None,), **dict.fromkeys(options))
    except (TypeError, ValueError) as error:
        source = "nothing else" if plot.source == "nothing" else "the source first"
        raise InputError(f"{what}: {getattr(asked, '__qualname__', 'its function')}: {error}",
                         f"a function of {', '.join(options) or 'no option'} by name, and of {source}",
                         "change the function or the options") from None


def register(plot: Plot) -> Plot:
    """Make a figure known by its name; returns it.

    Raises
    ------
    InputError
        If it is no `Plot`, a field is of another kind than `Plot` says, its function does not take the source and the options,
        or another figure has the name.
    """
    require_kind("figure", plot, "Plot")
    what = f"figure {plot.name!r}"
    require_fields(what, plot, {"name": "a text", "summary": "a text", "draw": "a function", "options": "tuple",
                                "numbers": "a function or NoneType"})
    if plot.source not in get_args(_Source):
        raise InputError(f"{what}: source = {plot.source!r}", f"one of {', '.join(get_args(_Source))}", "choose one")
    for option in plot.options:
        require_kind(f"{what}: an option", option, "Option")
        require_fields(f"an option of {what}", option, {"name": "a text", "help": "a text", "flag": "a text"})
    _require_call(what, plot)
    return PLOTS.add(plot.name, plot)
