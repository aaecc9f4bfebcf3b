"""Gaussian noise on pre-activations, around any ReLU of a network, off at validation (THEORY §12)."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import nn

from theory_sim.errors import InputError, nearest, shown
from theory_sim.reading.arguments import accepts
from theory_sim.vision.plan import SHARES

__all__ = ["NoisyReLU", "add_noise", "set_level"]

# Over what one draw is shared, as the number of leading dimensions that it has no entries along.
_DIMENSIONS: Final = dict(zip(SHARES, range(3), strict=True))


class NoisyReLU(nn.Module):
    """ReLU whose input gets Gaussian noise while the network trains.

    The noise is drawn from PyTorch's global stream. The ReLU stays a module of its own, so that a probe finds it.

    Attributes
    ----------
    level : float
        Standard deviation; 0 draws nothing.
    """

    def __init__(self, relu: Any, shared: str) -> None:
        super().__init__()
        self.relu, self.shared, self.level = relu, shared, 0.0

    def forward(self, x: Any) -> Any:
        if self.training and self.level > 0.0:
            shape = list(x.shape)
            for dim in range(_DIMENSIONS[self.shared]):
                # Of (n, units) there are no channels apart from units: these keep their own draws.
                if dim == 0 or x.ndim > 2:
                    shape[dim] = 1
            x = x + self.level * torch.randn(shape, dtype=x.dtype, device=x.device)
        return self.relu(x)

    def extra_repr(self) -> str:
        return f"shared={self.shared!r}, level={self.level}"


@accepts(shared="a text")
def add_noise(model: Any, shared: str = "batch and channels") -> list[NoisyReLU]:
    """Put a `NoisyReLU` around each ReLU module of a network, in place; their level is 0 until it is set.

    Each call of a module that is used in many places draws noise of its own.

    Parameters
    ----------
    model : torch.nn.Module
    shared : {"nothing", "batch", "batch and channels"}
        Over what one draw is shared.

    Returns
    -------
    list of NoisyReLU

    Raises
    ------
    InputError
        If the network has no ReLU as a module, or ``shared`` is something else.

    Examples
    --------
    >>> import torch
    >>> from theory_sim.vision import add_noise
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    >>> (noisy,) = add_noise(model, "batch")
    >>> noisy.level = 0.4
    """
    if shared not in SHARES:
        raise InputError(f"shared = {shown(shared)}", f"one of {', '.join(map(repr, SHARES))}", nearest(shared, SHARES))
    if not isinstance(model, nn.Module):
        raise InputError(f"a model of the type {type(model).__name__}", "a torch.nn.Module", "give the network itself")
    found: dict[int, NoisyReLU] = {}
    for module in [each for each in model.modules() if not isinstance(each, NoisyReLU)]:
        for name, child in list(module._modules.items()):  # one ReLU may have many names
            if isinstance(child, nn.ReLU):
                noisy = found.setdefault(id(child), NoisyReLU(child, shared))
                setattr(module, name, noisy)
    if not found:
        raise InputError("a network without a module torch.nn.ReLU", "ReLUs as modules, none of which has noise already",
                         "replace relu(x) in forward by a module torch.nn.ReLU()")
    return list(found.values())


def set_level(noisy: list[NoisyReLU], level: float) -> None:
    """Set the standard deviation of all."""
    for each in noisy:
        each.level = level
