"""One pass over probe examples that keeps the inputs of linear layers and of ReLU-like modules, in the order of the calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import torch
from torch import nn

from theory_sim.errors import InputError
from theory_sim.probe.tracked import Tracked
from theory_sim.probe.untouched import detached, get_outputs, untouched

__all__ = ["Call", "find_activations", "find_linear_layers", "look"]

_LINEAR: Final = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
# A pattern is whether the input is above 0: the kink of these, and where the slope of the smooth ones rises.
_KINKED: Final = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.RReLU)
_SMOOTH: Final = (nn.GELU, nn.SiLU, nn.ELU, nn.CELU, nn.SELU, nn.Softplus, nn.Mish, nn.Hardswish)


class Call(NamedTuple):
    """A module's input in a pass.

    Attributes
    ----------
    label : str
        The module's name; "name#2" at its second call.
    module : str
        Its name.
    inputs : Tensor
        What it was given, (n, ...).
    """

    label: str
    module: str
    inputs: Any


def find_linear_layers(tracked: Tracked) -> list[str]:
    """Linear and convolutional modules whose weight is trained."""
    return [name for name, module in tracked.model.named_modules()
            if isinstance(module, _LINEAR) and tracked.layers(name)[0] is not None]


def find_activations(model: Any, chosen: Sequence[str] | None) -> list[str]:
    """Names of the modules whose patterns are recorded: those chosen, or all with a kink at 0.

    Raises
    ------
    InputError
        If a chosen one is not there or is not like ReLU, or the model has none.
    """
    modules = dict(model.named_modules())
    if chosen is None:
        found = [name for name, module in modules.items() if isinstance(module, _KINKED)]
        if not found:
            smooth = sorted({type(module).__name__ for module in modules.values() if isinstance(module, _SMOOTH)})
            fix = ("name them in activations=[...]; a pattern is then whether the input is above 0" if smooth else
                   "replace relu(x) in forward by a module torch.nn.ReLU(), or leave patterns out of record")
            others = f", but have {', '.join(smooth)}" if smooth else ""
            raise InputError(f"activation patterns of a model whose modules are without a kink at 0{others}",
                             f"modules such as {', '.join(kind.__name__ for kind in _KINKED)}; "
                             "functions called in forward are not seen", fix)
        return found
    for name in chosen:
        if name not in modules:
            raise InputError(f"activations: {name!r}", "names of modules of the model",
                             f"such as {', '.join(list(modules)[1:4])}; model.named_modules() lists them")
        if not isinstance(modules[name], (*_KINKED, *_SMOOTH)):
            raise InputError(f"activations: {name!r} is a {type(modules[name]).__name__}",
                             f"a module like ReLU: {', '.join(kind.__name__ for kind in (*_KINKED, *_SMOOTH))}",
                             "leave it out")
    return list(chosen)


def look(tracked: Tracked, inputs: Any, modules: Sequence[str], seed: int, replaced: Mapping[str, Any] | None = None
         ) -> list[Call]:
    """Inputs of some modules in a pass in evaluation mode, call by call."""
    calls: list[Call] = []
    counts: dict[str, int] = {}
    handles = []

    def keep(name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        given = arguments[0] if arguments else next(iter(named.values()))
        counts[name] = counts.get(name, 0) + 1
        label = name if counts[name] == 1 else f"{name}#{counts[name]}"
        calls.append(Call(label, name, given.detach().clone()))

    try:
        for name in modules:
            def hook(module: Any, arguments: Any, named: Any, name: str = name) -> None:
                keep(name, arguments, named)

            handles.append(tracked.model.get_submodule(name).register_forward_pre_hook(hook, with_kwargs=True))
        with untouched(tracked.model, seed=seed, evaluating=True), torch.no_grad():
            get_outputs(tracked.model, detached(tracked.model, replaced), inputs)
    finally:
        for handle in handles:
            handle.remove()
    return calls
