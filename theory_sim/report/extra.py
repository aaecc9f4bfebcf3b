"""The libraries that only a report and the explorer need."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from theory_sim.errors import InputError, installing

__all__ = ["EXTRA", "library", "versions"]

EXTRA: Final = "report"
"""Name of the extra in setup.cfg."""
_PURPOSES: Final = {EXTRA: "a report", "explore": "the explorer"}
_LIBRARIES: Final = {"bokeh": "bokeh", "jinja2": "Jinja2", "latex2mathml": "latex2mathml", "markupsafe": "MarkupSafe"}
_OF_EXPLORER: Final = {"tornado": "tornado"}


def library(name: str, extra: str = EXTRA) -> Any:
    """A module of one of an extra's libraries, such as ``bokeh.plotting``.

    Parameters
    ----------
    name : str
    extra : {"report", "explore"}
        What it is needed for.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        missing = (_LIBRARIES | _OF_EXPLORER)[name.partition(".")[0]]
        raise InputError(f"{_PURPOSES[extra]} without {missing} ({error})", f"the libraries of the extra {extra!r}",
                         installing(extra)) from error


def versions() -> dict[str, str]:
    """Versions of this program and of each library of the extra, by the distribution; all of them are looked for.

    Raises
    ------
    InputError
        If one is not installed.
    """
    from importlib.metadata import version

    for name in _LIBRARIES:
        library(name)
    return {each: version(each) for each in ("theory-sim", *_LIBRARIES.values())}
