"""Groups of examples: their mean losses and accuracies, and the examples that are looked at more closely."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from theory_sim.arrays import Array
from theory_sim.errors import InputError, repr_of, shown
from theory_sim.probe.inputs import concatenate, count_of, each_tensor, passed, take
from theory_sim.probe.reference import batches_of, require_scalar
from theory_sim.probe.untouched import detached, get_outputs, untouched

__all__ = ["Groups", "logistic_loss"]

# Relative difference up to which a loss is the sum of those of two halves.
_SAME_LOSS = 1e-4


def logistic_loss(outputs: Any, targets: Any) -> Any:
    """Mean logistic loss, nats: cross-entropy of several outputs, log(1 + e^{-y f}) of one, for labels -1 and 1 or 0 and 1.

    Cross-entropy is the logistic loss of the margin z_y - log sum_{k != y} e^{z_k}, so that levels mean the same.

    Raises
    ------
    InputError
        If outputs are no tensor, or targets of single outputs are other numbers.
    """
    if not isinstance(outputs, torch.Tensor):
        raise InputError(f"outputs of the type {type(outputs).__name__} for the logistic loss", "one tensor of outputs",
                         "give loss=, a function of the model's outputs and the targets, as the training loop has it")
    if _is_single(outputs):
        f = outputs.reshape(len(outputs))
        if not bool(((targets == 1) | (targets == 0) | (targets == -1)).all()):
            raise InputError("targets other than -1, 0 and 1 of single outputs for the logistic loss",
                             "labels -1 and 1, or 0 and 1", "give loss=, such as the squared loss that training minimises")
        return torch.nn.functional.softplus(-_signs(targets.reshape(len(outputs))).to(f.dtype) * f).mean()
    return torch.nn.functional.cross_entropy(outputs, targets)


def _is_single(outputs: Any) -> bool:
    return bool(outputs.ndim == 1 or outputs.shape[1:].numel() == 1)


def _signs(targets: Any) -> Any:
    """Labels as -1 and 1."""
    return torch.where(targets > 0, 1, -1)


def _are_right(outputs: Any, targets: Any) -> Any:
    """Whether the sign, or the largest output, is the label's; NaN for targets that are no labels, or outputs no tensor."""
    if not isinstance(outputs, torch.Tensor) or not isinstance(targets, torch.Tensor):
        return torch.tensor([math.nan])
    if _is_single(outputs) and targets.numel() == len(outputs):
        return (outputs.reshape(len(outputs)) * _signs(targets.reshape(len(outputs))) > 0).double()
    if outputs.ndim == 2 and targets.ndim == 1 and not targets.is_floating_point():
        return (outputs.argmax(dim=1) == targets).double()
    return torch.full((len(outputs),), math.nan)


@dataclass(frozen=True)
class Groups:
    """Named examples.

    Attributes
    ----------
    examples : mapping
        Inputs and targets of each group.
    loss : callable
        Outputs and targets to the mean loss.
    batch : int
        Examples at a time.
    """

    examples: Mapping[str, tuple[Any, Any]]
    loss: Callable[[Any, Any], Any]
    batch: int

    @classmethod
    def of(cls, groups: object, loss: Callable[[Any, Any], Any], batch: int, device: Any) -> Groups:
        """Checked groups, where the parameters are.

        Raises
        ------
        InputError
            If there is none, or one is not a pair of inputs and targets of as many examples.
        """
        if not isinstance(groups, Mapping) or not groups:
            raise InputError(f"groups = {shown(repr_of(groups))}", "inputs and targets by the name of a group",
                             'such as groups={"clean": (x, y), "patch": (x_patch, y_patch)}')
        found = {}
        for name, pair in groups.items():
            what = f"groups[{name!r}]"
            if not isinstance(name, str) or not name or not name.isprintable():
                raise InputError(what, "a name that is a text", "rename the group")
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise InputError(f"{what} = {shown(repr_of(pair))}", "a pair: inputs and targets", f"give {what} = (x, y)")
            try:
                counts = [count_of(each) for each in pair]
            except InputError as error:
                raise error.within(lambda _, what=what: what) from None  # type: ignore[misc]
            if counts[0] != counts[1]:
                raise InputError(f"{what} with {counts[0]} inputs and {counts[1]} targets", "a target for each input",
                                 "give as many of each")
            inputs, targets = (each_tensor(each, lambda tensor: tensor.detach().to(device).clone()) for each in pair)
            found[name] = inputs, targets
        return cls(found, loss, batch)

    @property
    def names(self) -> list[str]:
        """Names of the groups."""
        return list(self.examples)

    def counts(self) -> dict[str, int]:
        """Number of examples of each."""
        return {name: count_of(inputs) for name, (inputs, _) in self.examples.items()}

    def batches(self) -> list[tuple[Any, Any]]:
        """All examples, a group after the other: reference examples where no others are given."""
        return [each for pair in self.examples.values() for each in batches_of(*pair, self.batch)]

    def losses(self, model: Any, seed: int) -> tuple[Array, Array]:
        """Mean loss and share of right labels of each group, (G,) each, the model in evaluation mode."""
        rows = []
        with untouched(model, seed=seed, evaluating=True), torch.no_grad():
            tensors = detached(model)
            for name, (inputs, targets) in self.examples.items():
                total, right, count = 0.0, 0.0, 0
                with passed(f"groups[{name!r}]"):
                    for x, y in batches_of(inputs, targets, self.batch):
                        outputs, n = get_outputs(model, tensors, x), count_of(x)
                        total, count = total + n * float(self.loss(outputs, y)), count + n
                        right += float(_are_right(outputs, y).sum())
                rows.append((total / count, right / count))
        losses, rights = np.array(rows).T
        return losses, rights

    def require_mean(self, model: Any, seed: int) -> None:
        """Raise InputError if the loss of some examples is the sum of their losses and not the mean."""
        name, first = next(iter(self.examples.items()))
        inputs, targets = (take(each, slice(0, self.batch)) for each in first)
        n = count_of(inputs)
        with untouched(model, seed=seed, evaluating=True), torch.no_grad(), passed(f"groups[{name!r}]"):
            outputs = get_outputs(model, detached(model), inputs)
            if n < 2 or not isinstance(outputs, torch.Tensor) or len(outputs) != n:
                return
            whole, *halves = (float(require_scalar(self.loss(outputs[part], take(targets, part))))
                              for part in (slice(None), slice(0, n // 2), slice(n // 2, None)))
        mean = (halves[0] * (n // 2) + halves[1] * (n - n // 2)) / n
        off = _SAME_LOSS * abs(whole)
        if abs(whole - sum(halves)) <= off < abs(whole - mean):
            raise InputError(f"a loss that adds up over examples: {whole:.4g} of {n}, {halves[0]:.4g} and {halves[1]:.4g} of "
                             "its halves", "the mean over the examples, in the probe and in the training loop",
                             'such as reduction="mean" in both; a sum over B is the mean at B times the rate')

    def probes(self, count: int) -> tuple[Any, list[str]]:
        """About ``count`` examples to look at closely, the first of each group, and the group of each."""
        each = max(1, count // len(self.examples))
        parts = {name: take(inputs, slice(0, each)) for name, (inputs, _) in self.examples.items()}
        kinds = [name for name, part in parts.items() for _ in range(count_of(part))]
        try:
            return concatenate(list(parts.values())), kinds
        except (RuntimeError, KeyError, IndexError) as error:
            raise InputError(f"groups whose inputs cannot be put together: {error}", "inputs of one shape in all groups",
                             "pad them to one shape") from error
