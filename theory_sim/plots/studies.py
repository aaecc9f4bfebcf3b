"""The figure of a study, found by the study's name, from its table alone: a stored table gives the stored figure again."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from theory_sim.errors import InputError
from theory_sim.study.registry import home_of

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot_study"]


def plot_study(name: str, table: pandas.DataFrame) -> Figure:
    """Draw a study's table.

    Parameters
    ----------
    name : str
        Name of the study.
    table : pandas.DataFrame
        What `run_study` returned, or `read_table` read.

    Raises
    ------
    InputError
        If there is no such study, or the table has no rows.
    """
    place = home_of(name)
    if table.empty:
        raise InputError(f"an empty table of {name}", "at least one row", "run the study to its end")
    figure: Figure = import_module(f"theory_sim.plots.{place}").plot(table)
    return figure
