"""Inputs of a model as its user gives them: a tensor, a tuple of tensors, or a mapping of them by the names of arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from theory_sim.errors import InputError, repr_of, shown

__all__ = ["concatenate", "count_of", "each_tensor", "passed", "take"]


def each_tensor(inputs: Any, function: Callable[[Any], Any]) -> Any:
    """Inputs with each tensor replaced by what a function makes of it.

    Raises
    ------
    InputError
        If there is something else than tensors, tuples, lists and mappings.
    """
    if isinstance(inputs, torch.Tensor):
        return function(inputs)
    if isinstance(inputs, Mapping):
        return {name: each_tensor(each, function) for name, each in inputs.items()}
    if isinstance(inputs, (tuple, list)):
        return tuple(each_tensor(each, function) for each in inputs)
    raise InputError(f"inputs {shown(repr_of(inputs))}", "a tensor, or a tuple or mapping of tensors",
                     "convert them to tensors")


def count_of(inputs: Any) -> int:
    """Number of examples, the first dimension of every tensor.

    Raises
    ------
    InputError
        If tensors have different numbers, or there is none.
    """
    counts: list[int] = []
    each_tensor(inputs, lambda tensor: counts.append(len(tensor) if tensor.ndim else -1))
    if len(set(counts)) != 1 or counts[0] < 1:
        raise InputError(f"inputs with {sorted(set(counts))} examples", "tensors with one first dimension, of at least 1",
                         "stack the examples along the first dimension")
    return counts[0]


@contextmanager
def passed(what: str) -> Iterator[None]:
    """Around a pass through model and loss: what they raise becomes an InputError that names the examples."""
    try:
        yield
    except (InputError, torch.OutOfMemoryError):
        raise
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise InputError(f"{what}, which model or loss cannot take: {type(error).__name__}: {shown(str(error), 400)}",
                         "inputs and targets as the training loop gives them to model and loss, in batches",
                         "compare their shapes, kinds and devices with those of a batch; one example alone cannot train batch "
                         "norm") from error


def take(inputs: Any, chosen: Any) -> Any:
    """Examples of a slice, or of a tensor of numbers."""
    return each_tensor(inputs, lambda tensor: tensor[chosen])


def concatenate(parts: list[Any]) -> Any:
    """Inputs of one kind, one after the other."""
    first = parts[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(parts)
    if isinstance(first, Mapping):
        return {name: concatenate([part[name] for part in parts]) for name in first}
    return tuple(concatenate([part[index] for part in parts]) for index in range(len(first)))
