"""Errors on fresh examples in words, in LaTeX and as rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from proofs_check.order.fresh import FreshErrors

__all__ = ["fresh_latex", "fresh_lines", "fresh_rows"]


def _outwards(ends: tuple[float, float]) -> tuple[str, str]:
    """An interval with six digits behind the point."""
    return f"{math.floor(ends[0] * 1e6) / 1e6:.6f}", f"{math.ceil(ends[1] * 1e6) / 1e6:.6f}"


def _counts(each: FreshErrors, kind: str) -> str:
    unsure = f", {each.unsure[kind]} undecided" if each.unsure[kind] else ""
    return f"{each.wrong[kind]} of {each.n} wrong{unsure}"


def fresh_lines(found: Sequence[FreshErrors]) -> Iterator[str]:
    """A line a schedule and kind; nothing if none was asked for."""
    if not found:
        return
    yield "On fresh examples at the end of each run (probabilities by Clopper and Pearson, 99.9 %):"
    for each in found:
        for kind, ends in each.interval.items():
            low, high = _outwards(ends)
            yield f"  {each.schedule}, {kind}: {_counts(each, kind)}; the probability of an error is in [{low}, {high}]."
        if each.linear is None:
            yield f"  {each.schedule}: no bound of the linear part's error on P."
        else:
            low, high = _outwards(each.linear)
            yield f"  {each.schedule}: the linear part of the output alone errs on P with a probability in [{low}, {high}]."


def fresh_latex(found: Sequence[FreshErrors]) -> Iterator[str]:
    """The same as items."""
    if not found:
        return
    yield r"On fresh examples at the end of each run (Clopper and Pearson, 99.9\%):"
    yield r"\begin{itemize}"
    for each in found:
        for kind, ends in each.interval.items():
            low, high = _outwards(ends)
            yield rf"\item {each.schedule}, {kind}: {_counts(each, kind)}; the probability of an error is in $[{low},{high}]$."
        if each.linear is not None:
            low, high = _outwards(each.linear)
            yield rf"\item {each.schedule}: the linear part alone errs on P with a probability in $[{low},{high}]$."
    yield r"\end{itemize}"


def fresh_rows(found: Sequence[FreshErrors]) -> list[dict[str, Any]]:
    """A row a schedule and kind; the linear part is a kind."""
    rows = []
    for each in found:
        for kind, (low, high) in each.interval.items():
            rows.append({"schedule": each.schedule, "kind": kind, "n": each.n, "wrong": each.wrong[kind],
                         "undecided": each.unsure[kind], "least_error": low, "most_error": high})
        if each.linear is not None:
            rows.append({"schedule": each.schedule, "kind": "linear part on P", "n": None, "wrong": None, "undecided": None,
                         "least_error": each.linear[0], "most_error": each.linear[1]})
    return rows
