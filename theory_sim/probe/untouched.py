"""A look at a model that leaves no trace: modes, random streams, gradients and buffers are as before."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

import numpy as np
import torch

from theory_sim.probe.inputs import each_tensor

__all__ = ["detached", "get_outputs", "same_streams", "untouched"]

_EMBEDDINGS: Final = (torch.nn.Embedding, torch.nn.EmbeddingBag)


def detached(model: Any, replaced: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Parameters and buffers of a model by name, for `get_outputs`: parameters share memory, buffers are copies.

    Layers such as batch norm change their buffers in a pass; they change the copies.
    """
    tensors = {name: parameter.detach() for name, parameter in model.named_parameters()}
    tensors |= {name: buffer.detach().clone() for name, buffer in model.named_buffers()}
    return tensors | dict(replaced or {})


def get_outputs(model: Any, tensors: Mapping[str, Any], inputs: Any) -> Any:
    """Outputs of the model with other parameters and buffers, (n, ...); of an output with ``logits``, these.

    What else a model returns, such as a tuple, is for the user's loss to read. A model that changes its inputs in place changes
    copies.
    """
    inputs = each_tensor(inputs, lambda tensor: tensor.clone())
    if isinstance(inputs, Mapping):
        found = torch.func.functional_call(model, dict(tensors), (), dict(inputs))
    else:
        found = torch.func.functional_call(model, dict(tensors), inputs)
    return getattr(found, "logits", found)


@contextmanager
def untouched(model: Any, *, seed: int, evaluating: bool) -> Iterator[None]:
    """Random streams with a seed of the probe's own inside, and modes for evaluation if asked for; all restored afterwards.

    Modes are set module by module: a model's ``train`` and ``eval`` may do more. Compiled parts run as they are written:
    compiled code knows neither other parameters nor hooks. Gradients of embeddings are dense inside.
    """
    sparse = [module for module in model.modules() if isinstance(module, _EMBEDDINGS) and module.sparse]
    modes = [(module, module.training) for module in model.modules()]
    devices = {tensor.device for tensor in (*model.parameters(), *model.buffers())} - {torch.device("cpu")}
    kind = next(iter(devices)).type if devices else "cuda"
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng([device.index or 0 for device in devices], device_type=kind), torch.enable_grad(), _uncompiled():
        try:
            _seed(seed, devices)
            for module in sparse:
                module.sparse = False
            for module, _ in modes if evaluating else ():
                module.training = False
            yield
        finally:
            for module, training in modes:
                module.training = training
            for module in sparse:
                module.sparse = True
            random.setstate(python)
            np.random.set_state(legacy)  # noqa: NPY002


def _uncompiled() -> AbstractContextManager[Any]:
    # Nothing is compiled before this part of PyTorch is there, which takes a second to import.
    if "torch._dynamo" not in sys.modules:
        return nullcontext()
    context: AbstractContextManager[Any] = torch.compiler.set_stance("force_eager")
    return context


@contextmanager
def same_streams(batches: Any) -> Iterator[None]:
    """Inside of `untouched`: generators of a DataLoader and its samplers draw from its seed too, and are restored."""
    by = getattr(batches, "batch_sampler", None)
    holders = (batches, getattr(batches, "sampler", None), by, getattr(by, "sampler", None), getattr(batches, "dataset", None))
    found = {id(each): each for each in (getattr(holder, "generator", None) for holder in holders)
             if isinstance(each, torch.Generator)}
    states = [(each, each.get_state()) for each in found.values()]
    try:
        for each, _ in states:
            each.manual_seed(torch.initial_seed())
        yield
    finally:
        for each, state in states:
            each.set_state(state)


def _seed(seed: int, devices: set[Any]) -> None:
    # Generator by generator: torch.manual_seed would seed devices that are not restored.
    torch.default_generator.manual_seed(seed)
    for device in devices:
        if device.type == "cuda":
            torch.cuda.default_generators[device.index or 0].manual_seed(seed)
        else:
            torch.get_device_module(device).manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - a model's forward may draw from the global stream
