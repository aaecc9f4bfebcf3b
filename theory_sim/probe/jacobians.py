"""Jacobians of a network's outputs by its trained parameters, by torch.func, exact or projected (THEORY §6, §15)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from theory_sim.errors import InputError, size_in_words
from theory_sim.probe.inputs import each_tensor, take
from theory_sim.probe.tracked import Tracked
from theory_sim.probe.untouched import detached, get_outputs, untouched

__all__ = ["Jacobians", "Sketch"]

_LEAST: Final = 256
"""Columns of the smallest projection."""
_MOST: Final = 8192
_KEPT: Final = 16
"""Records of which Jacobians are to fit into memory before columns are projected."""


class Sketch:
    """A random projection of a layer's columns: each is added to one of k, with a random sign.

    The count sketch of Charikar, Chen and Farach-Colton (2002). Inner products are kept on average; the variance of one is
    at most (|a|^2 |b|^2 + <a, b>^2) / k. With no more columns than k they are kept as they are.
    """

    def __init__(self, columns: int, k: int, seed: int, device: Any) -> None:
        self.exact = columns <= k
        self.columns = columns if self.exact else k
        if not self.exact:
            generator = torch.Generator().manual_seed(seed)
            self._column = torch.randint(k, (columns,), generator=generator).to(device)
            self._sign = (2 * torch.randint(2, (columns,), generator=generator) - 1).to(device)

    def of(self, rows: Any) -> Any:
        """Projected rows, (n, k)."""
        if self.exact:
            return rows
        found = torch.zeros((len(rows), self.columns), dtype=rows.dtype, device=rows.device)
        return found.index_add_(1, self._column, rows * self._sign)


class Jacobians:
    """J of each layer at probe inputs, a row an output of an input.

    Parameters
    ----------
    tracked : Tracked
    inputs : inputs
        Probe inputs.
    memory : float
        Bytes that may be held over all records, and a quarter of that in passing.
    seed : int

    Attributes
    ----------
    outputs : int
        Outputs an input.
    columns : int
        Largest number of columns of a layer that are kept; more are projected.
    most_records : int
        Of so many records the Jacobians fit into memory.

    Raises
    ------
    InputError
        If not even the smallest projection fits.
    """

    def __init__(self, tracked: Tracked, inputs: Any, memory: float, seed: int) -> None:
        self._tracked, self._inputs, self._seed = tracked, inputs, seed
        first = next(iter(tracked.parameters))
        with untouched(tracked.model, seed=seed, evaluating=True), torch.no_grad():
            outputs = get_outputs(tracked.model, detached(tracked.model), inputs)
        if not isinstance(outputs, torch.Tensor):
            raise InputError(f"kernels of a model that returns a {type(outputs).__name__}", "one tensor of outputs",
                             "leave kernels out of record, or wrap the model in a module that returns the tensor")
        self.n, self.outputs = len(outputs), math.prod(outputs.shape[1:])
        sizes = [parameter.numel() for parameter in tracked.parameters]
        row = first.element_size() * self.n * self.outputs
        self.columns = self._columns(sizes, row, memory)
        self._sketches = [Sketch(size, self.columns, number, first.device) for number, size in enumerate(sizes)]
        self.bytes_a_record = row * sum(sketch.columns for sketch in self._sketches)
        self.most_records = int(memory // self.bytes_a_record)
        # Rows of one example, three times: as they are made, flattened, and projected.
        self._chunk = max(1, int(memory / 4 / (3 * first.element_size() * self.outputs * sum(sizes))))

    @staticmethod
    def _columns(sizes: list[int], row: int, memory: float) -> int:
        k = max(sizes)
        while k > _LEAST and _KEPT * row * sum(min(size, k) for size in sizes) > memory:
            k = min(k // 2, _MOST)
        needed = row * sum(min(size, k) for size in sizes)
        if 2 * needed > memory:
            raise InputError(f"kernels need {size_in_words(2 * needed)} for two records, {size_in_words(memory)} are allowed",
                             "Jacobians of at least two records, projected, in memory",
                             "lower probes of the kernels' record, or raise memory")
        return k

    @property
    def exact(self) -> bool:
        """Whether nothing is projected."""
        return all(sketch.exact for sketch in self._sketches)

    def at(self, replaced: Mapping[str, Any]) -> list[Any]:
        """J of each layer, (n C, k), at the present parameters or those that stand for them."""
        tracked = self._tracked
        # Attention as it is written: other ways to compute it have no rule for many examples at once.
        with untouched(tracked.model, seed=self._seed, evaluating=True), sdpa_kernel(SDPBackend.MATH):
            tensors = detached(tracked.model, replaced)
            trained = {name: tensors.pop(name) for name in tracked.names}

            def outputs_of_one(parameters: dict[str, Any], one: Any) -> Any:
                batch = each_tensor(one, lambda tensor: tensor.unsqueeze(0))
                return get_outputs(tracked.model, {**tensors, **parameters}, batch).reshape(-1)

            jacobian = torch.func.vmap(torch.func.jacrev(outputs_of_one), (None, 0))
            pieces = [self._projected(jacobian(trained, take(self._inputs, slice(start, start + self._chunk))))
                      for start in range(0, self.n, self._chunk)]
        return [torch.cat(blocks) for blocks in zip(*pieces, strict=True)]

    def _projected(self, found: Mapping[str, Any]) -> list[Any]:
        blocks = (found[name].detach() for name in self._tracked.names)
        return [sketch.of(block.reshape(block.shape[0] * block.shape[1], -1))
                for sketch, block in zip(self._sketches, blocks, strict=True)]
