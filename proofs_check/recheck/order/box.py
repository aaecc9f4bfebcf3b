"""Check a learning order certified over a box of parameters: the cells cover it, and each cell's bounds follow again.

Residuals are guessed anew; nothing of them is read from the file.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from proofs_check.recheck.order.box_cell import CellCheck
from proofs_check.recheck.order.check import require_theory, threshold_above
from proofs_check.recheck.order.statement import digest
from proofs_check.recheck.refusal import Refused, double, only_keys
from theory_sim.data import draw_data
from theory_sim.experiment import Experiment

__all__ = ["check_box"]

_ENTRIES: Final = {"experiment", "data", "level", "box", "covers", "verdict", "version"}
_OF_COVER: Final = {"schedule", "low", "unit", "size", "cells", "left"}
_OF_LEFT: Final = {"part", "reason"}
_OF_CELL: Final = {"part", "order", "step", "first", "second", "before", "remainder", "drift"}
_NAMES: Final = ("r", "lambda", "rate")


def check_box(content: Mapping[str, Any]) -> str:
    """Check a certificate's content; return what was checked.

    Raises
    ------
    Refused
        If anything in it does not follow.
    """
    only_keys(content, _ENTRIES)
    experiment = Experiment(**content["experiment"])
    level = double(content["level"], "level")
    if type(content["version"]) is not str:
        raise Refused("a version that is no text")
    if not 0.0 < level < math.log(2):
        raise Refused("a level outside (0, log 2)")
    schedules = [cover["schedule"] for cover in content["covers"]]
    if not schedules or len(set(schedules)) < len(schedules) or not set(schedules) <= {"L-S", "S"}:
        raise Refused("schedules other than L-S and S, or one twice")
    if digest(experiment, draw_data(experiment)) != content["data"]:
        raise Refused("other data than those of the certificate are drawn here")
    only_keys(content["box"], set(content["box"]) & {"r", "lambda", "eta_ratio"})
    verdicts, cells = [], 0
    for cover in content["covers"]:
        verdicts.append(_check_cover(experiment.replace(schedule=cover["schedule"]), cover, content["box"], level))
        cells += len(cover["cells"])
    verdict = "undecided" if "undecided" in verdicts else "certified"
    if content["verdict"] != verdict:
        raise Refused(f"verdict {content['verdict']!r}, where {verdict!r} follows")
    told = ", ".join(f"{name} {each}" for name, each in zip(schedules, verdicts, strict=True))
    return f"{cells} cells enclosed again from residuals of their own, which cover what is stated; at level {level:g}: {told}"


def _check_cover(e: Experiment, cover: Mapping[str, Any], box: Mapping[str, Any], level: float) -> str:
    """Check a schedule's cells; return its order over the box."""
    only_keys(cover, _OF_COVER)
    require_theory(e)
    stopped = e.frozen_patterns or e.redrawn_patterns or e.patterns_freeze or not e.tau_xi > 0
    if e.shared_filters or e.batch_size is not None or stopped:
        raise Refused("an experiment whose cells are not what is enclosed here")
    _check_grid(e, cover, box)
    sizes = [cover["size"][name] for name in _NAMES]
    for each in cover["left"]:
        only_keys(each, _OF_LEFT)
    parts = [_part(each["part"], sizes) for each in (*cover["cells"], *cover["left"])]
    _check_tiling(parts, sizes)
    data = draw_data(e)
    check = CellCheck(e, data)
    above = threshold_above(e, data) if e.schedule == "L-S" else None
    orders = set()
    for cell, part in zip(cover["cells"], parts, strict=False):
        only_keys(cell, _OF_CELL)
        bounds = {name: (float(cover["low"][name]) + begin * float(cover["unit"][name]),
                         float(cover["low"][name]) + end * float(cover["unit"][name]))
                  for name, (begin, end) in zip(_NAMES, part, strict=True)}
        _check_cell(e, check, cell, bounds, level, above)
        orders.add(cell["order"])
    return orders.pop() if not cover["left"] and len(orders) == 1 else "undecided"


def _check_grid(e: Experiment, cover: Mapping[str, Any], box: Mapping[str, Any]) -> None:
    """The grid holds the box, and its edges are exact."""
    ends = {name: [Fraction(double(each, name)) for each in stated] for name, stated in box.items()}
    if not all(len(each) == 2 and 0 < each[0] <= each[1] for each in ends.values()):
        raise Refused("a box whose parameters have no two ends above 0")
    ratio = [each * Fraction(e.eta_1) for each in ends.get("eta_ratio", ())] or [Fraction(e.eta_2)] * 2
    rate = [Fraction(e.eta_1)] * 2 if e.schedule == "L-S" else ratio
    wanted = {"r": ends.get("r", [Fraction(e.r)] * 2), "lambda": ends.get("lambda", [Fraction(e.lambda_)] * 2), "rate": rate}
    for name, (low, high) in wanted.items():
        start, unit, size = cover["low"][name], cover["unit"][name], cover["size"][name]
        numbers = type(start) is float and type(unit) is float and type(size) is int
        if not numbers or not (start > 0 and unit >= 0 and size >= 0):
            raise Refused("a grid of no numbers")
        begin = Fraction(start) / Fraction(unit) if unit else Fraction(0)
        if unit and (math.frexp(unit)[0] != 0.5 or begin.denominator != 1 or begin + size >= 2**53):
            raise Refused("a grid whose edges are no doubles")
        if not Fraction(start) <= low <= high <= Fraction(start) + size * Fraction(unit):
            raise Refused(f"a grid that does not hold the box in {name}")
    if not cover["low"]["r"] + cover["size"]["r"] * cover["unit"]["r"] < 1:
        raise Refused("r of 1 and above")


def _part(stated: Any, sizes: Sequence[int]) -> tuple[tuple[int, int], ...]:
    found = tuple((begin, end) for begin, end in stated)
    if len(found) != len(sizes) or not all(
        type(begin) is int and type(end) is int and 0 <= begin <= end <= size and (begin < end or size == 0)
        for (begin, end), size in zip(found, sizes, strict=True)
    ):
        raise Refused("a cell outside the grid")
    return found


def _check_tiling(parts: Sequence[tuple[tuple[int, int], ...]], sizes: Sequence[int]) -> None:
    """Parts do not overlap, and their volumes sum to the box's: so they cover it."""
    def volume(edges: Sequence[int]) -> int:
        return math.prod(max(each, 1) for each in edges)

    for one, other in itertools.combinations(parts, 2):
        if all((begin < up and low < end) or size == 0
               for (begin, end), (low, up), size in zip(one, other, sizes, strict=True)):
            raise Refused("cells that overlap")
    if sum(volume([end - begin for begin, end in part]) for part in parts) != volume(sizes):
        raise Refused("cells that do not cover the box: one is missing")


def _check_cell(
    e: Experiment, check: CellCheck, cell: Mapping[str, Any], bounds: Mapping[str, tuple[float, float]], level: float,
    above: Fraction | None,
) -> None:
    """What is stated of a cell has its order, and follows again."""
    step, order = cell["step"], cell["order"]
    if type(step) is not int or not 0 <= step <= 10**6 or order not in ("P first", "Q first"):
        raise Refused("an order after no step")
    if (step - 1) * Fraction(bounds["rate"][1]) * (1 + Fraction(1, 10**9)) >= Fraction(e.max_tau) or (
        e.max_steps is not None and step > e.max_steps
    ):
        raise Refused(f"step {step}, which is not taken all over the cell")
    first, second, before, remainder, drift = (
        double(cell[name], f"a cell's {name}") for name in ("first", "second", "before", "remainder", "drift"))
    if not (first < level <= second):
        raise Refused(f"the order {order!r}, which does not follow from the cell's bounds {first:g} and {second:g}")
    floors = [each for each in (above, None if e.epsilon_2 is None else Fraction(e.epsilon_2)) if each is not None]
    if floors and not Fraction(before) > max(floors):
        raise Refused("a training loss that is not known to be above the threshold before")
    if not floors and before != 1.0:
        raise Refused(f"a training loss of {before:g} before, where nothing is asked of it and 1 is stated")
    found = check.losses(bounds, step)
    kinds = ("P-only", "Q-only") if order == "P first" else ("Q-only", "P-only")
    for what, stated, own in (("first", first, found.high(kinds[0])), ("remainder", remainder, found.remainder),
                              ("drift", drift, found.drift)):
        if not stated >= own:
            raise Refused(f"a cell's {what} {stated:.6g}, where no less than {own:.6g} follows")
    for what, stated, own in (("second", second, found.low(kinds[1])), ("before", before, found.before)):
        if not stated <= own and not (what == "before" and not floors):
            raise Refused(f"a cell's {what} {stated:.6g}, where no more than {own:.6g} follows")
