"""Memory and time of a certificate, estimated before anything is allocated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proofs_check.order.outputs import BLOCK
from theory_sim.data.sizes import data_bytes, seen_examples
from theory_sim.experiment import Experiment
from theory_sim.limit.duration import steps_seconds
from theory_sim.limit.memory import limit_parts
from theory_sim.limit.options import LimitOptions
from theory_sim.memory import available_bytes, fits, refuse
from theory_sim.numeric.rates import get_rates

__all__ = ["estimated_bytes", "estimated_seconds", "require_fits"]

# Powers of the series at the cosines of a few hundred dimensions, and passes over the entries of a block of angles.
_POWERS: Final = 16
_PASSES: Final = 60
# What blocks of steps, ball arithmetic and records cost beside: measured 1.2 at the default preset, 2.4 at d = 1000, N = 4000.
_PYTHON: Final = 2.0


def estimated_bytes(experiment: Experiment) -> float:
    """Bytes at the largest moment of a run's certificate."""
    e = experiment
    n, sites, steps = e.n_examples, seen_examples(e) + 3, e.most_steps
    kept = 8 * sites * sites * (_POWERS + 6) + 8 * n * n * 4  # the series' matrices, cosines; the examples' Gram matrix, powers
    double = e.replace(dtype="float64")
    run = sum(part.held + part.passing for part in limit_parts(double, LimitOptions(tolerance=1e-12)).values())
    # Residuals as the run lists them, as whole numbers, as doubles and with labels; gathered at sites; mini-batches' counts.
    of_steps = 8 * steps * (n * (4 + (e.batch_size is not None)) + 2 * sites)
    blocks = 8 * BLOCK * (8 * n + 8 * sites + 30 * BLOCK)
    return float(data_bytes(e).held + kept + max(run, 0.0) + of_steps + blocks)


def estimated_seconds(experiment: Experiment) -> float:
    """Processor time of a run's certificate, roughly."""
    e, rates = experiment, get_rates("float64")
    n, sites, steps = e.n_examples, seen_examples(e) + 3, e.most_steps
    products = 2.0 * steps * sites * sites * _POWERS + steps * steps * sites + 4.0 * n**3
    angles = _PASSES * 1.5 * steps * steps + 60.0 * steps * n
    run = steps_seconds(e.replace(dtype="float64"), 1, LimitOptions(tolerance=1e-12))
    return _PYTHON * (run + products / rates.products + angles / rates.elements)


def require_fits(experiments: Sequence[Experiment]) -> None:
    """Raise InputError if a certificate of one of them needs more memory than there is."""
    wanted, there = max(estimated_bytes(each) for each in experiments), available_bytes()
    if not fits(wanted, there):
        largest = max(experiments, key=estimated_bytes)
        refuse(f"a certificate of {largest.n_examples} examples over up to {largest.most_steps:.0f} steps", wanted, there,
               ["lower N, or take fewer steps: lower max_tau, or raise the lowest rate"], ("N", "max_tau"))
