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
from theory_sim.limit.history import STEPS_AT_ONCE
from theory_sim.limit.memory import ALL_PAIRS, exponents, listed_pairs, noise_degrees, noise_roots
from theory_sim.limit.options import LimitOptions
from theory_sim.numeric.rates import get_rates, seconds_of
from theory_sim.observe.memory import observer_seconds, record_count

__all__ = ["set_up_seconds", "steps_seconds"]

# Calls of NumPy's that take as long as what does not grow with any size: of a step, one of gradient flow, one of a rule with a
# buffer, a record, the set-up, and a draw of one mode of the noise output.
_STEP, _FLOW_STEP, _BUFFER, _RECORD, _SET_UP, _DRAW = 330.0, 1200.0, 740.0, 700.0, 56_000.0, 26.0
# Passes over the examples in a step or a record: slopes and values of the loss. And as they are drawn, whatever d.
_OF_EXAMPLES, _DRAWN = 98.0, 130.0
# Passes over the memories of patches in a step, more where there is one bank of filters or a mean over pairs.
_MEMORIES, _SHARED, _MEAN = 2.0, 3.5, 1.0
# Of a rule with a buffer, passes over what each chunk of past residuals adds, over these residuals, which lie in no cache, and
# over their weights.
_ADDED, _READ, _WEIGHT = 3.3, 1.5, 9.0
# Share of the rate of small products that the powers of all cosines have, which lie in no cache, by the size of a number.
_EFFICIENCY: Final = {4: 0.6, 8: 0.5}
# Steps of gradient flow up to tau = 1 beside one a record; they grow as the cube root of time, and as the fourth of accuracy.
_FLOW_STEPS: Final = 5.3
# The exponents are chosen by singular values; weights of a listed pair are fitted to the kernel at so many ages.
_CHOICE: Final = 4000.0
_AGES: Final = 270.0
# Passes over the squares of the mean's pairs, with as many powers as are ever taken.
_OF_MEAN: Final = 120.0
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
    of_dimension = e.d * (1.0 / rates.normals + 6.0 / double.elements)
    drawn = (e.n_examples + kinds_of(e) * e.n_test) * (of_dimension + _DRAWN / double.elements)
    exact = options.every_pair
    rows = seen + tested if exact else seen if seen <= ALL_PAIRS else _SAMPLED
    cosines = rows * seen * (e.d / rates.products + 4.0 / rates.elements)
    passes = rows * seen * (3.0 if exact else _OF_MEAN) / rates.elements
    fits = listed_pairs(e, options) + (3.0 * seen if e.shared_filters else 0.0)
    fitted = fits * (_AGES * (count / double.products + _age_seconds()) + 2 * e.d * item_bytes(e) / 1e9)
    sampled = 0.0
    if options.sampled_noise:  # two passes for each even degree that matters, of the cosines of all or of some inputs
        sampled += 2.0 * noise_degrees(e, options) * min(rows, _SAMPLED if not exact else rows) * seen / double.elements
    if options.sampled_noise and exact:
        sampled += noise_roots(e, options) * (seen + tested) ** 3 / 3.0 / double.products
    chosen = _SET_UP / double.calls + _CHOICE * count**3 / double.products
    return chosen + drawn + cosines / threads + passes + fitted + sampled


def steps_seconds(e: Experiment, threads: int, options: LimitOptions) -> float:
    """Steps, records and observers."""
    double = get_rates("float64")
    count, examples = exponents(e, options), _OF_EXAMPLES * e.n_examples / double.elements
    step, records = _step_seconds(e, options, count) + examples / threads, record_count(e, e.most_steps)
    once, steps = _STEP, e.most_steps
    if options.flow:
        records = record_count(e, math.inf)
        steps = _FLOW_STEPS * e.max_tau ** (1 / 3) * (options.time_tolerance / 1e-4) ** -0.26 + records
        step, once = 2.0 * step, _FLOW_STEP
    if not OPTIMISERS[e.optimiser].in_theory:
        step += _history_seconds(e, count, steps) / threads
        once += _BUFFER
    alone = (steps + 1) * (once / double.calls + step / threads + _draw_seconds(e, options))
    return alone + records * _record_seconds(e, options) + observer_seconds(e, steps, {})


def _history_seconds(e: Experiment, count: float, steps: float) -> float:
    """What a step makes of all residuals before it, half of a run's on average: their products with weights, by chunks."""
    double, seen, past = get_rates("float64"), seen_examples(e), 0.5 * steps
    products = count * past * seen / double.products
    chunks = past / STEPS_AT_ONCE + 0.5
    passes = _ADDED * count * seen * chunks + _READ * past * seen + _WEIGHT * past * count
    return products + passes / double.elements


def _step_seconds(e: Experiment, options: LimitOptions, count: float) -> float:
    """Pairs of patches, memories and products with the patches."""
    rates, double, seen = get_rates(e.dtype), get_rates("float64"), seen_examples(e)
    passes = _MEMORIES + _SHARED * e.shared_filters + _MEAN * (not options.every_pair)
    weak = listed = 0.0
    if options.every_pair:
        weak = 2.0 * _powers(e, options.tolerance) * seen * seen / (_EFFICIENCY[item_bytes(e)] * rates.products)
        listed = 0.7 * count * listed_pairs(e, options) * seen / (seen + 2 * e.n_test) / double.elements
    return weak + listed + passes * count * seen / double.elements + seen * e.d / rates.elements


def _record_seconds(e: Experiment, options: LimitOptions) -> float:
    """Outputs on the fresh examples, losses and the rest of a record."""
    rates, double, seen, tested = get_rates(e.dtype), get_rates("float64"), seen_examples(e), 2 * e.n_test
    powers = 2.0 * _powers(e, options.tolerance) * seen if options.every_pair else 0.0
    fresh = tested * (e.d / rates.elements + powers / (_EFFICIENCY[item_bytes(e)] * rates.products))
    if options.every_pair:
        listed = listed_pairs(e, options) * tested / (seen + tested)
        fresh += 0.7 * exponents(e, options) * listed / double.elements
    return _RECORD / double.calls + fresh + _OF_EXAMPLES * (e.n_examples + kinds_of(e) * e.n_test) / double.elements


def _draw_seconds(e: Experiment, options: LimitOptions) -> float:
    """A step's draws of the noise output's modes, for patches x_1 and for the directions; those that matter have a root."""
    if not options.sampled_noise:
        return 0.0
    from theory_sim.limit.noise_output import modes

    inputs = seen_examples(e) + 2 * e.n_test
    double, roots = get_rates("float64"), noise_roots(e, options)
    of_mode = 2.0 * _DRAW / double.calls + inputs * (1.0 / double.normals + 8.0 / double.elements)
    return len(modes()) * of_mode + 0.4 * roots * inputs**2 / double.elements
