"""Time that the finite networks take, estimated from an experiment and the rates of the machine."""

from __future__ import annotations

from typing import Final

import numpy as np

from theory_sim.data.sizes import kinds_of, seen_examples
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SAMPLINGS
from theory_sim.network.activations import Activation, make_activation
from theory_sim.network.layer import neurons_a_row
from theory_sim.network.layers import layer_shapes
from theory_sim.network.memory import CHUNK, points_of_fresh, points_of_layers
from theory_sim.numeric.rates import LARGE, get_rates, memory_seconds, seconds_of
from theory_sim.train.noise import PreActivationNoise, make_placement
from theory_sim.train.optimisers import Block, make_optimiser, splits_pairs

__all__ = ["general_seconds", "network_seconds"]

# Calls of NumPy's that take as long as what does not grow with any size: of a run, of a step and of a record; and of a step of
# the general network beside it.
_RUN, _STEP, _RECORD, _GENERAL = 12_000.0, 225.0, 800.0, 175.0
# Passes over the weights in a step beside the optimiser's update, over neurons and inputs in a forward pass, and over a neuron
# of Q's plane.
_BESIDE, _FORWARD, _PLANE = 3.0, 3.0, 60.0
# Share of the rate of small products that products with the whole training set have, whose factors lie in no cache.
_EFFICIENCY: Final = 0.78
# Numbers at which an activation is timed, where it is evaluated at few at once and at many: with its own temporary arrays.
_FEW, _MANY = 2**15, 2**18
# Passes over the examples, whatever their dimension: as they are drawn, in a step (slopes of the loss), and in a record (values
# of the loss, and means over each kind, of training and of fresh examples).
_DRAWN, _OF_STEP, _OF_RECORD = 140.0, 60.0, 95.0
# And over the points of fresh examples, which the general network gathers for each record.
_OF_POINT: Final = 90.0
# Bytes of the arrays that are made anew for each number at which an activation is evaluated, and for each example in a record.
_EVALUATED, _RECORDED = 80.0, 160.0
# Numbers of float64 from which on memory that is given back may go to the system (128 KiB), so that some of it is made anew,
# and the bytes of it for each number at which an activation is evaluated.
_MEDIUM, _EVALUATED_MEDIUM = 2**14, 6.0
# Neurons and inputs of the block on which the optimiser's update is timed.
_ROWS, _INPUTS = 64, 256


def _of_weights(e: Experiment, records: float) -> float:
    """Updates and noise of every step, and what records and the result make of the weights."""
    rates, share = get_rates(e.dtype), neurons_a_row(e.neurons)
    weights = float(sum(m * k for m, k in layer_shapes(e).values()))
    drawn = weights / share * (e.most_steps * (e.tau_xi > 0) + 1.0)
    passes = weights * (_BESIDE * e.most_steps + 4.0 * records + 8.0)
    return drawn / rates.normals + passes / rates.elements + weights * e.most_steps * _update_seconds(e)


def _update_seconds(e: Experiment) -> float:
    """Time of the optimiser's update for each weight: a rule is as fast as it is found to be, also one of the user's own."""
    drawn = neurons_a_row(e.neurons)
    share = 1 if splits_pairs(e) else drawn
    signal, noise, gradient, xi = (np.ones((_ROWS // each, _INPUTS), e.dtype) for each in (1, share, 1, drawn))
    rule, rate = make_optimiser(e), min(e.rates().values())
    block = Block(signal, noise, gradient, xi, np.ones(_ROWS, e.dtype), rule.buffers(signal, noise))
    return seconds_of(lambda: rule.update(block, rate, 0)) / signal.size


def _of_calls(steps: float, records: float) -> float:
    return (_RUN + steps * _STEP + records * _RECORD) / get_rates("float64").calls


def _of_data(e: Experiment) -> float:
    rates, fresh = get_rates(e.dtype), kinds_of(e) * e.n_test
    one_pass = (e.batch_size or 0) * SAMPLINGS[e.sampling].fresh * e.most_steps
    passed = get_rates("float64").elements
    return (e.n_examples + fresh + one_pass) * (e.d * (1.0 / rates.normals + 6.0 / passed) + _DRAWN / passed)


def _of_losses(e: Experiment, records: float) -> float:
    """Losses of the training set in every step, and of all examples in a record."""
    passes = _OF_STEP * e.n_examples * e.most_steps + _OF_RECORD * (e.n_examples + kinds_of(e) * e.n_test) * records
    return passes / get_rates("float64").elements + records * _of_large(kinds_of(e) * e.n_test, _RECORDED)


def _of_large(numbers: float, each: float) -> float:
    """Time for the memory of arrays of so many numbers and so many bytes each, where they are large."""
    return numbers * each * memory_seconds() if numbers > LARGE else 0.0


def _products_forward(e: Experiment) -> float:
    """Products with the inputs for each weight: signal and noise apart where pairs share the noise."""
    paired = neurons_a_row(e.neurons) == 2
    return 1.5 if paired and not splits_pairs(e) else 1.0


def network_seconds(e: Experiment, threads: int, records: float) -> float:
    """Time of the networks of ReLU on the P/Q mixture, placed noise included."""
    rates, sites, tested = get_rates(e.dtype), seen_examples(e), 2 * e.n_test
    forward, steps = _products_forward(e) + 1.5 * (not e.moving_patterns), e.most_steps
    products = e.m_W * e.d * ((forward * (steps + 1) + steps) * sites + (forward + 1) * tested * records)
    passes = _FORWARD * e.m_W * (sites * (steps + 1) + 2 * tested * records)
    passes += _PLANE * e.m_V * (steps + 1 + records) * (not e.shared_filters)
    shared = (products / (_EFFICIENCY * rates.products) + passes / rates.elements + _of_weights(e, records)) / threads
    placement = make_placement(e)
    if isinstance(placement, PreActivationNoise) and placement.per_example:
        second = (1.0 - e.p0_value) * e.n_examples * (e.m_W if e.shared_filters else e.m_V)
        shared += steps * (e.m_W * sites + second) / neurons_a_row(e.neurons) / rates.normals / threads
    return _of_calls(steps, records) + _of_data(e) + _of_losses(e, records) + shared


def _element_seconds(phi: Activation, count: int) -> float:
    """Time of the activation at one number of so many: its value and slope, and what becomes of them."""
    z = np.linspace(-3.0, 3.0, count)
    return (seconds_of(lambda: phi.value(z)) + seconds_of(lambda: phi.slope(z))) / count + 6.0 / get_rates("float64").elements


def general_seconds(e: Experiment, threads: int, records: float) -> float:
    """Time of the general network: the activation is as fast as it is found to be."""
    rates, phi, steps = get_rates(e.dtype), make_activation(e), e.most_steps
    element = {count: _element_seconds(phi, count) for count in (_FEW, _MANY)}
    forward, fresh = _products_forward(e), (e.batch_size or 0) * SAMPLINGS[e.sampling].fresh
    once = points_of_layers(e)
    stepped = points_of_layers(e, fresh) if fresh else once
    tested = points_of_fresh(e)

    def forward_seconds(points: list[tuple[int, int, int]]) -> float:
        found = 0.0
        for m, k, n in points:
            at_once = min(m, CHUNK) * n
            evaluated = element[_MANY if 2 * at_once > _MANY else _FEW]
            found += m * n * (forward * k / (_EFFICIENCY * rates.products) + evaluated)
            each = _EVALUATED if at_once > LARGE else _EVALUATED_MEDIUM if at_once > _MEDIUM else 0.0
            found += m * n * each * memory_seconds()
        return found

    backward = sum(m * n * k for m, k, n in stepped) / (_EFFICIENCY * rates.products) * (2.0 if e.train_second_layer else 1.0)
    evaluations = (steps + 1) * forward_seconds(once) + (steps * forward_seconds(stepped) if fresh else 0.0)
    shared = evaluations + steps * backward + records * forward_seconds(tested) + _of_weights(e, records)
    gathered = records * _OF_POINT * sum(n for _, _, n in tested) / get_rates("float64").elements
    own = steps * _GENERAL / get_rates("float64").calls
    return _of_calls(steps, records) + own + _of_data(e) + _of_losses(e, records) + gathered + shared / threads
