"""Pre-activation residual networks (He et al. 2016; Zagoruyko and Komodakis 2016): wide ones, and a small one for a CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from theory_sim.errors import InputError
from theory_sim.vision.networks.base import Network, register, require_sizes

__all__ = ["SmallResNet", "WideResNet"]


@register
@dataclass(frozen=True)
class WideResNet(Network):
    """WideResNet-depth-width: three stages of (depth - 4) / 6 blocks with 16, 32 and 64 times width channels.

    Attributes
    ----------
    depth : int
        Number of layers, 6 n + 4.
    width : int
        Factor on the channels.
    """

    name: ClassVar[str] = "wide-resnet"
    summary: ClassVar[str] = "pre-activation WideResNet of a depth 6 n + 4 and a width"

    depth: int = 16
    width: int = 10

    def __post_init__(self) -> None:
        require_sizes(depth=self.depth, width=self.width)
        if self.depth < 10 or self.depth % 6 != 4:
            raise InputError(f"depth = {self.depth} of a wide-resnet", "6 n + 4: three stages of n blocks with two layers each",
                             "such as 10, 16, 22, 28", fields=["network.depth"])

    def build(self, channels: int, side: int, classes: int) -> Any:
        from theory_sim.vision.modules import residual

        _require_side(side, 4, self.name)
        widths = [16 * self.width, 32 * self.width, 64 * self.width]
        return residual(channels, classes, stem=16, stem_stride=1, widths=widths, blocks=(self.depth - 4) // 6)


@register
@dataclass(frozen=True)
class SmallResNet(Network):
    """The same with stages of any widths, behind a first layer of any stride: by default 64-128-256, a block each, stride 2.

    Attributes
    ----------
    widths : list of int
        Channels of each stage; each but the first halves the side.
    blocks : int
        Blocks a stage.
    stride : int
        Of the first layer.
    """

    name: ClassVar[str] = "small-resnet"
    summary: ClassVar[str] = "pre-activation ResNet with stages of given widths behind a layer of a stride"

    widths: tuple[int, ...] = (64, 128, 256)
    blocks: int = 1
    stride: int = 2

    def __post_init__(self) -> None:
        require_sizes(widths=self.widths, blocks=self.blocks, stride=self.stride)

    def build(self, channels: int, side: int, classes: int) -> Any:
        from theory_sim.vision.modules import residual

        _require_side(side, self.stride * 2 ** (len(self.widths) - 1), self.name)
        return residual(channels, classes, stem=self.widths[0], stem_stride=self.stride, widths=self.widths,
                        blocks=self.blocks)


def _require_side(side: int, least: int, name: str) -> None:
    if side < least:
        raise InputError(f"images of {side} x {side} pixels for {name}", f"at least {least}, as it halves them",
                         "raise side, or choose fewer stages or a smaller stride", fields=["data.side", "network"])
