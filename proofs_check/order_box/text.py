"""What is proved over a box, in words and as rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from proofs_check.order.printed import number, upper
from proofs_check.order_box.box import CertifiedBox, Cover
from proofs_check.order_box.grid import NAMES, Part
from theory_sim import __version__

__all__ = ["box_fields", "box_latex", "box_lines", "box_rows"]

_REASONS: Final = 3
_SYMBOLS: Final = {"r": "r", "lambda": "lambda", "eta_ratio": "eta_2 / eta_1"}


def box_lines(found: CertifiedBox) -> Iterator[str]:
    """The theorem, line by line; where something is not proved, what stops it."""
    e = found.experiment
    fixed = {"r": f"r = {e.r!r}", "lambda": f"lambda = {e.lambda_!r}", "eta_ratio": f"eta_2 = {e.eta_2!r}"}
    ends = ", ".join(f"{found.box[name][0]!r} <= {symbol} <= {found.box[name][1]!r}" if name in found.box else fixed[name]
                     for name, symbol in _SYMBOLS.items())
    start = f"stationary at the rate {e.tau_0_rate or e.eta_1!r}" if isinstance(e.tau_0, str) else f"= {e.tau_0!r}"
    yield (f"Theorem (theory-sim {__version__}). Fix the draws of seed {e.seed_of('data')} with d = {e.d}, N = {e.n_examples}: "
           f"x_1, labels, kinds, alpha and sides b (SHA-256 {found.digest} at r = {e.r!r}); x_2 = alpha (z + b zeta), "
           f"|zeta| = r. Consider the network of infinite width, own filters for each patch, whose noise output vanishes, "
           f"trained as in THEORY §3 with "
           f"eta_1 = {e.eta_1!r}, tau_xi = {e.tau_xi!r}, tau_0 {start}, epsilon_1 = {e.epsilon_1!r}, and any "
           f"parameters with {ends}.")
    for cover in found.covers:
        yield from _cover_lines(found, cover)


def _cover_lines(found: CertifiedBox, cover: Cover) -> Iterator[str]:
    if cover.schedule == "L-S" and "eta_ratio" in found.box:
        yield "  L-S: decided before its rate falls, so that eta_2 does not matter."
    if cover.verdict != "undecided":
        remainder = max(each.remainder for _, each in cover.proved)
        yield (f"  {cover.schedule}: {cover.verdict} at level {found.level!r}, all over the box, decided after "
               f"{_steps(cover)} steps; {_cells(cover)}, outputs interpolated within {upper(remainder)} (root mean square).")
        return
    orders = ", ".join(cover.orders) or "no order"
    yield (f"  {cover.schedule}: undecided. {orders} on {_percent(cover)} % of the box ({_cells(cover)}); what "
           f"stops it in {len(cover.failed)} others:")
    for reason, count in Counter(each.reason for each in cover.failed).most_common(_REASONS):
        yield f"    {count} x {reason}"


def _steps(cover: Cover) -> str:
    """After how many steps its cells are decided."""
    steps = sorted({each.step for _, each in cover.proved})
    return f"{steps[0]}" if len(steps) == 1 else f"{steps[0]} to {steps[-1]}"


def _percent(cover: Cover) -> str:
    """The share that is proved, rounded down."""
    return f"{math.floor(1000 * cover.share) / 10:.1f}"


def _cells(cover: Cover) -> str:
    return f"{len(cover.proved)} cell{'s' if len(cover.proved) != 1 else ''}"


_LATEX: Final = {"r": "r", "lambda": r"\lambda", "eta_ratio": r"\eta_2/\eta_1"}
_KINDS: Final = {"P first": ("P-only", "Q-only"), "Q first": ("Q-only", "P-only")}


def box_latex(found: CertifiedBox) -> Iterator[str]:
    """The same as a LaTeX environment ``theorem``."""
    e = found.experiment
    yield r"\begin{theorem}[learning order over a box of parameters]"
    rate = number(e.tau_0_rate or e.eta_1)
    start = f"stationary at the rate ${rate}$" if isinstance(e.tau_0, str) else f"$={number(e.tau_0)}$"
    yield (rf"Let $x_1$, labels, kinds, $\alpha_i$ and $b_i\in\{{-1,0,1\}}$ be the draws of seed {e.seed_of('data')},"
           rf" $d={e.d}$, $N={e.n_examples}$ (theory-sim {__version__}; SHA-256 \texttt{{{found.digest}}} at"
           rf" $r={number(e.r)}$), and $x_{{i,2}}=\alpha_i(z+b_i\zeta)$ with $\|\zeta\|=r$. Consider the network of infinite"
           r" width, own filters for each patch, whose noise output vanishes, trained by full-batch gradient descent on the"
           r" logistic loss with weight decay"
           rf" $\lambda$ and moving patterns; $\eta_1={number(e.eta_1)}$, $\tau_\xi={number(e.tau_xi)}$, $\tau_0$ {start},"
           rf" $\epsilon_1={number(e.epsilon_1)}$.")
    fixed = {"r": e.r, "lambda": e.lambda_}
    ends = ", ".join(
        rf"${number(found.box[name][0])}\le {symbol}\le {number(found.box[name][1])}$" if name in found.box
        else rf"${symbol}={number(fixed[name])}$" if name in fixed else rf"$\eta_2={number(e.eta_2)}$"
        for name, symbol in _LATEX.items())
    yield rf"Then for all parameters with {ends}:"
    yield r"\begin{itemize}"
    for cover in found.covers:
        yield from _latex_cover(found, cover)
    yield r"\end{itemize}"
    yield r"\end{theorem}"


def _latex_cover(found: CertifiedBox, cover: Cover) -> Iterator[str]:
    if cover.verdict == "undecided":
        orders = ", ".join(cover.orders) or "no order"
        yield rf"\item {cover.schedule}: undecided ({orders} on ${_percent(cover)}\%$ of the box, {_cells(cover)})."
        return
    first, second = _KINDS[cover.verdict]
    rate = r"\eta_1" if cover.schedule == "L-S" else r"\eta_2"
    level = number(found.level)
    yield (rf"\item {cover.schedule}: {cover.verdict}. For a number of steps $t_0$, here {_steps(cover)}, the mean training"
           rf" loss of {first} is below ${level}$ after $t_0$ steps, that of {second} at least ${level}$ after each number of"
           rf" steps up to $t_0$, and each of these steps has the rate ${rate}$.")
    remainder, drift = (number(upper(max(getattr(each, name) for _, each in cover.proved)))
                        for name in ("remainder", "drift"))
    yield (rf"  Constants: {_cells(cover)}; $(\frac1N\sum_ie_i(t)^2)^{{1/2}}\le {remainder}$, $\|\delta_t\|\le {drift}$"
           r" up to $t_0$.")


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
