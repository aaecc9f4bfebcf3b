"""Figure of both studies: accuracies of each arm and its control."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory_sim.plots.style import new_figure

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]

_PANELS = (
    ("clean accuracy", "clean,\nat the end"), ("patch-only accuracy at annealing", "patch-only,\nat annealing"),
    ("patch-only accuracy", "patch-only,\nat the end"),
)


def plot(table: pandas.DataFrame) -> Figure:
    """Accuracy of each seed as a point and the mean as a line, arm by arm, with the patch and without it.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    arms = list(dict.fromkeys(table["arm"]))
    with new_figure(2.1) as figure:
        axes = figure.subplots(1, len(_PANELS))
        for ax, (column, title) in zip(axes, _PANELS, strict=True):
            for patch, colour, shift in ((1, "#D55E00", -0.15), (0, "#0072B2", 0.15)):
                for at, arm in enumerate(arms):
                    values = table[(table["arm"] == arm) & (table["patch"] == patch)][column].to_numpy(float)
                    ax.plot(np.full(len(values), at + shift), values, ".", color=colour, markersize=4, alpha=0.6)
                    ax.plot([at + shift - 0.12, at + shift + 0.12], [np.mean(values)] * 2, color=colour)
            ax.set_xticks(range(len(arms)), [arm.replace("-", "\n+ ") for arm in arms])
            ax.set_xlim(-0.5, len(arms) - 0.5)
            ax.set_title(title)
        axes[0].set_ylabel("share of right labels (1)")
        for label, colour in (("with the patch", "#D55E00"), ("without", "#0072B2")):
            axes[0].plot([], [], color=colour, label=label)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure
