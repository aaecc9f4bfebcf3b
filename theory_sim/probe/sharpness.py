"""Top eigenvalues of the Hessian of the reference loss, by Lanczos' method on products with vectors (THEORY §15)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch

from theory_sim.arrays import Array
from theory_sim.observe.base import LOSS_UNIT, Values, Variable
from theory_sim.probe.rules.base import Rule
from theory_sim.probe.untouched import detached, untouched
from theory_sim.probe.watcher import Moment, Watcher
from theory_sim.theory.linear_rules import stability_factor

__all__ = ["EIGENVALUES", "SharpnessRecorder", "stable_sharpness"]

EIGENVALUES: Final = 5
_TOLERANCE: Final = 1e-3


class SharpnessRecorder(Watcher):
    """The largest eigenvalues by the trained parameters, without weight decay, the model in the modes that it is in.

    Products with vectors are exact derivatives (Pearlmutter 1994), all with the same draws of random layers. Lanczos' method
    (ARPACK's, restarted and orthogonalised) ends at a thousandth of the eigenvalue; NaN if it does not end.
    """

    name = "sharpness"
    of_steps = ("stable_sharpness",)
    variables: Mapping[str, Variable] = {
        "sharpness": Variable(("hessian_eigenvalue",), LOSS_UNIT,
                              "largest eigenvalues of the Hessian of the mean {loss} of the reference, decreasing"),
        "stable_sharpness": Variable((), "1", "largest eigenvalue with which the step that leaves the record is stable: for "
                                     "gradient descent 2 / rate"),
    }

    def observe(self, moment: Moment) -> Values:
        from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

        size = int(moment.split.sizes.sum())
        count = min(EIGENVALUES, size - 1)
        top = np.full(EIGENVALUES, np.nan)
        operator = LinearOperator((size, size), matvec=lambda v: _product(moment, v), dtype=np.float64)
        start = np.random.default_rng(0).standard_normal(size)
        if not np.isfinite(_product(moment, start)).all():
            return {"sharpness": top}
        if size <= 2 * EIGENVALUES + 2:  # as many as Lanczos' method needs vectors
            found = np.linalg.eigvalsh(np.stack([_product(moment, row) for row in np.eye(size)]))
        else:
            try:
                found = eigsh(operator, count, which="LA", v0=start, tol=_TOLERANCE, return_eigenvectors=False)
            except ArpackError:
                return {"sharpness": top}
        largest = np.sort(found)[::-1][:EIGENVALUES]
        top[: len(largest)] = largest
        return {"sharpness": top}


def stable_sharpness(rule: Rule, options: Mapping[str, Any]) -> float:
    """Largest eigenvalue with which a step with these options is stable, without weight decay; NaN where no law is known."""
    move, rate = rule.move(options), float(options["lr"])
    if move is None:
        return math.nan
    return stability_factor(move) / rate if rate > 0 else math.inf


def _product(moment: Moment, vector: Array) -> Array:
    """Hessian of the mean loss times a vector, float64; random layers draw the same for every vector."""
    with untouched(moment.tracked.model, seed=moment.seed, evaluating=False):
        return _derivative(moment, vector)


def _derivative(moment: Moment, vector: Array) -> Array:
    tracked = moment.tracked
    leaves = [parameter.detach().requires_grad_() for parameter in tracked.parameters]
    pieces = np.split(vector.reshape(-1), np.cumsum(moment.split.sizes.astype(int))[:-1])
    directions = [torch.as_tensor(piece).to(leaf).reshape(leaf.shape) for piece, leaf in zip(pieces, leaves, strict=True)]
    total, count = np.zeros(vector.size), 0
    for inputs, targets, n in moment.reference.batches():
        tensors = detached(tracked.model, dict(zip(tracked.names, leaves, strict=True)))
        loss = moment.reference.mean_loss(tensors, inputs, targets)
        slopes = torch.autograd.grad(loss, leaves, create_graph=True, allow_unused=True)
        along: Any = sum((slope * v).sum() for slope, v in zip(slopes, directions, strict=True) if slope is not None)
        found = torch.autograd.grad(along, leaves, allow_unused=True) if along.requires_grad else [None] * len(leaves)
        flat = [(torch.zeros_like(leaf) if each is None else each).double().reshape(-1) for each, leaf in
                zip(found, leaves, strict=True)]
        total += n * torch.cat(flat).cpu().numpy()
        count += n
    product: Array = total / count
    return product
