"""One pass over probe examples that keeps the inputs of linear layers and of ReLUs, in the order of the calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Final, NamedTuple

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from theory_sim.errors import InputError
from theory_sim.probe.tracked import Tracked
from theory_sim.probe.untouched import detached, get_outputs, untouched

__all__ = ["Call", "choose_activations", "find_activations", "find_linear_layers", "look"]

_LINEAR: Final = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
# A pattern is whether the input is above 0: the kink of these, and where the slope of the smooth ones rises.
_KINKED: Final = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.RReLU)
_SMOOTH: Final = (nn.GELU, nn.SiLU, nn.ELU, nn.CELU, nn.SELU, nn.Softplus, nn.Mish, nn.Hardswish)
_FUNCTIONS: Final[Mapping[Any, str]] = {
    **dict.fromkeys((torch.relu, torch.relu_, torch.Tensor.relu, torch.Tensor.relu_), "relu"),
    functional.relu: "relu",
    functional.relu6: "relu6",
    **dict.fromkeys((functional.leaky_relu, functional.leaky_relu_), "leaky_relu"),
    **dict.fromkeys((torch.prelu, torch.Tensor.prelu, functional.prelu), "prelu"),
    **dict.fromkeys((torch.rrelu, torch.rrelu_, functional.rrelu, functional.rrelu_), "rrelu"),
}
"""Functions with a kink at 0, which a model may call in forward in place of a module."""


class Call(NamedTuple):
    """The input of a module, or of a function such as relu, in a pass.

    Attributes
    ----------
    label : str
        The module's name; "name#2" at its second call. Of a function "F.relu", behind the name of the module that calls it.
    module : str
        The same without the number of the call.
    inputs : Tensor
        What it was given, (n, ...).
    """

    label: str
    module: str
    inputs: Any


def find_linear_layers(model: Any) -> list[str]:
    """Linear and convolutional modules."""
    return [name for name, module in model.named_modules() if isinstance(module, _LINEAR)]


def find_activations(model: Any, chosen: Sequence[str] | None) -> list[str]:
    """Names of the modules that may be recorded: those chosen, or all with a kink at 0.

    Raises
    ------
    InputError
        If a chosen one is not there or is not like ReLU; a name with "F." in it is one of a function, which a pass finds.
    """
    modules = dict(model.named_modules())
    if chosen is None:
        return [name for name, module in modules.items() if isinstance(module, _KINKED)]
    found = [name for name in chosen if name in modules or not _is_function(name)]
    for name in found:
        if name not in modules:
            raise InputError(f"activations: {name!r}", "names of modules of the model",
                             f"such as {', '.join(list(modules)[1:4])}; model.named_modules() lists them")
        if not isinstance(modules[name], (*_KINKED, *_SMOOTH)):
            raise InputError(f"activations: {name!r} is a {type(modules[name]).__name__}",
                             f"a module like ReLU: {', '.join(kind.__name__ for kind in (*_KINKED, *_SMOOTH))}",
                             "leave it out")
    return found


def choose_activations(model: Any, chosen: Sequence[str] | None, modules: Sequence[str], calls: Sequence[Call]) -> list[str]:
    """Modules and functions whose patterns are recorded, after a pass that kept both.

    Raises
    ------
    InputError
        If a chosen module or function was not called, or nothing with a kink at 0 was.
    """
    used = list(dict.fromkeys(call.module for call in calls))
    called = [name for name in used if name not in dict(model.named_modules())]
    if chosen is None:
        found = [*(name for name in modules if name in used), *called]
        if not found:
            smooth = sorted({type(module).__name__ for module in model.modules() if isinstance(module, _SMOOTH)})
            fix = ("name them in activations=[...]; a pattern is then whether the input is above 0" if smooth else
                   "use torch.nn.ReLU() or torch.relu(x) in forward, or leave patterns out of record")
            others = f", but has {', '.join(smooth)}" if smooth else ""
            raise InputError(f"activation patterns of a model without a kink at 0{others}",
                             f"modules such as {', '.join(kind.__name__ for kind in _KINKED)}, or functions: "
                             f"{', '.join(dict.fromkeys(_FUNCTIONS.values()))}, which a pass in evaluation mode calls", fix)
        return found
    for name in chosen:
        if name in modules and name not in used:
            raise InputError(f"activations: {name!r}, which a pass in evaluation mode does not call", "modules that it calls",
                             "leave it out")
        if name not in modules and name not in called:
            raise InputError(f"activations: {name!r}", "a function that the model calls in a pass",
                             f"such as {', '.join(called[:3])}" if called else "name modules of the model")
    return list(chosen)


def _is_function(name: str) -> bool:
    return any(name.endswith(f"F.{each}") for each in _FUNCTIONS.values())


def look(
    tracked: Tracked, inputs: Any, modules: Sequence[str], seed: int, replaced: Mapping[str, Any] | None = None, *,
    functions: bool = False,
) -> list[Call]:
    """Inputs of some modules in a pass in evaluation mode, call by call; with ``functions`` those of relu and its like, too."""
    calls: list[Call] = []
    counts: dict[str, int] = {}
    model = tracked.model

    def keep(name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        given = arguments[0] if arguments else next(iter(named.values()))
        counts[name] = counts.get(name, 0) + 1
        label = name if counts[name] == 1 else f"{name}#{counts[name]}"
        calls.append(Call(label, name, given.detach().clone()))

    watched = _Functions(keep) if functions else None
    handles = [] if watched is None else watched.follow(model)
    try:
        for name in modules:
            def hook(module: Any, arguments: Any, named: Any, name: str = name) -> None:
                keep(name, arguments, named)

            handles.append(model.get_submodule(name).register_forward_pre_hook(hook, with_kwargs=True))
        with untouched(model, seed=seed, evaluating=True), torch.no_grad(), watched or nullcontext():
            get_outputs(model, detached(model, replaced), inputs)
    finally:
        for handle in handles:
            handle.remove()
    return calls


class _Functions(TorchFunctionMode):  # type: ignore[misc, unused-ignore]
    """Keeps the inputs of functions with a kink at 0, but of those that modules such as ReLU call.

    Parameters
    ----------
    keep : callable
        Takes the function's name behind that of the module that calls it, its arguments and its named arguments.
    """

    def __init__(self, keep: Callable[[str, tuple[Any, ...], Mapping[str, Any]], None]) -> None:
        super().__init__()
        self._keep = keep
        self._inside: list[tuple[str, Any]] = []

    def follow(self, model: Any) -> list[Any]:
        """Handles of hooks that say inside of which module a pass is."""
        def enter(name: str) -> Callable[..., None]:
            return lambda module, arguments: self._inside.append((name, module))

        def leave(module: Any, arguments: Any, output: Any) -> None:
            self._inside.pop()

        named = list(model.named_modules())
        return [*(module.register_forward_pre_hook(enter(name)) for name, module in named),
                *(module.register_forward_hook(leave) for _, module in named)]

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = _FUNCTIONS.get(func)
        if name is not None:
            module, kind = self._inside[-1] if self._inside else ("", None)
            if not isinstance(kind, (*_KINKED, *_SMOOTH)):
                self._keep(f"{module}.F.{name}" if module else f"F.{name}", args, kwargs or {})
        return func(*args, **(kwargs or {}))
