"""The layers that an experiment's network has, and what is drawn for them: U_0, the second layer and xi."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError, repr_of, shown
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import DATA_LAWS
from theory_sim.network.layer import Layer, neurons_a_row
from theory_sim.numeric.streams import StepStream
from theory_sim.reading.arguments import accepts
from theory_sim.train.optimisers import make_optimiser, splits_pairs

__all__ = ["BLOCK_V", "BLOCK_W", "draw_initial", "draw_noise", "layer_shapes", "make_layers"]

# Constant, since sums run block by block: a change changes results in the last digits.
BLOCK_W: Final = 256
BLOCK_V: Final = 25_600


def block_of(label: str) -> int:
    """Neurons a block of a layer."""
    return BLOCK_V if label == "V" else BLOCK_W


def layer_shapes(experiment: Experiment) -> dict[str, tuple[int, int]]:
    """Neurons and inputs (m, k) of each layer, by its label: W for x_1 and V for x_2, if there is one, or U for both patches.

    V sees the P/Q mixture in Q's plane, k = 2. Biases are one more input.
    """
    e, bias = experiment, int(experiment.biases)
    k = DATA_LAWS[e.data_law].second_dimension(e)
    if e.shared_filters:
        return {"U": (e.m_W, e.d + bias)}
    return {"W": (e.m_W, e.d + bias), **({"V": (e.m_V, k + bias)} if k else {})}


def make_layers(experiment: Experiment, initial: Mapping[str, Array] | None = None) -> dict[str, Layer]:
    """Layers at their start, by their labels.

    Parameters
    ----------
    experiment : Experiment
        Description of the run.
    initial : mapping, optional
        What they begin at in place of what is drawn: U_0 by the layer's label, the second layer by the label in lower case.
    """
    e, given = experiment, initial or {}
    law: dict[str, Any] = {"neurons": e.neurons, "tau_0": e.tau_0_value, "dtype": e.dtype,
                           "seed_init": e.seed_of("init"), "seed_noise": e.seed_of("noise"),
                           "optimiser": make_optimiser(e), "splits_pairs": splits_pairs(e)}
    layers = {}
    for index, (label, shape) in enumerate(layer_shapes(e).items()):
        layers[label] = Layer(index, shape, block=block_of(label), **law)
        layers[label].begin_at(given.get(label), given.get(label.lower()))
    return layers


@accepts(experiment="Experiment")
def draw_initial(experiment: Experiment) -> dict[str, Array]:
    """What a run at finite width begins with: U_0 and the second layer (THEORY §2, §3).

    Parameters
    ----------
    experiment : Experiment
        Description of the run; read are the widths, the law of the neurons, ``tau_0``, ``dtype`` and ``seed_init``.

    Returns
    -------
    dict
        U_0 of each layer by its label, in the experiment's precision: ``W`` (m_W, d) and ``V`` (m_V, 2), V in the basis
        (z, zeta / r) of Q's plane; or ``U`` (m_W, d) of the shared network. Biases are one more column, the last. The second
        layer by the same label in lower case: ``w`` (m_W,), ``v`` (m_V,) or ``u``, entries +-1/sqrt(m). Paired neurons 2j,
        2j + 1 have equal rows, opposite signs.

    Examples
    --------
    >>> from theory_sim import Experiment, draw_initial
    >>> drawn = draw_initial(Experiment(d=8, N=24, m_W=12, m_V=16))
    >>> {name: array.shape for name, array in drawn.items()}
    {'W': (12, 8), 'w': (12,), 'V': (16, 2), 'v': (16,)}
    """
    drawn: dict[str, Array] = {}
    for label, layer in make_layers(experiment).items():
        drawn |= {label: layer.noise_of_neurons, label.lower(): layer.u}
    return drawn


@accepts(experiment="Experiment", step="a whole number or a list")
def draw_noise(experiment: Experiment, step: int | Sequence[int]) -> dict[str, Array]:
    """The noise on the gradient at a step, or at several, of a run at finite width, in units of ``tau_xi`` (THEORY §3).

    xi_t is ``tau_xi`` times this. The entries, N(0, 1), do not depend on the level, and a step multiplies them by
    rate x ``tau_xi`` at once; so what is taken out and put in again gives the same run to the last bit.

    Parameters
    ----------
    experiment : Experiment
        Description of the run; read are the widths, the law of the neurons, ``dtype`` and ``seed_noise``.
    step : int or sequence of int
        Step number t from 0 on; any step can be drawn without those before it.

    Returns
    -------
    dict
        Array of each layer by its label, shaped as that layer's U_0 of `draw_initial`; for several steps with one more
        dimension (steps, m, k). Paired neurons have equal rows.

    Raises
    ------
    InputError
        If a step is no whole number of at least 0.

    Examples
    --------
    >>> from theory_sim import Experiment, draw_noise
    >>> draw_noise(Experiment(d=8, N=24, m_W=12, m_V=16), range(5))["W"].shape
    (5, 12, 8)
    """
    steps: list[Any] = list(step) if isinstance(step, Sequence) else [step]
    for each in steps:
        if isinstance(each, bool) or not isinstance(each, (int, np.integer)) or each < 0:
            raise InputError(f"step = {shown(repr_of(each))}", "a whole number of at least 0, or several",
                             "give steps counted from 0")
    drawn = {}
    for index, (label, (m, k)) in enumerate(layer_shapes(experiment).items()):
        found = np.empty((len(steps), m, k), experiment.dtype)
        for row, each in enumerate(steps):
            found[row] = _xi_of_neurons(experiment, index, label, (m, k), int(each))
        drawn[label] = found if isinstance(step, Sequence) else found[0]
    return drawn


def _xi_of_neurons(e: Experiment, index: int, label: str, shape: tuple[int, int], step: int) -> Array:
    """What `Layer.xi` draws for a step, of each neuron, (m, k)."""
    share = neurons_a_row(e.neurons)
    drawn = np.empty((shape[0] // share, shape[1]), e.dtype)
    rows = block_of(label) // share
    for block, start in enumerate(range(0, len(drawn), rows)):
        StepStream(e.seed_of("noise"), "noise", index, block).normal(step, drawn[start : start + rows])
    return np.repeat(drawn, share, axis=0)
