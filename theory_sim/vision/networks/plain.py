"""Networks without normalisation: a small convolutional one, and fully connected layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from theory_sim.errors import InputError
from theory_sim.vision.networks.base import Network, register, require_sizes

__all__ = ["CNN", "MLP"]


@register
@dataclass(frozen=True)
class CNN(Network):
    """Convolutions of 3 x 3 with stride 2, a mean over positions, a linear layer.

    Attributes
    ----------
    widths : list of int
        Channels of each layer.
    """

    name: ClassVar[str] = "cnn"
    summary: ClassVar[str] = "convolutions of stride 2, without normalisation"

    widths: tuple[int, ...] = (32, 64)

    def __post_init__(self) -> None:
        require_sizes(widths=self.widths)

    def build(self, channels: int, side: int, classes: int) -> Any:
        from theory_sim.vision.modules import convolutions

        if side < 2 ** len(self.widths):
            raise InputError(f"images of {side} x {side} pixels for {len(self.widths)} layers of stride 2",
                             f"at least {2 ** len(self.widths)}", "raise side, or give fewer widths",
                             fields=["data.side", "network.widths"])
        return convolutions(channels, classes, self.widths)


@register
@dataclass(frozen=True)
class MLP(Network):
    """Fully connected layers on the pixels.

    Attributes
    ----------
    widths : list of int
        Units of each hidden layer.
    """

    name: ClassVar[str] = "mlp"
    summary: ClassVar[str] = "fully connected layers, without normalisation"

    widths: tuple[int, ...] = (256,)

    def __post_init__(self) -> None:
        require_sizes(widths=self.widths)

    def build(self, channels: int, side: int, classes: int) -> Any:
        from theory_sim.vision.modules import layers

        return layers(channels * side * side, classes, self.widths)
