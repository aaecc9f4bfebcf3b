"""Noise on the gradient that is put into a run, in place of what its streams draw."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.network.arrays import digest_arrays, require_array, require_labels
from theory_sim.network.layer import Layer, neurons_a_row
from theory_sim.network.layers import layer_shapes
from theory_sim.reading.answers import faults_of_function

__all__ = ["GivenNoise", "NoiseSource"]

NoiseSource = Mapping[str, Array] | Callable[[int], Mapping[str, Array]]
"""Noise in units of tau_xi: arrays (T, m, k) by the layer's label, or a function of the step that gives arrays (m, k)."""


class GivenNoise:
    """Noise on the gradient that is put in, a step at a time.

    Parameters
    ----------
    experiment : Experiment
        Description of the run.
    source : NoiseSource
        A function must give the same for the same step: it is asked again when a run is resumed. Arrays are not copied, as they
        may be larger than all else; a step before which they were changed is refused.

    Raises
    ------
    InputError
        If arrays have the wrong labels, shapes or precision, hold what is no number, or end before the run can; or if the
        experiment has no noise on the gradient.
    """

    def __init__(self, experiment: Experiment, source: NoiseSource) -> None:
        e = experiment
        if e.tau_xi == 0:
            raise InputError("noise given with tau_xi = 0", "xi is tau_xi times what is given",
                             "give tau_xi above 0; tau_xi = 1 makes what is given xi itself", fields=("tau_xi",))
        self._shapes, self._dtype, self._share = layer_shapes(e), np.dtype(e.dtype), neurons_a_row(e.neurons)
        self._source = source
        self._layers: Mapping[str, Layer] = {}
        self._as_given: list[str] = []
        self._chain, self._last = hashlib.sha256(b"noise").digest(), bytes(32)
        if callable(source):
            return
        require_labels("noise", source, list(self._shapes), every=True)
        most = SCHEDULES[e.schedule].most_steps(e, e.max_tau)
        needed = math.ceil(min(most, math.inf if e.max_steps is None else e.max_steps) * (1 - 1e-12))
        for label, (m, k) in self._shapes.items():
            array = source[label]
            length = len(array) if isinstance(array, np.ndarray) and array.ndim else 0
            require_array(f"noise[{label!r}]", array, (length, m, k), self._dtype)
            self._require_pairs(f"noise[{label!r}]", array.swapaxes(0, 1))
            if length < needed:
                raise InputError(f"noise[{label!r}] of {length} steps", f"the run can take {needed}",
                                 f"give more, max_steps = {length}, or a function of the step")
        self._as_given = [digest_arrays(self._at(step)) for step in range(needed)]

    @cached_property
    def digest(self) -> str:
        """Digest of the arrays; of a function, what cannot be known before the run."""
        return "a function" if callable(self._source) else digest_arrays(self._source)

    @property
    def used(self) -> str:
        """Digest of the noise of every step so far, in order."""
        return self._chain.hex()

    def attach(self, layers: Mapping[str, Layer]) -> None:
        """Give the noise to these layers from now on."""
        self._layers = layers

    def load(self, step: int) -> None:
        """Have a step's noise ready; called before the step.

        Raises
        ------
        InputError
            If the function gives what no array could hold, or the arrays have ended.
        """
        found = self._at(step)
        digest = digest_arrays(found)
        if step < len(self._as_given) and digest != self._as_given[step]:
            raise InputError(f"noise of step {step} was changed after it was given",
                             "arrays that stay as they are until the run has ended: they are not copied", "change a copy")
        self._last = bytes.fromhex(digest)
        self._chain = hashlib.sha256(self._chain + self._last).digest()
        for label, layer in self._layers.items():
            layer.given_xi = found[label][:: self._share]

    def _at(self, step: int) -> dict[str, Array]:
        if not callable(self._source):
            if step >= min(len(array) for array in self._source.values()):
                raise InputError(f"noise of {step} steps", "the run takes one more", "give more, or a function of the step")
            return {label: self._source[label][step] for label in self._shapes}
        with faults_of_function(f"noise of step {step}", "arrays (m, k) by the layer's label, as theory_sim.draw_noise gives"):
            found = self._source(step)
        require_labels(f"noise of step {step}", found, list(self._shapes), every=True)
        for label, shape in self._shapes.items():
            name = f"noise[{label!r}] of step {step}"
            require_array(name, found[label], shape, self._dtype)
            self._require_pairs(name, found[label])
        return {label: found[label] for label in self._shapes}

    def _require_pairs(self, name: str, array: Array) -> None:
        if self._share == 2 and not np.array_equal(array[0::2], array[1::2]):
            raise InputError(f"{name} with unequal rows 2j and 2j + 1", "paired neurons share their noise (THEORY §2)",
                             "repeat each pair's row, or use neurons = 'independent'", fields=("neurons",))

    def state(self) -> dict[str, Array]:
        """Digests so far, for a checkpoint."""
        return {"chain": np.frombuffer(self._chain, np.uint8), "last": np.frombuffer(self._last, np.uint8)}

    def restore(self, state: Mapping[str, Array], step: int) -> None:
        """Go on at a step; the step before it must have the noise that it had.

        Raises
        ------
        InputError
            If it has other noise.
        """
        self._chain, self._last = state["chain"].tobytes(), state["last"].tobytes()
        if step > 0 and bytes.fromhex(digest_arrays(self._at(step - 1))) != self._last:
            raise InputError(f"noise of step {step - 1} differs from what the run was given",
                             "a run continues with what it began with", "give the same function or arrays")
