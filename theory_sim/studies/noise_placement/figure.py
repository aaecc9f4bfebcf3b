"""Figure of the study noise-placement: learning times of P and Q at S's rate, for each placement of noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory_sim.plots.learning_times import draw_times

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["plot"]

_SHORT = {"pre-activations": "pre-act., own", "pre-activations-shared": "pre-act., shared", "activations": "activations",
          "iterates-transient": "iterates, not kept", "gradient": "gradient"}


def plot(table: pandas.DataFrame) -> Figure:
    """Median learning times of P and Q, at finite width and in the limit; noise constant or annealed.

    Parameters
    ----------
    table : pandas.DataFrame
        The study's table.
    """
    def label(row: pandas.Series) -> str:
        if row["arm"] != "S + noise":
            return str(row["arm"])
        return f"{_SHORT[row['noise_placement']]}{'' if row['annealed'] == 'never' else ', annealed'}"

    return draw_times(table, [label(row) for _, row in table.iterrows()], "S with noise at")
