"""A box of parameters, cut into cells whose edges are doubles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from proofs_check.order_box.kernels import Cell
from theory_sim.experiment import Experiment

__all__ = ["NAMES", "Grid", "Part", "make_grid"]

NAMES: Final = ("r", "lambda", "rate")
_ALIGNED: Final = 2**16
"""An edge is so many units, times a whole number."""
_SHORTEST: Final = 2.0**-7
"""Parts shorter than this share of an edge are not cut."""
Part = tuple[tuple[int, int], ...]
"""Of each of `NAMES`: where the part begins and ends, in the edge's units."""


@dataclass(frozen=True)
class Grid:
    """A box.

    Attributes
    ----------
    low, unit : dict of str to float
        Where each edge begins, and its unit, a power of two; 0 for a parameter that is fixed.
    size : dict of str to int
        Length of each edge in units.
    experiment : Experiment
        Gives the noise and the run's end.
    """

    low: Mapping[str, float]
    unit: Mapping[str, float]
    size: Mapping[str, int]
    experiment: Experiment

    @property
    def whole(self) -> Part:
        """All of the box."""
        return tuple((0, self.size[name]) for name in NAMES)

    def bounds(self, part: Part) -> dict[str, tuple[float, float]]:
        """Bounds of a part, exact."""
        return {name: (self.low[name] + begin * self.unit[name], self.low[name] + end * self.unit[name])
                for name, (begin, end) in zip(NAMES, part, strict=True)}

    def cell(self, part: Part) -> Cell:
        """Centre and half-widths of a part, exact."""
        e = self.experiment
        bounds = self.bounds(part)
        # Half a unit rounds down: the part lies within centre +- half.
        centre = {name: self.low[name] + (begin + end) // 2 * self.unit[name]
                  for name, (begin, end) in zip(NAMES, part, strict=True)}
        half = {name: high - centre[name] for name, (_, high) in bounds.items()}
        stationary = (e.tau_0_rate or e.eta_1) if e.tau_0 == "stationary" else None
        return Cell(centre, half, stationary, e.tau_0_value, e.tau_xi)

    def share(self, part: Part) -> Fraction:
        """A part's share of the box's volume."""
        found = Fraction(1)
        for (begin, end), (_, size) in zip(part, self.whole, strict=True):
            found *= Fraction(end - begin, size) if size else 1
        return found

    def last_step(self, part: Part) -> int:
        """A step that every run of the part takes: rates sum to less than max_tau before."""
        rate = self.bounds(part)["rate"][1]
        steps = math.floor(self.experiment.max_tau / rate * (1.0 - 1e-9))
        return min(steps, self.experiment.max_steps or steps)

    def cut(self, part: Part, change: Mapping[str, float] | None, times: int) -> list[Part]:
        """Halves of halves, each time along the parameter that changes outputs most; none if a part is too small."""
        lengths = dict(zip(NAMES, part, strict=True))
        weight = {name: (change or {}).get(name, 1.0) for name, (begin, end) in lengths.items() if end > begin}
        parts = [lengths]
        for _ in range(times):
            weight = {name: each for name, each in weight.items()
                      if parts[0][name][1] - parts[0][name][0] > _SHORTEST * self.size[name]}
            if not weight:
                return [] if len(parts) == 1 else [tuple(each[name] for name in NAMES) for each in parts]
            name = max(weight, key=lambda each: weight[each])
            weight[name] /= 2.0
            parts = [{**each, name: half} for each in parts for half in _halves(each[name])]
        return [tuple(each[name] for name in NAMES) for each in parts]


def _halves(edge: tuple[int, int]) -> list[tuple[int, int]]:
    middle = sum(edge) // 2
    return [(edge[0], middle), (middle, edge[1])]


def make_grid(experiment: Experiment, box: Mapping[str, tuple[float, float]]) -> Grid:
    """The box in r, lambda and the rate before any fall, widened by at most a part in 2^13 so that all edges are doubles."""
    e = experiment
    low_ratio, high_ratio = box.get("eta_ratio", (0.0, 0.0))
    bounds = {"r": box.get("r", (e.r, e.r)), "lambda": box.get("lambda", (e.lambda_, e.lambda_)), "rate": (e.eta_1, e.eta_1)}
    if e.schedule == "S":
        bounds["rate"] = (low_ratio * e.eta_1, high_ratio * e.eta_1) if "eta_ratio" in box else (e.eta_2, e.eta_2)
    low, unit, size = {}, {}, {}
    for name, (begin, end) in bounds.items():
        low[name], unit[name], size[name] = float(begin), 0.0, 0
        if end > begin:
            fine = 2.0 ** (math.floor(math.log2(end - begin)) - 30)
            start = math.floor(Fraction(begin) / Fraction(fine)) - 1
            count = math.ceil(Fraction(end) / Fraction(fine)) + 1 - start
            low[name], unit[name], size[name] = start * fine, fine, math.ceil(Fraction(count, _ALIGNED)) * _ALIGNED
    return Grid(low, unit, size, experiment)
