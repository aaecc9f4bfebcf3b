"""Figure of the study single-feature: error on fresh examples over their number, an arm a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory_sim.plots.mean_lines import draw_means

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]


def plot(table: pandas.DataFrame) -> Figure:
    """Mean error over the number of training examples; below one in a thousand a mean is drawn there.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    rows = table.assign(error=table["error"].clip(lower=1e-3), **{"error low": table["error low"].clip(lower=1e-3),
                                                                  "error high": table["error high"].clip(lower=1e-3)})
    return draw_means(rows, "N", "arm", "error", xlabel="training examples N", ylabel="error on fresh examples (1)", columns=2)
