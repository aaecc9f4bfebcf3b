"""Top eigenvalues of the training loss's Hessian beside the largest with which steps are stable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ACTIVATIONS, LOSSES, OBSERVERS
from theory_sim.experiment.record_times import Recording
from theory_sim.memory import Bytes
from theory_sim.network import GeneralNetwork
from theory_sim.network.activations import Activation
from theory_sim.network.hessian import DENSE, Hessian, LayerAtSites
from theory_sim.network.memory import points_of_layers
from theory_sim.observe.base import Observer, Snapshot, Use, Values, Variable, get_weights
from theory_sim.train.losses import Loss

__all__ = ["EIGENVALUES", "Sharpness", "make_hessian"]

EIGENVALUES: Final = 5
_STEP: Final = 1e-5
# Products with a vector that Lanczos' method takes, about.
_PRODUCTS: Final = 90.0


@OBSERVERS.register
class Sharpness(Observer):
    """The largest eigenvalues of the Hessian by the trained weights, and all of them of a small network.

    The loss is the mean over the whole training set, with mini-batches too, without the ridge and without placed noise. The
    ridge would add lambda to each eigenvalue. Where outputs are piecewise linear in the trained weights, as for ReLU with a
    fixed second layer, only the curvature of the loss counts (`theory_sim.network.hessian`).

    Parameters
    ----------
    recording : Recording
        Record times.
    """

    name = "sharpness"
    summary = (f"the {EIGENVALUES} largest eigenvalues of the training loss's Hessian, without the ridge, beside the largest "
               rf"with which steps are stable, $2/\gamma_t$ for gradient descent; all of them for a network of up to {DENSE} "
               "weights; at finite width only")
    needs_weights = True
    variables: Mapping[str, Variable] = {
        "sharpness": Variable(("hessian_eigenvalue",), "1",
                              "largest eigenvalues of the Hessian of the mean {loss}, without the ridge, decreasing"),
        "stable_sharpness": Variable((), "1", "largest eigenvalue with which steps are stable: for gradient descent 2 / rate"),
        "hessian_spectrum": Variable(("weight",), "1",
                                     f"every eigenvalue, decreasing, of a network of up to {DENSE} weights; else empty"),
    }

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def observe(self, snapshot: Snapshot) -> Values:
        hessian = make_hessian(snapshot)
        spectrum = hessian.spectrum() if hessian.size <= DENSE else np.zeros(0)
        top = np.full(EIGENVALUES, np.nan)
        found = spectrum[:EIGENVALUES] if len(spectrum) else hessian.top(EIGENVALUES)
        top[: len(found)] = found
        return {"sharpness": top, "stable_sharpness": snapshot.stability / snapshot.rate, "hessian_spectrum": spectrum}

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        yield from super().faults(experiment)
        loss = LOSSES[experiment.loss]
        if issubclass(loss, Loss) and loss.slope_jumps:
            yield Fault(f"the observer 'sharpness' with loss = {experiment.loss!r}",
                        "its slope jumps: the second derivative is zero wherever there is one, and says nothing",
                        "choose another loss, or do not observe sharpness", ("observe.sharpness", "loss"))
        activation = ACTIVATIONS[experiment.activation]
        if issubclass(activation, Activation) and not activation.has_bend():
            yield Fault(f"the observer 'sharpness' with activation = {experiment.activation!r}",
                        "the Hessian is made of phi'', which the activation does not declare",
                        "give its class a method bend(self, z), or do not observe sharpness",
                        ("observe.sharpness", "activation"))

    @classmethod
    def memory(cls, use: Use) -> Bytes:
        layers = points_of_layers(use.experiment)
        weights = sum(m * (k + use.experiment.train_second_layer) for m, k, _ in layers)
        sites, patches = [m * n for m, _, n in layers], sum(k * n for _, k, n in layers)
        e, activation = use.experiment, ACTIVATIONS[use.experiment.activation]
        # phi' at the sites, values and phi'' where they count, and products with them, layer by layer; Lanczos' 20 vectors and
        # his work space; a small network's matrix.
        kept = 1 + e.train_second_layer + (not activation.two_lines)
        taken = 8 * (kept * sum(sites) + 2 * max(sites) + patches) + 8 * 28 * weights + 32 * min(weights, DENSE) ** 2
        return Bytes((1000 + 8 * (weights if weights <= DENSE else 0)) * use.records, taken)

    @classmethod
    def seconds(cls, use: Use) -> float:
        from theory_sim.numeric.rates import get_rates

        layers, rates = points_of_layers(use.experiment), get_rates("float64")
        sites, work = sum(m * n for m, _, n in layers), sum(m * n * k for m, k, n in layers)
        return use.records * _PRODUCTS * (2.0 * work / rates.products + 6.0 * sites / rates.elements)


def make_hessian(snapshot: Snapshot) -> Hessian:
    """Hessian of the training loss of a run at finite width, at the patterns that the network has."""
    train, network = snapshot.train, get_weights(snapshot, "the observer 'sharpness'")
    margin = train.y * network.f
    curvature = _curvature_at(snapshot.loss, margin)
    if isinstance(network, GeneralNetwork):
        return Hessian(network.at_sites(), curvature, train.y * snapshot.loss.slope(margin))
    seen, holding = np.flatnonzero(train.has_x1), np.flatnonzero(train.kind != 0)
    inputs = {"P": train.x1[seen], "Q": network.directions.astype(train.x1.dtype)}
    entries = {"P": (np.arange(len(seen)), seen, np.ones(len(seen))),
               "Q": (train.direction[holding], holding, train.alpha[holding])}
    active = {feature: network.pre_activations(feature, x) > 0 for feature, x in inputs.items()}
    layers = list(network.layers.values())
    groups: list[list[str]] = [["P"], ["Q"]] if len(layers) > 1 else [["P", "Q"]]
    parts = [_at_sites(layer.u, [(inputs[f], active[f], entries[f]) for f in group])
             for layer, group in zip(layers, groups, strict=True)]
    return Hessian(parts, curvature)


def _at_sites(u: Array, features: list[tuple[Array, Array, tuple[Array, Array, Array]]]) -> LayerAtSites:
    offsets = np.cumsum([0, *(len(x) for x, _, _ in features)])
    return LayerAtSites(
        np.concatenate([x for x, _, _ in features]).astype(np.float64),
        np.concatenate([active for _, active, _ in features], axis=1).astype(np.float64),
        u.astype(np.float64),
        np.concatenate([entry[0] + offset for (_, _, entry), offset in zip(features, offsets, strict=False)]),
        np.concatenate([entry[1] for _, _, entry in features]),
        np.concatenate([entry[2] for _, _, entry in features]),
    )


def _curvature_at(loss: Loss, margin: Array) -> Array:
    """l''(v) at each margin, by differences of the slope."""
    difference: Array = (loss.slope(margin + _STEP) - loss.slope(margin - _STEP)) / (2 * _STEP)
    return difference
