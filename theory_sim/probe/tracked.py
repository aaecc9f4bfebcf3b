"""The parameters that an optimiser trains, by name, and whether they are still the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch

from theory_sim.errors import InputError
from theory_sim.probe.rules.of_optimiser import unwrapped

__all__ = ["Tracked", "in_full"]

_FULL: Final = (torch.float32, torch.float64)
_WRAPPERS: Final = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)


def in_full(tensor: Any) -> Any:
    """A tensor, dense, and in float32 if it is in half precision, in which small steps would round to nothing."""
    if tensor.dtype in _FULL and tensor.layout == torch.strided:
        return tensor
    dense = tensor.to_dense() if tensor.layout != torch.strided else tensor
    return dense.to(torch.promote_types(dense.dtype, torch.float32))


@dataclass
class Tracked:
    """Parameters of a model that are in an optimiser's groups.

    Attributes
    ----------
    model, optimizer : Module, Optimizer
    names : list of str
        As the model names them, in its order.
    parameters : list of Parameter
    groups : list of int
        Index of each one's parameter group.
    """

    model: Any
    optimizer: Any
    names: list[str]
    parameters: list[Any]
    groups: list[int]

    @classmethod
    def of(cls, model: Any, optimizer: Any) -> Tracked:
        """Look them up.

        Raises
        ------
        InputError
            If there is no model or optimiser, a parameter of the optimiser is not the model's, or none requires a gradient.

        Notes
        -----
        Of a wrapper, DataParallel's or a compiled model's, the model inside is followed: passes of the probe would not go
        through the wrapper.
        """
        model = _unwrapped(model)
        if not isinstance(model, torch.nn.Module):
            raise InputError(f"a model of the type {type(model).__name__}", "a torch.nn.Module", "give the network itself")
        if isinstance(model, torch.jit.ScriptModule):
            raise InputError("a model of torch.jit", "a torch.nn.Module that runs in Python, whose parameters can be replaced",
                             "give the network as it was before torch.jit.script")
        optimizer = unwrapped(optimizer)
        named = dict(model.named_parameters())
        for name, each in named.items():
            if torch.nn.parameter.is_lazy(each):
                raise InputError(f"the parameter {name} without a shape yet", "parameters that are there from the start",
                                 "pass a batch through the model once, then make optimiser and probe")
            if each.is_meta:
                raise InputError(f"the parameter {name} on the device meta, without values", "parameters that have values",
                                 "load the model's weights, then make optimiser and probe")
        index = {id(parameter): number for number, group in enumerate(optimizer.param_groups) for parameter in group["params"]}
        strange = index.keys() - {id(parameter) for parameter in named.values()}
        if strange:
            raise InputError(f"{len(strange)} parameters of the optimiser that are not the model's",
                             "an optimiser of the model's parameters", "give the model that the optimiser trains: if it was "
                             "moved or wrapped, make the optimiser afterwards")
        kept = {name: each for name, each in named.items() if id(each) in index and each.requires_grad}
        if not kept:
            raise InputError("an optimiser without a parameter of the model that requires a gradient", "at least one",
                             "give the optimiser that trains the model")
        for name, each in kept.items():
            if not each.is_floating_point():
                raise InputError(f"the parameter {name} of {each.dtype}", "real numbers", "leave it out of the optimiser")
        return cls(model, optimizer, list(kept), list(kept.values()), [index[id(each)] for each in kept.values()])

    def options(self) -> list[Mapping[str, Any]]:
        """Options of each parameter's group."""
        return [self.optimizer.param_groups[group] for group in self.groups]

    def states(self) -> list[Mapping[str, Any]]:
        """The optimiser's state of each parameter."""
        return [self.optimizer.state.get(parameter, {}) for parameter in self.parameters]

    def versions(self) -> list[float]:
        """How often each parameter was changed in place, then how many steps of each the optimiser counts, if it does."""
        return [*(float(parameter._version) for parameter in self.parameters),
                *(float(state["step"]) for state in self.states() if "step" in state)]

    def step_was_skipped(self) -> bool:
        """Inside of a step of a fused optimiser: whether GradScaler has it leave all parameters as they were."""
        found = getattr(self.optimizer, "found_inf", None)
        return found is not None and float(found) > 0.0

    def copies(self) -> list[Any]:
        """Values of the parameters, in float32 at least."""
        return [in_full(parameter.detach()).clone() for parameter in self.parameters]

    def layers(self, module: str) -> tuple[str | None, str | None]:
        """Names of the tracked weight and bias of a module, None where there is none; matched by identity, as weights may be
        tied."""
        home = self.model.get_submodule(module)
        known = {id(parameter): name for name, parameter in zip(self.names, self.parameters, strict=True)}
        # Not by getattr: a weight under spectral norm is computed when it is asked for, and changes buffers in that.
        weight, bias = (known.get(id(home._parameters.get(name))) for name in ("weight", "bias"))
        return weight, bias

    def require_same(self) -> None:
        """Raise InputError unless model and optimiser hold the same parameters as at the start, and no others are trained."""
        present = dict(self.model.named_parameters())
        trained = {id(parameter) for group in self.optimizer.param_groups for parameter in group["params"]}
        known = {id(parameter) for parameter in self.parameters}
        for name, parameter in present.items():
            if parameter.requires_grad and id(parameter) in trained - known:
                raise InputError(f"the parameter {name} is trained, and was not when the probe was made",
                                 "the same parameters throughout: their split is followed from the start",
                                 "make a new probe where parameters are added to the optimiser, or begin to require a gradient")
        for name, parameter in zip(self.names, self.parameters, strict=True):
            if name not in present or present[name] is not parameter or id(parameter) not in trained:
                raise InputError(f"the parameter {name} is another one than when the probe was made",
                                 "the same parameters throughout: their split is followed from the start",
                                 "make the probe once the model is in its final form, a new one if parameters are replaced")

    def require_kinds(self, expected: list[tuple[torch.Size, torch.dtype, torch.device]]) -> None:
        """Raise InputError unless each parameter has the shape, precision and device that it had."""
        if self.kinds() == expected:
            return
        for name, parameter, (shape, dtype, device) in zip(self.names, self.parameters, expected, strict=True):
            if (parameter.shape, parameter.dtype, parameter.device) != (shape, dtype, device):
                found = f"{parameter.dtype} {tuple(parameter.shape)} on {parameter.device}"
                raise InputError(f"the parameter {name} is now {found}",
                                 f"{dtype} {tuple(shape)} on {device}, as when the probe was made",
                                 "make the probe after the model was moved or converted")

    def kinds(self) -> list[tuple[torch.Size, torch.dtype, torch.device]]:
        """Shape, precision and device of each, for `require_kinds`."""
        return [(parameter.shape, parameter.dtype, parameter.device) for parameter in self.parameters]


def _unwrapped(model: Any) -> Any:
    """The model inside of torch.compile's, DataParallel's or DistributedDataParallel's wrapper."""
    while isinstance(model, torch.nn.Module):
        if isinstance(model, _WRAPPERS):
            model = model.module
        elif "_orig_mod" in model._modules:
            model = model._orig_mod
        else:
            break
    return model
