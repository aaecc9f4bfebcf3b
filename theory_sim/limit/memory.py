"""Memory that a run of the limit needs, estimated before anything is allocated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from theory_sim.data.sizes import item_bytes, kinds_of, seen_examples
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ACTIVATIONS, OPTIMISERS
from theory_sim.limit.compression import MOST_POWERS, weak_cosine
from theory_sim.limit.options import LimitOptions
from theory_sim.memory import Bytes
from theory_sim.observe.base import Observer
from theory_sim.observe.memory import run_parts
from theory_sim.theory.erf_kernel import powers_for, visibility
from theory_sim.train.clock import ages, largest_level

__all__ = ["ALL_PAIRS", "exponents", "limit_parts", "listed_pairs", "noise_degrees", "noise_output_bytes", "noise_roots"]

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
# Pairs of patches over whose signals and norms the share of near ones is averaged.
_DRAWN: Final = 4096
# What of these the system's allocator keeps once they are freed: they are of a size that it does not give back.
_KEPT: Final = 5 * 8 * 270


def limit_parts(
    e: Experiment, options: LimitOptions, observers: Sequence[Observer] = ()
) -> dict[str, Bytes]:
    """Parts of a run of the limit: data, records, observers, patches, pairs of patches, memories, noise output."""
    item, seen, tested = item_bytes(e), seen_examples(e), 2 * e.n_test
    count = exponents(e, options)
    steps = math.inf if options.flow else e.most_steps
    parts = run_parts(e, steps, {}, observers)
    if ACTIVATIONS[e.activation].error_function:
        # Cosines and their making; memories, what is written of each example, and a step's copies.
        cosines = 8 * seen * (seen + tested)
        written = 8 * count * (4 * seen + 4 * e.n_examples + kinds_of(e) * e.n_test)
        return {**parts, "patches": Bytes((8 + item) * e.d * (seen + tested), 0.0, 8 * e.d * (seen + tested)),
                "pairs": Bytes(cosines, 0.0, cosines), "memories": Bytes(8 * count * (2 * seen + 24), written)}
    # In float64, once more while they move, and in the precision of the products; outputs and residuals.
    memories = 8 * count * seen * (4 if options.flow else 2) + 2 * item * MOST_POWERS * seen + 8 * 30 * e.n_examples
    cross = 8 * 3 * count * (seen + tested) if e.shared_filters else 0.0
    parts |= {"patches": Bytes(item * e.d * (seen + tested)), "pairs": _pairs(e, options, count)}
    # Before there are memories: norms in float64, and weights between directions and patches, which are fitted.
    fitted = (_FITTED + _KEPT) * min(3 * seen, _COLUMNS) if e.shared_filters else 0.0
    parts["memories"] = Bytes(memories + cross, 0.0, max(8 * e.d * e.n_examples, fitted) - memories)
    if not OPTIMISERS[e.optimiser].in_theory:
        parts["history"] = _history(count, seen, steps)
    if options.sampled_noise:
        parts["noise output"] = Bytes(noise_output_bytes(e, options))
    return parts


def noise_degrees(e: Experiment, options: LimitOptions) -> int:
    """Even degrees of the noise output's covariance that are added up."""
    from theory_sim.limit.noise_output import NoiseOutput

    nearest = 1.0 / math.hypot(1.0, e.r) if e.shared_filters else 0.0
    return NoiseOutput.estimated_degrees(seen_examples(e) + 2 * e.n_test, e.d, options.spatial, nearest)


def noise_output_bytes(e: Experiment, options: LimitOptions) -> int:
    """Roots of the modes' covariances; z and z +- zeta, inputs of the shared network's one bank, are near each other."""
    from theory_sim.limit.noise_output import NoiseOutput

    nearest = 1.0 / math.hypot(1.0, e.r) if e.shared_filters else 0.0
    return NoiseOutput.estimated_bytes(seen_examples(e) + 2 * e.n_test, e.d, options.spatial, nearest)


def noise_roots(e: Experiment, options: LimitOptions) -> float:
    """Modes of the noise output whose covariances have roots; three more arrays of their size are none."""
    inputs = seen_examples(e) + 2 * e.n_test
    return max(noise_output_bytes(e, options) / (8.0 * inputs * inputs) - 3.0, 0.0) if options.every_pair else 0.0


def exponents(e: Experiment, options: LimitOptions) -> float:
    """Exponents of the compressed history: what `Compression` takes at ages of 1e-2 to 1e-9, tolerances of 1e-4 to 1e-11.

    Of erf, the powers of its kernel at inputs of norm 1.3, or of the largest second patch.
    """
    if ACTIVATIONS[e.activation].error_function:
        norm = max(1.3, e.alpha_max * math.hypot(1.0, e.r))
        return powers_for(float(visibility(np.array((largest_level(e) * norm) ** 2))) ** 2, options.tolerance)
    youngest = 1e-9 if options.flow else ages(e)[0]
    if youngest == 0.0 or not e.moving_patterns:
        return MOST_POWERS + 1
    decades = max(1.0, math.log10(45.0 / min(youngest, 1.0)) - 1.6)
    return MOST_POWERS + decades * max(1.0, 1.6 * -math.log10(options.tolerance) - 2.5)


def _history(count: float, seen: int, steps: float) -> Bytes:
    """Residuals of every step, and their weights, as they are made."""
    return Bytes(8 * steps * (seen + 8), 8 * steps * 4 * count)


def listed_pairs(e: Experiment, options: LimitOptions) -> float:
    """Pairs of patches, nearly, whose cosines are above what a few powers give; each has a weight for every exponent."""
    seen, share = seen_examples(e), _share_above(e.d, e.g0, weak_cosine(MOST_POWERS, options.tolerance))
    if options.every_pair:
        return share * seen * (seen + 2 * e.n_test)
    return share * seen * (seen if seen <= ALL_PAIRS else _SAMPLED)


@cache
def _share_above(d: int, g0: float, cut: float) -> float:
    """Share of the pairs of patches x_1 = y gamma_0 w* + z (THEORY §1) with |cos| above a cut.

    A mean over drawn signals and norms: what is left of two patches beside w* are random directions in d - 1 dimensions, of
    which the cosine's square is a beta variable.
    """
    from scipy.special import betainc

    if d < 2:
        return 1.0
    rng = np.random.default_rng(0)
    first, second = g0 + np.abs(rng.standard_normal((2, _DRAWN)))
    rest, other = rng.chisquare(d - 1, (2, _DRAWN))
    reach, signal = np.sqrt(rest * other), first * second
    level = cut * np.sqrt((first**2 + rest) * (second**2 + other))

    def above(cosine: NDArray[np.float64]) -> NDArray[np.float64]:
        inside = np.clip(cosine, -1.0, 1.0)
        tail = 0.5 * np.asarray(betainc((d - 2) / 2, 0.5, 1.0 - inside**2) if d > 2 else inside**2 < 1.0, np.float64)
        return np.where(inside >= 0, tail, 1.0 - tail)

    return float(np.mean(above((level - signal) / reach) + above((level + signal) / reach)))


def _pairs(e: Experiment, options: LimitOptions, count: float) -> Bytes:
    """Squared cosines, and the pairs at small angles, many in low dimension, that are listed one by one."""
    item, seen, tested, listed = item_bytes(e), seen_examples(e), 2 * e.n_test, listed_pairs(e, options)
    weight = 8 * count
    if options.every_pair:
        squares, weighted, largest = item * seen * (seen + tested), listed, listed * seen / (seen + tested)
        building = seen * seen  # which squares are above the cut
    else:
        chosen = seen if seen <= ALL_PAIRS else _SAMPLED
        squares, largest = item * seen * min(_PROBES, seen), listed * min(1.0, _BLOCK / chosen)
        weighted = listed / chosen * min(_PROBES, seen) + min(listed, _AT_ONCE)
        building = min(chosen, _BLOCK) * seen * (item + 3 * 8)
    # A listed pair has row, column, inner product, cosine and value at equal times; its two patches while these are found.
    finding = building + largest * (2 * item * e.d + 16) - weight * weighted
    fitting = _FITTED * min(listed, _COLUMNS)
    if options.every_pair:  # the training pairs' weights, with what they are fitted by, then once more as they are ordered
        fitting = weight * (largest - weighted) + max(fitting + _KEPT * min(listed, _COLUMNS), weight * largest)
    return Bytes(squares + 40 * listed + weight * weighted, 0.0, max(finding, fitting))
