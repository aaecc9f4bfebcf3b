"""Signal and accumulated noise of a network's parameters: the optimiser's own rule, applied to each (THEORY §15).

The sum of both parts is the parameters at every step. What a step rounds otherwise than the optimiser does is added to the
signal, after it was found to be no more than rounding. Both parts are in float32 at least, whatever the parameters are in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch

from theory_sim.arrays import Array
from theory_sim.errors import InputError
from theory_sim.probe.law import NoiseLaw
from theory_sim.probe.rules.base import Part, Rule
from theory_sim.probe.tracked import Tracked, in_full
from theory_sim.theory.linear_rules import Move

__all__ = ["NotFinite", "Split"]

# By how many times the unit roundoff of all that a step adds up may differ from what the optimiser makes of it.
_ROUNDINGS: Final = 16.0
_CHECKS: Final = 50


class NotFinite(Exception):
    """Parameters, or gradients, are no longer numbers."""


class Split:
    """Both parts of the parameters, with their momentum buffers, and the law of the noise.

    The noise starts as the parameters themselves, U_0. A momentum buffer that the optimiser has already is the signal's.

    Attributes
    ----------
    signal, noise : list of Tensor
        One a parameter.
    law : NoiseLaw
        Level and correlation by THEORY §5.
    noise_square : float
        Sum of squares of the last step's xi.
    """

    def __init__(self, tracked: Tracked, rule: Rule) -> None:
        self._tracked, self._rule = tracked, rule
        self.noise = tracked.copies()
        self.signal = [torch.zeros_like(each) for each in self.noise]
        self._velocities = {"signal": self._start_velocity(), "noise": [torch.zeros_like(each) for each in self.noise]}
        self._fresh = [rule.velocity_of(state) is None for state in tracked.states()]
        self._kinds, self._versions = tracked.kinds(), tracked.versions()
        self.sizes = np.array([each.numel() for each in self.noise], dtype=np.float64)
        self.law = NoiseLaw(self.squares(self.noise), self.sizes)
        self.noise_square = math.nan
        self._allowed, self._checks = [0.0] * len(self.noise), 0

    def _start_velocity(self) -> list[Any]:
        found = [self._rule.velocity_of(state) for state in self._tracked.states()]
        return [torch.zeros_like(each) if velocity is None else in_full(velocity.detach()).clone()
                for velocity, each in zip(found, self.noise, strict=True)]

    @staticmethod
    def squares(tensors: list[Any]) -> Array:
        """Mean square entry of each tensor, (L,)."""
        norms = torch._foreach_norm(tensors)
        return np.array([float(norm) ** 2 / max(each.numel(), 1) for norm, each in zip(norms, tensors, strict=True)])

    def sums(self) -> dict[str, Any]:
        """Both parts added up, by the parameter's name."""
        sums = zip(torch._foreach_add(self.signal, self.noise), self._tracked.parameters, strict=True)
        return dict(zip(self._tracked.names, (each.to(parameter.dtype) for each, parameter in sums), strict=True))

    def norms(self, part: list[Any]) -> Array:
        """Frobenius norm of each tensor of a part, (L,)."""
        return np.sqrt(self.squares(part) * self.sizes)

    def advance(self, full: list[Any]) -> None:
        """Take the step that the optimiser has just taken, ``full`` being the gradients of the whole loss before it.

        Raises
        ------
        InputError
            If no gradient is there, or the parts do not add up.
        NotFinite
            If training has diverged; the split is lost then.
        """
        tracked = self._tracked
        used = [parameter.grad for parameter in tracked.parameters]
        active = [index for index, gradient in enumerate(used) if gradient is not None]
        if not active:
            tracked.require_same()
            raise InputError("no parameter has a gradient", "the gradients that the optimiser used, as it left them",
                             "call probe.step() after optimizer.step() and before zero_grad()")
        options, states = tracked.options(), tracked.states()
        xi = {index: in_full(used[index].detach()) - full[index] for index in active}
        for group in sorted({tracked.groups[index] for index in active}):
            of_group = [index for index in active if tracked.groups[index] == group]
            parts: tuple[tuple[str, list[Any], Any], ...] = ("signal", self.signal, full), ("noise", self.noise, xi)
            for name, weights, gradients in parts:
                part = Part([weights[index] for index in of_group], [gradients[index] for index in of_group],
                            [self._velocities[name][index] for index in of_group])
                self._rule.advance(part, tracked.optimizer.param_groups[group], [states[index] for index in of_group],
                                   [self._fresh[index] for index in of_group])
        self._add_up()
        self._advance_law(xi, options)
        for index in active:
            self._fresh[index] = self._rule.velocity_of(states[index]) is None
        self._versions = tracked.versions()

    def _advance_law(self, xi: dict[int, Any], options: list[Any]) -> None:
        idle = [index not in xi for index in range(len(options))]
        squares = np.zeros(len(options))
        squares[list(xi)] = self.squares(list(xi.values()))
        self.noise_square = float(squares @ self.sizes)
        # A parameter without a gradient is left as it is: a step of rate 0 and decay 0.
        moves = [Move(1.0, 0.0, 0.0, 0.0) if off else self._rule.first_move(each) if fresh else self._rule.move(each)
                 for off, fresh, each in zip(idle, self._fresh, options, strict=True)]
        self.law.step(moves, [0.0 if off else float(each["lr"]) for off, each in zip(idle, options, strict=True)],
                      [0.0 if off else float(each.get("weight_decay", 0.0)) for off, each in zip(idle, options, strict=True)],
                      [self._rule.coupled(each) for each in options], squares)

    def require_step(self) -> None:
        """Raise InputError if no step was taken since the last one, or parameters were replaced."""
        self._tracked.require_kinds(self._kinds)
        # Fused SGD counts neither changes nor steps: then values tell, unless all rates are 0.
        counted = self._versions != self._tracked.versions() or not any(float(each["lr"]) for each in self._tracked.options())
        if not counted and all(off <= allowed for off, allowed in self._differences(self._left())):
            self._tracked.require_same()
            raise InputError("no parameter has changed since the last probe.step()", "one probe.step() after each "
                             "optimizer.step()", "call it once, after the optimiser; leave it out where a step was skipped, as "
                             "GradScaler skips some")

    def _add_up(self) -> None:
        """Add rounding to the signal; raise InputError if it is more than that."""
        left = self._left()
        for name, (off, allowed) in zip(self._tracked.names, self._differences(left), strict=True):
            if not math.isfinite(off):
                raise NotFinite(name)
            if not off <= allowed:
                self._tracked.require_same()
                optimizer = type(self._tracked.optimizer).__name__
                raise InputError(
                    f"{name} is not what {optimizer} makes of its gradient: it is off by {off:.3g}, rounding is up to "
                    f"{allowed:.3g}",
                    "one probe.step() after each optimizer.step(), before zero_grad() and before the scheduler changes the "
                    "rate; nothing but the optimiser moves the parameters",
                    "call it there; give rule= if the optimiser is a variant of your own")
        torch._foreach_add_(self.signal, left)

    def _left(self) -> Any:
        """Parameters less both parts."""
        present = [in_full(parameter.detach()) for parameter in self._tracked.parameters]
        return torch._foreach_sub(torch._foreach_sub(present, self.signal), self.noise)

    def _differences(self, left: Any) -> list[tuple[float, float]]:
        """Norm of each parameter less both parts, and what rounding can make of it, by sizes at most so many checks old."""
        self._checks += 1
        if self._checks % _CHECKS == 0:
            self._allowed = [0.0] * len(self.noise)
        off = [float(norm) for norm in torch._foreach_norm(left)]
        if not all(each <= allowed for each, allowed in zip(off, self._allowed, strict=True)):
            present = [in_full(parameter.detach()) for parameter in self._tracked.parameters]
            sizes = [torch._foreach_norm(each) for each in (present, self.signal, self.noise)]
            self._allowed = [_ROUNDINGS * torch.finfo(dtype).eps * sum(float(size[index]) for size in sizes)
                             for index, (_, dtype, _) in enumerate(self._kinds)]
        return list(zip(off, self._allowed, strict=True))

    def state(self) -> dict[str, Any]:
        """Both parts with their buffers, and the law."""
        return {"signal": self.signal, "noise": self.noise, "velocities": self._velocities, "fresh": self._fresh,
                "noise_square": self.noise_square, "allowed": self._allowed, "checks": self._checks, "law": self.law.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take what `state` gave; model and optimiser are those of that time."""
        self.signal, self.noise = list(state["signal"]), list(state["noise"])
        self._velocities, self._fresh = dict(state["velocities"]), list(state["fresh"])
        self.noise_square, self._allowed, self._checks = state["noise_square"], list(state["allowed"]), state["checks"]
        self.law.restore(state["law"])
        self._versions = self._tracked.versions()

    @property
    def bytes_held(self) -> int:
        """Memory that it holds."""
        held = [*self.signal, *self.noise, *self._velocities["signal"], *self._velocities["noise"]]
        return int(sum(each.numel() * each.element_size() for each in held))
