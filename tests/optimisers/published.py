"""The optimisers as they were published, one weight array at a time, in float64; nothing here comes from the package.

Polyak 1964 and Nesterov 1983 as Sutskever et al. 2013 write them, Hinton 2012, Kingma and Ba 2015, Loshchilov and Hutter 2019.
Each is a linear rule with divisors, so that it can be applied to parts of a gradient whose sum it saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Published:
    """One rule with its memory of one array, whose parts it moves."""

    def __init__(self, name: str, lambda_: float, fields: Mapping[str, Any]) -> None:
        self.name, self.lambda_, self.fields = name, lambda_, fields
        self.decoupled = name == "adamw" or fields.get("decay") == "decoupled"
        self.buffers: dict[int, Array] = {}
        self.mean_square: Array | None = None
        self.time = 0

    def divisor(self, gradient: Array) -> Array | float:
        """What the direction of a step is divided by, from the whole gradient of this step."""
        self.time += 1
        square = gradient**2
        if self.fields.get("preconditioner") == "pair":
            square = np.repeat((square[::2] + square[1::2]) / 2, 2, axis=0)
        before = np.zeros_like(square) if self.mean_square is None else self.mean_square
        if self.name == "rmsprop":
            alpha = self.fields["smoothing"]
            self.mean_square = alpha * before + (1 - alpha) * square
            return np.asarray(np.sqrt(self.mean_square) + self.fields["epsilon"])
        if self.name in ("adam", "adamw"):
            beta = self.fields["beta_2"]
            self.mean_square = beta * before + (1 - beta) * square
            return np.asarray(np.sqrt(self.mean_square / (1 - beta**self.time)) + self.fields["epsilon"])
        return 1.0

    def direction(self, part: int, gradient: Array) -> Array:
        """Direction of a part of the gradient, undivided."""
        before = self.buffers.get(part, np.zeros_like(gradient))
        if self.name in ("heavy-ball", "nesterov"):
            mu = self.fields["momentum"]
            self.buffers[part] = now = mu * before + gradient
            return gradient + mu * now if self.name == "nesterov" else now
        if self.name in ("adam", "adamw"):
            beta = self.fields["beta_1"]
            self.buffers[part] = now = beta * before + (1 - beta) * gradient
            return np.asarray(now / (1 - beta**self.time))
        return gradient

    def moved(self, parts: list[Array], gradients: list[Array], gamma: float) -> list[Array]:
        """Parts of a weight array after a step with these parts of the gradient, which do not hold weight decay."""
        if not self.decoupled:
            gradients = [g + self.lambda_ * part for g, part in zip(gradients, parts, strict=True)]
        divisor = self.divisor(sum(gradients[1:], gradients[0]))
        keep = 1 - gamma * self.lambda_ if self.decoupled else 1.0
        return [keep * part - gamma * self.direction(i, g) / divisor
                for i, (part, g) in enumerate(zip(parts, gradients, strict=True))]
