"""Time that a run of the limit takes, estimated from an experiment and the rates of the machine."""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np

from theory_sim.data.sizes import item_bytes, kinds_of, seen_examples
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OPTIMISERS
from theory_sim.limit.compression import MOST_POWERS, weak_cosine
from theory_sim.limit.memory import ALL_PAIRS, exponents, listed_pairs, noise_degrees, noise_output_bytes
from theory_sim.limit.options import LimitOptions
from theory_sim.numeric.rates import get_rates, seconds_of
from theory_sim.observe.memory import observer_seconds, record_count

__all__ = ["set_up_seconds", "steps_seconds"]

_STEP: Final = 2.5e-4
_RECORD: Final = 3.5e-4
# Gradient flow takes about so many steps for each e-folding of time, and as many again at a record.
_FLOW_STEPS: Final = 60.0
# The exponents are chosen by singular values; weights of a listed pair are fitted to the kernel at so many ages.
_CHOICE: Final = 0.15
_AGES: Final = 270.0
_MEASURED: Final = 2**12
_SAMPLED: Final = 256


def _powers(e: Experiment, tolerance: float) -> int:
    """Odd powers that cosines between random directions need: the largest of n^2 / 2 is near sqrt(4 log n / d)."""
    largest = min(1.0, math.sqrt(4.0 * math.log(seen_examples(e) + 1.0) / e.d))
    return next((k for k in range(1, MOST_POWERS) if weak_cosine(k, tolerance) >= largest), MOST_POWERS)


@cache
def _age_seconds() -> float:
    """Time that the kernel of a pair at one age takes: its powers, an arc tangent, and some passes."""
    x = np.linspace(-0.9, 0.9, _MEASURED)  # powers of negative numbers are slower
    powers = seconds_of(lambda: x**7) * MOST_POWERS
    return (powers + seconds_of(lambda: np.arctan2(x, x))) / _MEASURED + 12.0 / get_rates("float64").elements


def set_up_seconds(e: Experiment, threads: int, options: LimitOptions) -> float:
    """Data, squared cosines, weights of the pairs that are listed one by one, many in low dimension, and sampled noise."""
    rates, double = get_rates(e.dtype), get_rates("float64")
    seen, tested, count = seen_examples(e), 2 * e.n_test, exponents(e, options)
    drawn = (e.n_examples + kinds_of(e) * e.n_test) * e.d * (1.0 / rates.normals + 6.0 / double.elements)
    exact = options.every_pair
    rows = seen + tested if exact else seen if seen <= ALL_PAIRS else _SAMPLED
    cosines = rows * seen * (e.d / rates.products + 4.0 / rates.elements)
    passes = rows * seen * (3.0 if exact else 5.0 + 2.0 * MOST_POWERS) / rates.elements
    listed = listed_pairs(e, options)
    fitted = listed * (_AGES * (count / double.products + _age_seconds()) + 2 * e.d * item_bytes(e) / 1e9)
    sampled = 0.0
    if options.sampled_noise:  # two passes for each even degree that matters, of the cosines of all or of some inputs
        sampled += 2.0 * noise_degrees(e, options) * min(rows, _SAMPLED if not exact else rows) * seen / double.elements
    if options.sampled_noise and exact:
        n = seen + tested
        # Each mode's covariance has a root: three arrays of the estimate's count are no such.
        modes = max(noise_output_bytes(e, options) / (8.0 * n * n) - 3.0, 0.0)
        sampled += modes * n**3 / 3.0 / double.products
    return _CHOICE + drawn + cosines / threads + passes + fitted + sampled


def steps_seconds(e: Experiment, threads: int, options: LimitOptions) -> float:
    """Steps, records and observers."""
    rates, double = get_rates(e.dtype), get_rates("float64")
    seen, tested, count = seen_examples(e), 2 * e.n_test, exponents(e, options)
    powers, exact = _powers(e, options.tolerance), options.every_pair
    steps = e.most_steps
    if options.flow:
        steps = 2.0 * _FLOW_STEPS * (math.log1p(e.max_tau) + e.max_tau / e.record_every / _FLOW_STEPS)
    listed = listed_pairs(e, options) if exact else 0.0
    of_pairs = (powers + 1.0) * seen * seen / rates.elements if exact else 0.0
    of_memories = 8.0 * count * seen * (3.0 if e.shared_filters else 1.0) / double.elements
    step = of_pairs + of_memories + count * listed / double.elements + 2.0 * seen * e.d / rates.products * 8.0
    # Of a rule with a buffer each step sums over all steps before it, half of them on average, by a matrix product.
    past = 0.0 if OPTIMISERS[e.optimiser].in_theory else 0.5 * count * steps * (seen / double.products + 40.0 / double.elements)
    record = _RECORD + tested * (e.d / rates.products + (powers * seen / rates.elements if exact else 0.0))
    alone = (steps + 1) * (_STEP + (step + past) / threads)
    return alone + record_count(e, steps) * record + observer_seconds(e, steps, {})
