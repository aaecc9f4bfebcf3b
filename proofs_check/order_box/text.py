"""What is proved over a box, in words and as rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from proofs_check.order_box.box import CertifiedBox, Cover
from proofs_check.order_box.grid import NAMES, Part
from theory_sim import __version__

__all__ = ["box_fields", "box_lines", "box_rows"]

_REASONS: Final = 3
_SYMBOLS: Final = {"r": "r", "lambda": "lambda", "eta_ratio": "eta_2 / eta_1"}


def box_lines(found: CertifiedBox) -> Iterator[str]:
    """The theorem, line by line; where something is not proved, what stops it."""
    e = found.experiment
    ends = ", ".join(f"{low!r} <= {_SYMBOLS[name]} <= {high!r}" for name, (low, high) in found.box.items())
    yield (f"Theorem (theory-sim {__version__}). Fix the draws of seed {e.seed_of('data')} with d = {e.d}, N = {e.n_examples}: "
           f"x_1, labels, kinds, alpha and sides b (SHA-256 {found.digest} at r = {e.r!r}); x_2 = alpha (z + b zeta), "
           f"|zeta| = r. Consider the network of infinite width, own filters for each patch, trained as in THEORY §3 with "
           f"eta_1 = {e.eta_1!r}, tau_xi = {e.tau_xi!r}, tau_0 = {e.tau_0!r}, and any parameters with {ends}.")
    for cover in found.covers:
        yield from _cover_lines(found, cover)


def _cover_lines(found: CertifiedBox, cover: Cover) -> Iterator[str]:
    if cover.schedule == "L-S" and "eta_ratio" in found.box:
        yield "  L-S: decided before its rate falls, so that eta_2 does not matter."
    steps = [each.step for _, each in cover.proved]
    if cover.verdict != "undecided":
        remainder = max(each.remainder for _, each in cover.proved)
        yield (f"  {cover.schedule}: {cover.verdict} at level {found.level:g}, all over the box, decided after {min(steps)} to "
               f"{max(steps)} steps; {len(steps)} cells, outputs interpolated within {remainder:.3g} (root mean square).")
        return
    orders = ", ".join(cover.orders) or "no order"
    yield (f"  {cover.schedule}: undecided. {orders} on {100 * float(cover.share):.1f} % of the box ({len(steps)} cells); what "
           f"stops it in {len(cover.failed)} others:")
    for reason, count in Counter(each.reason for each in cover.failed).most_common(_REASONS):
        yield f"    {count} x {reason}"


def box_fields(found: CertifiedBox) -> dict[str, Any]:
    """The document in JSON."""
    return {"verdict": found.verdict, "level": found.level, "data": found.digest,
            "box": {name: list(ends) for name, ends in found.box.items()},
            "covers": [{"schedule": each.schedule, "order": each.verdict, "share": float(each.share), "cells": len(each.proved),
                        "left": len(each.failed)} for each in found.covers],
            "rows": box_rows(found)}


def box_rows(found: CertifiedBox) -> list[dict[str, Any]]:
    """A row a cell."""
    rows = []
    for cover in found.covers:
        rows += [{**_ends(cover, part), "order": each.order, "step": each.step, "first": each.first, "second": each.second,
                  "remainder": each.remainder, "reason": ""} for part, each in cover.proved]
        rows += [{**_ends(cover, each.part), "order": "undecided", "step": None, "first": None, "second": None,
                  "remainder": None, "reason": each.reason} for each in cover.failed]
    return rows


def _ends(cover: Cover, part: Part) -> dict[str, Any]:
    bounds = cover.grid.bounds(part)
    return {"schedule": cover.schedule} | {f"{name}_{end}": bounds[name][place] for name in NAMES
                                           for place, end in enumerate(("low", "high"))}
