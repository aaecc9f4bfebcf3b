"""Draws of noise that is placed beside xi, as the package's networks make them, in the form in which a simulator uses them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.data import Data
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import NO_PLACEMENT
from theory_sim.network.layer import neurons_a_row
from theory_sim.network.layers import block_of, layer_shapes
from theory_sim.numeric.streams import StepStream

__all__ = ["KNOWN_PLACEMENTS", "draw_placed"]

# What is drawn for each weight, and for each example.
_OF_WEIGHTS = ("gradient", "iterates", "iterates-transient")
_OF_EXAMPLES = ("activations", "labels", "targets")
_OF_PATCHES = ("pre-activations", "pre-activations-shared")
KNOWN_PLACEMENTS: Final = (NO_PLACEMENT, *_OF_WEIGHTS, *_OF_PATCHES, *_OF_EXAMPLES)
"""Placements of which the draws are known."""


def draw_placed(experiment: Experiment, data: Data, steps: int) -> Any:
    """Draws of level 1 for every step.

    Parameters
    ----------
    experiment : Experiment
        Gives the placement and the seed.
    data : Data
        Training set, N examples.
    steps : int
        Steps to draw for.

    Returns
    -------
    array, pair of arrays, or None
        For ``gradient``, ``iterates`` and ``iterates-transient`` N(0, 1) numbers for each weight of both layers, (steps, m, k);
        for ``pre-activations`` for each neuron, patch and example, (steps, m, c, N), c = 2 for the shared network, else 1; for
        ``pre-activations-shared`` for each neuron and patch, (steps, m, c, 1). For ``activations`` and ``targets`` for each
        example, (steps, N); for ``labels`` uniform numbers on [0, 1), (steps, N). None without a placement, or for one of a
        plug-in.
    """
    placement, count = experiment.noise_placement, len(data)
    if placement in _OF_EXAMPLES:
        stream = StepStream(experiment.seed_of("noise"), "label noise" if placement != "activations" else "placed noise")
        return np.array([stream.at(t).random(count) if placement == "labels" else stream.at(t).standard_normal(count)
                         for t in range(steps)])
    if placement == NO_PLACEMENT or placement not in KNOWN_PLACEMENTS:
        return None
    shapes = layer_shapes(experiment)
    found = [np.array([_of_layer(experiment, data, i, label, shape, t) for t in range(steps)])
             for i, (label, shape) in enumerate(shapes.items())]
    return tuple(found) if len(found) == 2 else (found[0], found[0][:, :0])


def _of_layer(e: Experiment, data: Data, index: int, label: str, shape: tuple[int, int], step: int) -> Array:
    """Draws of one layer at a step, each row repeated for the neurons that share it."""
    share, rows = neurons_a_row(e.neurons), shape[0] // neurons_a_row(e.neurons)
    size = block_of(label) // share
    drawn = []
    for block, start in enumerate(range(0, rows, size)):
        generator = StepStream(e.seed_of("noise"), "placed noise", index, block).at(step)
        drawn.append(_of_block(e, data, label, generator, min(size, rows - start), shape[1]))
    return np.repeat(np.concatenate(drawn), share, axis=0)


def _of_block(e: Experiment, data: Data, label: str, generator: np.random.Generator, rows: int, k: int) -> Array:
    if e.noise_placement in _OF_WEIGHTS:
        return generator.standard_normal((rows, k))
    patches = {"W": [0], "V": [1], "U": [0, 1]}[label]
    if e.noise_placement == "pre-activations-shared":
        return generator.standard_normal((rows, 2))[:, patches, None]
    # One number for each patch that is there; there is nothing at the others, of norm 0.
    there = [(data.has_x1, data.kind != 0)[patch] for patch in patches]
    numbers = generator.standard_normal((rows, sum(int(each.sum()) for each in there)))
    found = np.zeros((rows, len(patches), len(data)))
    found[:, np.stack(there)] = numbers
    return found
