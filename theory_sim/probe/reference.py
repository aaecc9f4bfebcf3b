"""The gradient of the mean loss over reference examples, at the present parameters, and its error."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch

from theory_sim.errors import InputError
from theory_sim.probe.inputs import count_of, each_tensor, passed, take
from theory_sim.probe.tracked import Tracked, in_full
from theory_sim.probe.untouched import detached, get_outputs, same_streams, untouched

__all__ = ["Estimate", "Reference", "batches_of", "require_scalar", "squared_norm"]


@dataclass(frozen=True)
class Estimate:
    """Gradient of the mean loss.

    Attributes
    ----------
    gradients : list of Tensor
        One a parameter.
    loss : float
        Mean loss.
    error : float
        Root of the expected squared distance of the gradient, over all parameters, from that over all data of which the
        examples are a random sample: from the scatter between batches, 0 if the reference is the whole training set, NaN if
        it is one batch.
    """

    gradients: list[Any]
    loss: float
    error: float


class Reference:
    """Reference examples, in batches.

    Parameters
    ----------
    tracked : Tracked
    loss : callable
        Outputs and targets to the mean loss, as the training loop has it.
    batches : iterable
        (inputs, targets) each; iterated anew for each gradient.
    complete : bool
        Whether it is the whole training set.
    """

    def __init__(
        self, tracked: Tracked, loss: Callable[[Any, Any], Any], batches: Iterable[tuple[Any, Any]], *, complete: bool
    ) -> None:
        self._tracked, self._loss, self._batches, self.complete = tracked, loss, batches, complete

    def batches(self) -> Iterator[tuple[Any, Any, int]]:
        """Inputs, targets and their number, batch by batch, where the parameters are; inside of `untouched`."""
        device = self._tracked.parameters[0].device
        with same_streams(self._batches):
            for batch in self._batches:
                if not isinstance(batch, (tuple, list)) or len(batch) != 2:
                    raise InputError(f"a batch of the reference of the type {type(batch).__name__}",
                                     "a pair: inputs and targets", "give reference=(x, y), or batches (x, y)")
                inputs, targets = batch
                on_device = each_tensor(inputs, lambda tensor: tensor.to(device))
                yield on_device, each_tensor(targets, lambda tensor: tensor.to(device)), count_of(inputs)

    def mean_loss(self, tensors: dict[str, Any], inputs: Any, targets: Any) -> Any:
        """Mean loss of a batch, a tensor that knows its gradient."""
        return self._loss(get_outputs(self._tracked.model, tensors, inputs), targets)

    def estimate(self, seed: int) -> Estimate:
        """Gradient at the present parameters, the model in the modes that it is in; dropout draws from the seed."""
        tracked = self._tracked
        leaves = [parameter.detach().requires_grad_() for parameter in tracked.parameters]
        mean = [torch.zeros_like(in_full(leaf.detach())) for leaf in leaves]
        count, loss_sum, squares, pieces = 0, 0.0, 0.0, 0
        with untouched(tracked.model, seed=seed, evaluating=False):
            for inputs, targets, n in self.batches():
                tensors = detached(tracked.model, dict(zip(tracked.names, leaves, strict=True)))
                with passed(f"a batch of {n} reference examples"):
                    loss = require_scalar(self.mean_loss(tensors, inputs, targets))
                    found = torch.autograd.grad(loss, leaves, allow_unused=True)
                present = [in_full(each) if each is not None else torch.zeros_like(whole)
                           for each, whole in zip(found, mean, strict=True)]
                torch._foreach_add_(mean, present, alpha=float(n))
                count, pieces, loss_sum = count + n, pieces + 1, loss_sum + n * float(loss.detach())
                squares += n * squared_norm(present)
        if not count:
            raise InputError("a reference without a batch", "an iterable of (inputs, targets) that can be iterated anew",
                             "give a list or a DataLoader, not a generator")
        torch._foreach_div_(mean, float(count))
        return Estimate(mean, loss_sum / count, self._error(squares / count - squared_norm(mean), pieces))

    def _error(self, scatter: float, pieces: int) -> float:
        """Of a mean over independent batches: their scatter over their number less one."""
        if self.complete:
            return 0.0
        return math.sqrt(max(scatter, 0.0) / (pieces - 1)) if pieces > 1 else math.nan


def require_scalar(loss: Any) -> Any:
    """The loss, which must be one number."""
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
        found = f"of shape {tuple(loss.shape)}" if isinstance(loss, torch.Tensor) else f"of the type {type(loss).__name__}"
        raise InputError(f"a loss {found}", "the mean over the examples, one number", "take the mean")
    return loss


def squared_norm(tensors: Sequence[Any]) -> float:
    """Sum of squares of all entries."""
    return math.fsum(float(norm) ** 2 for norm in torch._foreach_norm(list(tensors)))


def batches_of(inputs: Any, targets: Any, size: int) -> list[tuple[Any, Any]]:
    """Examples in batches of at most a size, all as large as they can be: of one example batch norm could not train."""
    n = count_of(inputs)
    ends = [n * number // -(-n // size) for number in range(-(-n // size) + 1)]
    return [(take(inputs, slice(*each)), take(targets, slice(*each))) for each in pairwise(ends)]
