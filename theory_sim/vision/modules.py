"""The modules of which networks are built, in PyTorch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from torch import nn

__all__ = ["Block", "convolutions", "layers", "residual"]


class Block(nn.Module):
    """Two convolutions, each behind batch norm and ReLU, beside a shortcut; where the shape changes, the shortcut is a
    convolution of 1 x 1 behind the first batch norm and ReLU."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.norm_1, self.relu_1 = nn.BatchNorm2d(before), nn.ReLU()
        self.conv_1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.norm_2, self.relu_2 = nn.BatchNorm2d(after), nn.ReLU()
        self.conv_2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        changes = stride != 1 or before != after
        self.shortcut = nn.Conv2d(before, after, 1, stride, bias=False) if changes else None

    def forward(self, x: Any) -> Any:
        active = self.relu_1(self.norm_1(x))
        beside = x if self.shortcut is None else self.shortcut(active)
        return beside + self.conv_2(self.relu_2(self.norm_2(self.conv_1(active))))


def residual(channels: int, classes: int, *, stem: int, stem_stride: int, widths: Sequence[int], blocks: int) -> Any:
    """A convolution, stages of blocks, batch norm and ReLU, a mean over positions, a linear layer.

    Convolutions start with He et al.'s (2015) variance for their outputs, as in the official WideResNet.
    """
    parts: OrderedDict[str, Any] = OrderedDict(stem=nn.Conv2d(channels, stem, 3, stem_stride, 1, bias=False))
    before = stem
    for stage, width in enumerate(widths, 1):
        for number in range(1, blocks + 1):
            parts[f"block_{stage}_{number}"] = Block(before, width, 2 if stage > 1 and number == 1 else 1)
            before = width
    head = nn.Linear(before, classes)
    nn.init.zeros_(head.bias)
    parts |= {"norm": nn.BatchNorm2d(before), "relu": nn.ReLU(), "mean": nn.AdaptiveAvgPool2d(1), "flat": nn.Flatten(),
              "head": head}
    model = nn.Sequential(parts)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return model


def convolutions(channels: int, classes: int, widths: Sequence[int]) -> Any:
    """Convolutions of stride 2 with ReLU, a mean over positions, a linear layer."""
    parts: OrderedDict[str, Any] = OrderedDict()
    before = channels
    for number, width in enumerate(widths, 1):
        parts[f"conv_{number}"], parts[f"relu_{number}"] = nn.Conv2d(before, width, 3, 2, 1), nn.ReLU()
        before = width
    return nn.Sequential(parts | {"mean": nn.AdaptiveAvgPool2d(1), "flat": nn.Flatten(), "head": nn.Linear(before, classes)})


def layers(inputs: int, classes: int, widths: Sequence[int]) -> Any:
    """Linear layers with ReLU."""
    parts: OrderedDict[str, Any] = OrderedDict(flat=nn.Flatten())
    before = inputs
    for number, width in enumerate(widths, 1):
        parts[f"linear_{number}"], parts[f"relu_{number}"] = nn.Linear(before, width), nn.ReLU()
        before = width
    return nn.Sequential(parts | {"head": nn.Linear(before, classes)})
