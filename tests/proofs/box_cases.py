"""What a cell leaves out of outputs, by brute force: the residuals that belong to f^ at many points of the cell."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from proofs_check.order.approximate import BITS
from proofs_check.order.clock import NoiseClock
from proofs_check.order.outputs import Outputs
from proofs_check.order_box.kernels import Cell
from proofs_check.order_box.star import Stars
from theory_sim.data import Data, draw_data
from theory_sim.experiment import Experiment

SMALL = Experiment(d=10, N=20, max_tau=400.0, eta_1=16.0, eta_2=4.0, dtype="float64")
STEPS = 14
CELLS: dict[str, tuple[float, dict[str, float]]] = {
    "r, noise slow": (2.0, {"r": 0.03}), "lambda": (16.0, {"lambda": 5e-5}), "rate": (4.0, {"rate": 0.2}),
    "r and lambda": (16.0, {"r": 0.02, "lambda": 3e-5}), "all": (4.0, {"r": 0.02, "lambda": 3e-5, "rate": 0.15}),
}
"""Rate, and half-widths around r = 0.3, lambda = 0.0005."""


def cell_of(name: str) -> Cell:
    """A cell by name."""
    rate, half = CELLS[name]
    return Cell({"r": 0.3, "lambda": 5e-4, "rate": rate}, {"r": 0.0, "lambda": 0.0, "rate": 0.0} | half, SMALL.eta_1,
                SMALL.tau_0_value, SMALL.tau_xi)


@cache
def setting() -> tuple[Data, Stars]:
    """Draws, and runs at points."""
    data = draw_data(SMALL)
    return data, Stars(SMALL, data)


def _at(cell: Cell, q: Any) -> dict[str, float]:
    return {name: cell.centre[name] + (cell.half[name] * float(q[cell.varied.index(name)]) if name in cell.varied else 0.0)
            for name in ("r", "lambda", "rate")}


@cache
def residuals_of(name: str) -> tuple[Any, list[Any], list[Any]]:
    """Centre, slopes and squares of the residuals over a cell."""
    cell, (_, stars) = cell_of(name), setting()
    middle = stars.at(cell.centre, STEPS).residuals * 2.0**-BITS
    slopes, squares = [], []
    for each in cell.varied:
        low, high = (stars.at({**cell.centre, each: cell.centre[each] + sign * cell.half[each]}, STEPS).residuals * 2.0**-BITS
                     for sign in (-1, 1))
        slopes.append((high - low) / 2)
        squares.append((high + low) / 2 - middle)
    return middle, slopes, squares


def off_at(name: str, q: Any) -> tuple[Any, Any]:
    """|f^ - f~| (T, N) at a point q of a cell by the definition, and the residuals there."""
    cell, (data, stars) = cell_of(name), setting()
    middle, slopes, squares = residuals_of(name)
    a = middle + sum(x * b + x * x * c for x, b, c in zip(q, slopes, squares, strict=True))
    point = _at(cell, q)
    e = SMALL.replace(lambda_=point["lambda"])
    clock = NoiseClock([point["rate"]] * STEPS, [float(len(data))] * STEPS, lambda_=point["lambda"], tau_0=e.tau_0_value,
                       tau_xi=e.tau_xi, moving=[True] * STEPS, redrawn=False)
    outputs = Outputs(stars.sites(point), clock)
    f = np.concatenate([each.values for each in outputs.stretches(a * data.y)])[:STEPS]
    return np.abs(f - data.y * np.log((1 - a) / a)), a


@cache
def worst_of(name: str) -> Any:
    """The largest |f^ - f~| (T, N) over 60 points of a cell."""
    count = len(CELLS[name][1])
    rng = np.random.default_rng(5)
    points = [*rng.uniform(-1, 1, (52, count)), *rng.choice([-1.0, 1.0], (8, count))]
    return np.max([off_at(name, q)[0] for q in points], axis=0)
