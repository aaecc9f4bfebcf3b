"""Numbers of a theorem as they are printed: bounds are rounded to the safe side."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

__all__ = ["folded", "nine", "number", "six", "upper"]


def six(value: float, *, up: bool = False) -> str:
    """Six digits of a number, rounded down, or up.

    Examples
    --------
    >>> six(2 / 3), six(2 / 3, up=True), six(985.5)
    ('0.666666', '0.666667', '985.5')
    """
    context = Context(prec=6, rounding=ROUND_CEILING if up else ROUND_FLOOR)
    return f"{float(context.create_decimal(Decimal(float(value)))):g}"


def nine(value: float, *, up: bool = False) -> str:
    """A number with nine digits behind the point, rounded down, or up.

    Examples
    --------
    >>> nine(2 / 3), nine(2 / 3, up=True)
    ('0.666666666', '0.666666667')
    """
    return str(Decimal(float(value)).quantize(Decimal("1e-9"), rounding=ROUND_CEILING if up else ROUND_FLOOR))


def upper(value: float) -> str:
    """An upper bound with three digits, rounded up."""
    if value == 0.0:
        return "0"
    digits = 2 - math.floor(math.log10(value))
    return f"{math.ceil(value * 10.0**digits + 1e-9) / 10.0**digits:.3g}"


def number(value: float | str) -> str:
    """A number in LaTeX: 6.5e-08 as 6.5 10^-8."""
    mantissa, e, exponent = str(value).partition("e")
    return rf"{mantissa}\cdot 10^{{{int(exponent)}}}" if e else mantissa


def folded(lines: Iterable[str]) -> str:
    """Lines of LaTeX, none longer than 79 columns."""
    return "".join(textwrap.fill(line, 79, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False) + "\n"
                   for line in lines)
