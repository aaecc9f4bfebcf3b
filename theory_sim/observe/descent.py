"""The signal as gradient descent on a sequence of losses, beside a classifier that they have in common (THEORY §4, §11).

The signal theta_t makes exact steps of gradient descent on L_t(theta) = (1/N) sum_i l(y_i (<theta, phi_{t,i}> + o_{t,i})):
phi is the feature u_j 1(<A_j, x_i> > 0) x_i of neuron j under the patterns A at time t, o the output of everything else. For
theta = (W, V), the whole signal, o is the noise output N_A(noise; x_i); for theta = W it is what V says besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.errors import Fault
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import OBSERVERS
from theory_sim.experiment.record_times import Recording
from theory_sim.memory import Bytes
from theory_sim.observe.base import LOSS_UNIT, Observer, Snapshot, Use, Values, Variable, get_weights

__all__ = ["SCALES", "THETAS", "Descent"]

THETAS: Final = ("W and V", "W")
# theta* = s u w*^T with s = scale x sqrt(d); THEORY §11 has the scale 2 log(1/epsilon) / g_0.
SCALES: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.6, 2.0, 3.0, 4.0, 6.0)


@OBSERVERS.register
class Descent(Observer):
    """Loss, gradient and features along the signal, and the losses of theta* = s u w*^T for a fixed grid of s.

    It looks at every training example, and reads the split network at finite width only.

    Parameters
    ----------
    recording : Recording
        Record times; ``every_steps = 1`` for the theorem, which speaks of every step.
    """

    needs_theory = True
    name = "descent"
    summary = ("the signal as gradient descent on a sequence of losses: loss, gradient and features, and the loss of a "
               "classifier that all kernels share, what [Theorem C.2](/explanation/theorem/theorem-c2.md) is about; "
               "the split network at finite width only")
    needs_weights = True

    variables: Mapping[str, Variable] = {
        "descent_rate": Variable((), "1", "learning rate of the step that leaves the record"),
        "descent_loss": Variable((), LOSS_UNIT, "L_t(theta_t), mean {loss} over the training set"),
        "descent_star_loss": Variable(("theta", "scale"), LOSS_UNIT, "L_t(theta*) of theta* = s u w*^T, s = scale x sqrt(d)"),
        "descent_feature_norm": Variable(("theta",), "1", "largest Euclidean norm of a training example's feature"),
        "descent_size": Variable(("theta",), "1", "|theta_t|^2, squared Frobenius norm"),
        "descent_star": Variable((), "1", "<theta_t, u w*^T>"),
        "descent_gradient_size": Variable(("theta",), "1", "|g_t|^2 of the gradient of L_t at theta_t"),
        "descent_gradient_theta": Variable(("theta",), "1", "<g_t, theta_t>"),
        "descent_gradient_star": Variable((), "1", "<g_t, u w*^T>"),
        "descent_offset": Variable(("theta",), "1", "root mean square offset o_{t,i} over the training set"),
    }

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    def observe(self, snapshot: Snapshot) -> Values:
        train, network = snapshot.train, get_weights(snapshot, "the observer 'descent'")
        f, y, w_star = network.f, train.y, train.w_star
        seen = np.flatnonzero(train.has_x1)
        x1 = train.x1[seen]
        w, v = (network.layers[name].u.astype(np.float64) for name in ("W", "V"))
        W, V = network.layers["W"].signal, network.layers["V"].signal
        active = (network.pre_activations("P", x1) > 0).astype(x1.dtype)
        directions = network.directions
        lit = (network.pre_activations("Q", directions) > 0).astype(np.float64)

        # Sum over active neurons of u_j^2, for each example and each direction.
        share_W = np.zeros(len(train))
        share_W[seen] = (w * w) @ active
        share_V = ((v * v) @ lit)[train.direction]
        along = np.zeros(len(train))
        along[seen] = x1 @ w_star
        size_W = share_W * np.einsum("ij,ij->i", train.x1, train.x1, dtype=np.float64)
        size_V = share_V * train.alpha**2 * (directions**2).sum(axis=1)[train.direction]

        from_W = np.zeros(len(train))
        from_W[seen] = w @ (active * (W @ x1.T))
        from_V = train.alpha * (v @ (lit * (V @ directions.T)))[train.direction]
        offsets = np.stack([f - from_W - from_V, f - from_W])

        residual_weight = y * snapshot.loss.slope(y * f) / len(train)
        gradient_W = w[:, None] * (active @ (residual_weight[seen, None] * x1))
        weights_V = np.bincount(train.direction, weights=residual_weight * train.alpha, minlength=3)
        gradient_V = v[:, None] * (lit @ (weights_V[:, None] * directions))
        sizes = [_squared(gradient_W), _squared(gradient_V)]
        inner = [float(residual_weight @ from_W), float(residual_weight @ from_V)]
        squares = [_squared(W), _squared(V)]

        scale = np.array(SCALES) * np.sqrt(train.x1.shape[1])
        margins = y * (scale[:, None, None] * (share_W * along) + offsets)  # (scale, theta, N)
        return {
            "descent_rate": snapshot.rate,
            "descent_loss": float(snapshot.loss.value(y * f).mean()),
            "descent_star_loss": snapshot.loss.value(margins).mean(axis=2).T,
            "descent_feature_norm": np.sqrt([np.max(size_W + size_V), np.max(size_W)]),
            "descent_size": np.array([sum(squares), squares[0]]),
            "descent_star": float(w @ (W @ w_star)),
            "descent_gradient_size": np.array([sum(sizes), sizes[0]]),
            "descent_gradient_theta": np.array([sum(inner), inner[0]]),
            "descent_gradient_star": float(residual_weight @ (share_W * along)),
            "descent_offset": np.sqrt((offsets**2).mean(axis=1)),
        }

    @classmethod
    def faults(cls, experiment: Experiment) -> Iterator[Fault]:
        yield from super().faults(experiment)
        for field, plain in (("network", "split"), ("batch_size", None), ("noise_placement", "none")):
            if getattr(experiment, field) != plain:
                yield Fault(f"the observer 'descent' with {field} = {getattr(experiment, field)!r}",
                            "the signal makes gradient descent on the whole training loss of the split network "
                            "(THEORY §11)", f"leave {field} out, or do not observe descent", ("observe.descent", field))

    @classmethod
    def memory(cls, use: Use) -> Bytes:
        e, m = use.experiment, use.neurons.get("P", 0)
        # Pre-activations; or patterns and what they are multiplied with, in the precision of the weights and in float64.
        at_sites = m * use.seen * max(2.5 * use.item, 2 * use.item + (8 if use.item < 8 else 0))
        taken = at_sites + 2 * 8 * m * e.d + (use.item + 8) * e.d * use.seen
        return Bytes(1000 * use.records, taken)

    def coordinates(self) -> Mapping[str, Any]:
        return {"theta": list(THETAS), "scale": list(SCALES)}


def _squared(array: Array) -> float:
    return float(np.einsum("ij,ij->", array, array, dtype=np.float64))
