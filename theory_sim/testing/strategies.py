"""Hypothesis strategies: small valid experiments that run in milliseconds, their schedules and their data."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from theory_sim.data import Data, draw_data
from theory_sim.experiment import Experiment

__all__ = ["data_sets", "experiments", "schedules"]

_SCHEDULES = ("L-S", "S", "constant", "step", "cosine", "pieces")
# Far below 2 / (Hessian's top eigenvalue), which is above 2 for inputs of norm 2, and below 2 / lambda.
_LARGEST_RATE = 2.0
_LARGEST_DECAY = 0.1


def _between(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False).map(lambda x: min(max(round(x, 4), low), high))


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, Any]:
    """Fields of an Experiment that set a learning-rate schedule, all six laws, stable rates.

    Returns
    -------
    strategy of dict
        ``Experiment(**fields)`` and ``experiment.replace(**fields)`` accept it.
    """
    law = draw(st.sampled_from(_SCHEDULES))
    fields: dict[str, Any] = {"schedule": law}
    eta_1 = draw(_between(0.05, _LARGEST_RATE))
    if law != "pieces":
        fields["eta_1"] = eta_1
        fields["eta_2"] = min(eta_1, draw(_between(0.01, 1.0)))
    if law == "L-S":
        fields["epsilon_1"] = draw(_between(0.05, 1.0))
    if law == "step":
        fields["step_tau"] = draw(_between(0.1, 5.0))
        fields["step_factor"] = draw(_between(0.1, 1.0))
    if law == "pieces":
        until = sorted(draw(st.lists(st.integers(1, 40), min_size=1, max_size=4, unique=True)))
        fields["pieces"] = tuple((t / 4, draw(_between(0.05, _LARGEST_RATE))) for t in until)
    return fields


@st.composite
def experiments(draw: st.DrawFn, /, **fixed: Any) -> Experiment:
    """Valid experiments of at most 12 steps, 24 examples and 24 neurons a layer.

    Parameters
    ----------
    **fixed
        Fields of the Experiment to hold at a value; they must fit what else is drawn (m_W and m_V even, for one).

    Returns
    -------
    strategy of Experiment
    """
    fields = draw(schedules())
    d = draw(st.integers(1, 8))
    n = draw(st.integers(1, 24))
    p0 = draw(_between(0.0, 1.0))
    neurons = draw(st.sampled_from(("paired", "independent", "balanced")))
    step = 1 if neurons == "independent" else 2
    lambda_ = draw(st.one_of(st.just(0.0), _between(1e-3, _LARGEST_DECAY)))
    alpha_min = draw(_between(0.0, 1.0))
    fields |= {
        "d": d, "N": n, "p0": p0, "q0": draw(_between(0.0, round(1.0 - p0, 4))), "g0": draw(_between(0.0, 2.0)),
        "r": draw(_between(0.05, 1.0)), "alpha_min": alpha_min, "alpha_max": max(alpha_min, draw(_between(0.1, 1.0))),
        "counts": draw(st.sampled_from(("random", "exact"))), "n_test": draw(st.integers(1, 4)),
        "m_W": step * draw(st.integers(1, 24 // step)), "m_V": step * draw(st.integers(1, 24 // step)),
        "neurons": neurons, "dtype": draw(st.sampled_from(("float32", "float64"))), "lambda_": lambda_,
        "tau_xi": draw(_between(0.0, 0.2)), "tau_0": draw(_between(0.01, 1.0)),
        "batch_size": draw(st.one_of(st.none(), st.integers(1, n))), "max_steps": draw(st.integers(1, 12)),
        "seed": draw(st.integers(0, 2**32)), "record_every": draw(_between(0.05, 2.0)),
    }
    if lambda_ > 0 and fields["tau_xi"] > 0 and draw(st.booleans()):
        fields["tau_0"] = "stationary"
        fields["tau_0_rate"] = draw(_between(0.05, _LARGEST_RATE))
    return Experiment(**{**fields, **fixed})


def data_sets(**fixed: Any) -> st.SearchStrategy[Data]:
    """Training sets of `experiments`; ``fixed`` are fields of the Experiment to hold at a value."""
    return experiments(**fixed).map(draw_data)
