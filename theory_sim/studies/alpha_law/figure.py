"""Figure of the study alpha-law: learning times and errors over d by the closure, with the runs of the limit upon them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory_sim.plots.style import COLOURS, new_figure
from theory_sim.studies.engines import CLOSURE

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """P's over Q's learning time under S (left), and S's error over L-S's (right), over d; the order turns at 1.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table; lines are the closure, points the limit.
    """
    settings = list(dict.fromkeys(table["setting"]))
    colours = dict(zip(settings, [*COLOURS.values(), "#CC79A7", "#56B4E9"], strict=False))
    with new_figure(2.9) as figure:
        ax, right = figure.subplots(1, 2)
        for setting in settings:
            rows = table[(table["setting"] == setting) & (table["schedule"] == "S")]
            of = rows["engine"] == CLOSURE.label
            for part, mark, label in ((rows[of], "-", setting), (rows[~of], "o", "" if of.any() else setting)):
                if part.empty:
                    continue
                with np.errstate(invalid="ignore"):  # neither learnt: infinity over infinity
                    ratio = part["tau_P"].to_numpy(dtype=float) / part["tau_Q"].to_numpy(dtype=float)
                ratio[~np.isfinite(ratio)] = np.nan
                for axes, values in ((ax, ratio), (right, part["error S / L-S, end"].to_numpy(dtype=float))):
                    axes.plot(part["d"], values, mark, color=colours[setting], ms=3.4, lw=1.0, label=label or None)
        for axes in (ax, right):
            axes.axhline(1.0, color=COLOURS["noise"], ls=":", lw=0.9)
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_xlabel("d")
        ax.set_ylabel(r"$\tau_P/\tau_Q$ under S (1)")
        right.set_ylabel("error on P, S / L-S (1)")
        handles, labels = ax.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=2, handlelength=1.4, columnspacing=0.9)
    return figure
