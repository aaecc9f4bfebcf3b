"""What signal and accumulated noise add to the pre-activations of linear and convolutional layers (THEORY §5)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from theory_sim.observe.base import Values, Variable
from theory_sim.observe.probes import PROBES
from theory_sim.probe.passes import find_linear_layers, look
from theory_sim.probe.watcher import Moment, Settings, Watcher

__all__ = ["PreActivationRecorder"]


class PreActivationRecorder(Watcher):
    """Root mean squares over units and probe examples, by the layer's weight, given the inputs that the layer has.

    A layer is linear in its weight and bias, so that its pre-activations are exactly the sum of both parts'. Predicted is what
    independent entries of the level of THEORY §5 make: tau_t ||h|| at a unit with inputs h.
    """

    variables: Mapping[str, Variable] = {
        "pre_activation_signal": Variable(("layer",), "1", "root mean square of the signal's pre-activations"),
        "pre_activation_noise": Variable(("layer",), "1", "root mean square of the accumulated noise's pre-activations"),
        "pre_activation_noise_predicted": Variable(("layer",), "1", "the same, with the level of THEORY §5's recursion"),
        "pattern_shift": Variable(("layer",), "1", "share of signs that the signal moves: pre-activations against the noise's",
                                  counts_signs=True),
    }

    name, by_default = "pre_activations", True

    @classmethod
    def of(cls, moment: Moment, settings: Settings) -> PreActivationRecorder:
        return cls(moment, settings.probes or PROBES)

    def __init__(self, moment: Moment, probes: int) -> None:
        tracked = moment.tracked
        self._modules = [name for name in find_linear_layers(tracked.model) if tracked.layers(name)[0] is not None]
        self._inputs, _ = moment.groups.probes(probes)

    def observe(self, moment: Moment) -> Values:
        names = moment.tracked.names
        found = {name: np.full(len(names), math.nan) for name in self.variables}
        sums: dict[int, list[Any]] = {}
        for call in look(moment.tracked, self._inputs, self._modules, moment.seed):
            weight = str(moment.tracked.layers(call.module)[0])
            sums.setdefault(names.index(weight), []).append(_squares(moment, call.module, call.inputs))
        for layer, calls in sums.items():
            signal, noise, predicted, shifted = np.mean(calls, axis=0)
            for name, value in zip(self.variables, (*map(math.sqrt, (signal, noise, predicted)), shifted), strict=True):
                found[name][layer] = value
        return found


def _squares(moment: Moment, name: str, inputs: Any) -> tuple[float, float, float, float]:
    """Mean squares of both parts' pre-activations and of the predicted noise's; share of signs that differ."""
    tracked, split = moment.tracked, moment.split
    module, (weight, bias) = tracked.model.get_submodule(name), tracked.layers(name)
    assert weight is not None, "linear layers whose weight is trained"
    index = {each: number for number, each in enumerate(tracked.names)}
    levels = split.law.levels()

    def outputs(weights: Any, biases: Any, of: Any) -> Any:
        given = {"weight": weights} | ({} if module.bias is None else {"bias": biases})
        return torch.func.functional_call(module, given, of)

    with torch.no_grad():
        inputs = inputs.to(split.noise[index[weight]].dtype)
        # A bias that is not trained counts as signal.
        fixed = None if module.bias is None else module.bias.detach().to(inputs.dtype)
        parts = []
        for part in (split.signal, split.noise):
            biases = part[index[bias]] if bias is not None else fixed if part is split.signal or fixed is None else 0 * fixed
            parts.append(outputs(part[index[weight]], biases, inputs))
        signal, noise = parts
        ones = torch.ones_like(split.noise[index[weight]])
        lengths = outputs(ones, None if fixed is None else 0 * fixed, inputs.square()).double().mean()
        predicted = levels[index[weight]] ** 2 * float(lengths) + (levels[index[bias]] ** 2 if bias is not None else 0.0)
        shifted = ((signal + noise > 0) != (noise > 0)).double().mean()
        return float(signal.double().square().mean()), float(noise.double().square().mean()), float(predicted), float(shifted)
