"""The order at finite width in words, in LaTeX and as rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from proofs_check.order.printed import number, six, upper
from proofs_check.order.width import WidthTheorem

__all__ = ["width_latex", "width_lines", "width_rows"]


def _kinds(each: WidthTheorem) -> tuple[str, str]:
    return ("P-only", "Q-only") if each.order == "P first" else ("Q-only", "P-only")


def _by_schedule(found: Sequence[WidthTheorem]) -> list[list[WidthTheorem]]:
    names = dict.fromkeys(each.schedule for each in found)
    return [[each for each in found if each.schedule == name] for name in names]


def width_lines(found: Sequence[WidthTheorem]) -> Iterator[str]:
    """The theorem of finite width; nothing if none was asked for."""
    if not found:
        return
    yield (f"At finite width: neurons are paired, m_W and m_V even, arithmetic is exact. With a probability of at least "
           f"1 - {found[0].delta!r} over U_0 and xi:")
    for methods in _by_schedule(found):
        last = methods[-1]
        if last.width is None:
            yield f"  {last.schedule}: no width is proved to be enough at level {last.level!r}."
            continue
        first, second = _kinds(last)
        yield (f"  {last.schedule}: for all m_W, m_V >= {upper(last.width)} at level {last.level!r}: {last.order}. After "
               f"{last.step} steps, tau = {six(last.tau)}, the loss of {first} is below the level, and that of {second} "
               f"never was. Until then outputs are within {upper(last.output)} of the limit's, and both losses within "
               f"{upper(last.loss)}.")
        before = ", ".join(f"{upper(each.width)} ({each.method})" for each in methods[:-1] if each.width)
        yield f"  Without the sharper steps of the proof: {before}."


def width_latex(found: Sequence[WidthTheorem]) -> Iterator[str]:
    """The same as items and a sentence."""
    if not found:
        return
    yield r"Let neurons be paired, $m_W$ and $m_V$ even. With a probability of at least"
    yield rf"$1-{number(found[0].delta)}$ over $U_0$ and $\xi$:"
    yield r"\begin{itemize}"
    for methods in _by_schedule(found):
        last = methods[-1]
        if last.width is None:
            yield rf"\item {last.schedule}: no width is proved to be enough at level ${number(last.level)}$."
            continue
        first, second = _kinds(last)
        mantissa, _, exponent = f"{float(upper(last.width)):.2e}".partition("e")
        yield (rf"\item {last.schedule}: for all $m_W,m_V\ge {mantissa}\cdot 10^{{{int(exponent)}}}$, at level"
               rf" ${number(last.level)}$: {last.order}. After {last.step} steps, $\tau={six(last.tau)}$, the loss of {first}"
               rf" is below the level and that of {second} never was; until then $|f^m-f|\le {upper(last.output)}$.")
    yield r"\end{itemize}"


def width_rows(found: Sequence[WidthTheorem]) -> list[dict[str, Any]]:
    """A row a schedule and method."""
    return [{"schedule": each.schedule, "level": each.level, "order": each.order, "method": each.method, "delta": each.delta,
             "least_width": each.width, "steps": each.step, "tau": each.tau,
             "output": None if math.isnan(each.output) else each.output,
             "loss": None if math.isnan(each.loss) else each.loss} for each in found]
