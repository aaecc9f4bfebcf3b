"""Hypothesis strategies: small valid experiments that run in milliseconds, their schedules and their data."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from theory_sim.data import Data, draw_data
from theory_sim.experiment import Experiment
from theory_sim.testing.drawn_fields import DrawnFields, draw_fields, draw_schedule

__all__ = ["data_sets", "experiments", "schedules"]


@st.composite
def schedules(draw: st.DrawFn, /, **fixed: Any) -> dict[str, Any]:
    """Fields of an Experiment that set a learning-rate schedule with stable rates: L-S, S, constant, step, cosine or pieces.

    Parameters
    ----------
    **fixed
        Fields of the Experiment to hold at a value, another schedule too.

    Returns
    -------
    strategy of dict
        ``Experiment(**fields)`` and ``experiment.replace(**fields)`` accept it.

    Examples
    --------
    >>> from hypothesis import find
    >>> from theory_sim.testing import schedules
    >>> find(schedules(schedule="S"), lambda fields: True)["schedule"]
    'S'
    """
    fields = DrawnFields(draw, fixed)
    draw_schedule(fields)
    return fields.values


@st.composite
def experiments(draw: st.DrawFn, /, **fixed: Any) -> Experiment:
    """Valid experiments of at most 12 steps, 24 examples and 24 neurons a layer.

    Parameters
    ----------
    **fixed
        Any fields of the Experiment to hold at a value, those of plug-ins too. The rest is drawn given them: of ``m_W=7``
        the neurons are independent, of ``tau_0_rate=0.5`` the start is stationary. Sizes that are fixed are as they are.

    Returns
    -------
    strategy of Experiment
        Network, data law, placed noise, patterns and observers are the defaults unless a fixed field asks for others.

    Raises
    ------
    ExperimentError
        When an example is drawn, if no experiment has these fields, such as ``N`` and ``kappa`` together.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(experiments(m_W=7), lambda experiment: True).neurons
    'independent'
    """
    fields = DrawnFields(draw, fixed)
    draw_fields(fields)
    return fields.experiment()


def data_sets(**fixed: Any) -> st.SearchStrategy[Data]:
    """Training sets of `experiments`; ``fixed`` are fields of the Experiment to hold at a value.

    Examples
    --------
    >>> from hypothesis import find
    >>> from theory_sim.testing import data_sets
    >>> data = find(data_sets(N=6), lambda data: True)  # doctest: +SKIP
    >>> len(data.y)  # doctest: +SKIP
    6
    """
    return experiments(**fixed).map(draw_data)
