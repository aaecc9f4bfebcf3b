"""Memory that a run of the limit needs, estimated before anything is allocated."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ACTIVATIONS, OPTIMISERS
from theory_sim.limit.compression import MOST_POWERS, weak_cosine
from theory_sim.memory import Bytes, available_bytes, fits, gib, refuse, total
from theory_sim.observe.memory import data_bytes, item_bytes, observer_bytes, record_bytes, seen_examples
from theory_sim.theory.erf_kernel import powers_for, visibility
from theory_sim.train.clock import ages, largest_level

__all__ = ["ALL_PAIRS", "estimated_bytes", "exponents", "require_memory"]

_PROBES: Final = 64
# Pairs whose weights the mean adds up at once.
_AT_ONCE: Final = 100_000
# Up to so many patches the mean is over all pairs.
ALL_PAIRS: Final = 4096
_SAMPLED: Final = 256
_BLOCK: Final = 256
# Weights are fitted for so many pairs at once: five arrays over the ages of the fit's grid.
_COLUMNS: Final = 4096
_FITTED: Final = 5 * 8 * 270
# Compiled code that a run loads at its start, and the libraries that store its end.
_STARTED: Final = 10 * 2**20
_LOADED: Final = 115 * 2**20


def estimated_bytes(
    experiment: Experiment, *, spatial: str, noise: str, tolerance: float = 1e-8, time: str = "steps"
) -> int:
    """Memory that a run allocates, in bytes: data, kernels, memories, records and observers."""
    e = experiment
    item, seen, tested = item_bytes(e), seen_examples(e), 2 * e.n_test
    count = exponents(e, tolerance, time)
    steps = e.most_steps if time == "steps" else math.inf
    if ACTIVATIONS[e.activation].error_function:
        # Cosines and their making; memories, what is written of each example, and a step's copies.
        pairs = Bytes(8 * (seen * (seen + tested) + 3 * e.d * (seen + tested)), 8 * seen * (seen + tested))
        held = Bytes(8 * count * (2 * seen + 24), 8 * count * (4 * seen + 4 * e.n_examples + 3 * e.n_test))
        return total([Bytes(_STARTED, _LOADED), data_bytes(e), record_bytes(e, steps), *observer_bytes(e, steps, {}),
                      pairs, held])
    # Once the pairs are built: memories, in float64 and once more in the precision of the products; outputs and residuals.
    memories = 8 * count * seen * (2 if time == "steps" else 4) + 2 * item * MOST_POWERS * seen + 8 * 30 * e.n_examples
    if e.network == "shared":
        memories += 8 * 3 * count * (seen + tested)
    parts = [
        Bytes(_STARTED, _LOADED), data_bytes(e), record_bytes(e, steps), *observer_bytes(e, steps, {}),
        Bytes(item * e.d * (seen + tested), memories + 8 * e.d * e.n_examples), _pairs(e, spatial, tolerance, count),
    ]
    if not OPTIMISERS[e.optimiser].in_theory:
        parts.append(_history(count, seen, steps))
    if noise == "sampled":
        from theory_sim.limit.noise_output import NoiseOutput

        # The shared network's directions are near each other, so that every degree matters.
        parts.append(Bytes(NoiseOutput.estimated_bytes(seen + tested, 1 if e.network == "shared" else e.d, spatial)))
    return total(parts)


def exponents(e: Experiment, tolerance: float, time: str) -> float:
    """Exponents of the compressed history: what `Compression` takes at ages of 1e-2 to 1e-9, tolerances of 1e-4 to 1e-11.

    Of erf, the powers of its kernel at inputs of norm 1.3, or of the largest second patch.
    """
    if ACTIVATIONS[e.activation].error_function:
        norm = max(1.3, e.alpha_max * math.hypot(1.0, e.r))
        return powers_for(float(visibility(np.array((largest_level(e) * norm) ** 2))) ** 2, tolerance)
    youngest = ages(e)[0] if time == "steps" else 1e-9
    if youngest == 0.0 or e.patterns != "moving":
        return MOST_POWERS + 1
    decades = max(1.0, math.log10(45.0 / min(youngest, 1.0)) - 1.6)
    return MOST_POWERS + decades * max(1.0, 1.6 * -math.log10(tolerance) - 2.5)


def _history(count: float, seen: int, steps: float) -> Bytes:
    """Residuals of every step and their weights; residuals once more while a checkpoint is written."""
    return Bytes(8 * steps * (seen + 8), 8 * steps * max(seen, 3 * count))


def _pairs(e: Experiment, spatial: str, tolerance: float, count: float) -> Bytes:
    """Squared cosines, and the pairs at small angles, many in low dimension, that are listed one by one."""
    from scipy.special import betainc

    item, seen, tested = item_bytes(e), seen_examples(e), 2 * e.n_test
    cut = weak_cosine(MOST_POWERS, tolerance)
    # |cos| of random directions is a root of a beta variable.
    share = float(betainc((e.d - 1) / 2, 0.5, 1.0 - cut * cut)) if e.d > 1 else 1.0
    weight = 8 * count
    if spatial == "exact":
        listed, rows = share * seen * (seen + tested), seen + tested
        squares, weighted = item * seen * rows, listed
        building = seen * seen  # which squares are above the cut
    else:
        chosen = seen if seen <= ALL_PAIRS else _SAMPLED
        listed, squares = share * seen * chosen, item * seen * _PROBES
        weighted = share * seen * _PROBES + min(listed, _AT_ONCE)
        building = min(chosen, _BLOCK) * seen * (item + 3 * 8)
    largest = listed * (seen / (seen + tested) if spatial == "exact" else min(1.0, _BLOCK / seen))
    # A listed pair has row, column, inner product, cosine and value at equal times; its two patches while these are found.
    finding = building + largest * (2 * item * e.d + 16)
    fitting = _FITTED * min(listed, _COLUMNS) + (weight * largest if spatial == "exact" else 0.0)
    return Bytes(squares + 40 * listed + weight * weighted, max(finding, fitting))


def require_memory(
    experiment: Experiment, *, spatial: str, noise: str, tolerance: float = 1e-8, time: str = "steps"
) -> None:
    """Raise InputError, with what would fit, if the run needs more memory than there is."""
    there = available_bytes()

    def needed(e: Experiment, mode: str = spatial) -> int:
        return estimated_bytes(e, spatial=mode, noise=noise, tolerance=tolerance, time=time)

    if fits(needed(experiment), there):
        return
    fixes = []
    if spatial == "exact":
        other = needed(experiment, "mean")
        fixes.append(f"spatial = 'mean' needs {gib(other)} and {'fits' if fits(other, there) else 'does not fit either'}")
    if experiment.dtype == "float64":
        fixes.append(f"dtype = 'float32' needs {gib(needed(experiment.replace(dtype='float32')))}")
    if experiment.observe:
        fixes.append(f"without observe {gib(needed(experiment.replace(observe={})))}: fewer probes or records")
    smaller, largest = experiment, experiment.n_examples
    while largest > 1 and not fits(needed(smaller), there):
        largest = int(0.9 * largest)
        # Of a given N, p0 stays what it was: only the size of the problem changes here.
        smaller = experiment.replace(N=max(1, largest), p0=experiment.p0_value, batch_size=None)
    if largest > 1:
        fixes.append(f"N up to about {largest} fits")
    refuse(f"spatial = {spatial!r} with N = {experiment.n_examples}, d = {experiment.d}", needed(experiment), there, fixes)
