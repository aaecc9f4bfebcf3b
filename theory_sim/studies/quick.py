"""What studies of the preset quick share: its sizes and seeds."""

from __future__ import annotations

from theory_sim.experiment import Experiment
from theory_sim.studies.study import Size

__all__ = ["quick_base", "quick_seeds"]


def quick_base(size: Size, *, max_tau: float | None = None, small_max_tau: float) -> Experiment:
    """Preset quick at a size.

    Parameters
    ----------
    size : {"small", "default", "full"}
    max_tau : float, optional
        End of runs; the preset's own if it is left out.
    small_max_tau : float
        End of runs of the small size.
    """
    base = Experiment.preset("quick")
    if max_tau is not None:
        base = base.replace(max_tau=max_tau)
    if size == "small":
        return base.replace(d=40, m_W=40, m_V=400, n_test=20, max_tau=small_max_tau)
    if size == "full":
        return base.replace(m_W=500, m_V=50_000)
    return base


def quick_seeds(size: Size) -> range:
    """Seeds of a size."""
    return range({"small": 1, "default": 10, "full": 40}[size])
