"""Signs by structure, written for the second look alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sympy

from proofs_check.recheck.intervals import interval
from proofs_check.recheck.refusal import Refused

__all__ = ["NOT_NEGATIVE", "POSITIVE", "UNKNOWN", "get_sign"]

POSITIVE: Final = 2
NOT_NEGATIVE: Final = 1
UNKNOWN: Final = -1
_DIGITS: Final = 80


def get_sign(node: sympy.Expr, known: Mapping[sympy.Expr, int]) -> int:
    """Sign of an expression wherever it is defined, by the symbols' assumptions and by what is known of parts of it."""
    if node in known:
        return known[node]
    if node.is_Symbol:
        return POSITIVE if node.is_positive else NOT_NEGATIVE if node.is_nonnegative else UNKNOWN
    if not node.free_symbols:
        return _of_number(node)
    if isinstance(node, sympy.exp):
        return POSITIVE if node.args[0].is_real else UNKNOWN
    if isinstance(node, sympy.log):
        return get_sign(sympy.expand(node.args[0] - 1), known)
    parts = [get_sign(argument, known) for argument in node.args]
    if isinstance(node, sympy.Add):
        return UNKNOWN if UNKNOWN in parts else max(parts)
    if isinstance(node, sympy.Mul):
        return min(parts)
    if isinstance(node, sympy.Pow):
        return _of_power(node, parts[0])
    if isinstance(node, (sympy.atan, sympy.sinh)):
        return parts[0]
    if isinstance(node, sympy.factorial):
        return UNKNOWN if parts[0] == UNKNOWN else POSITIVE
    return UNKNOWN


def _of_power(node: sympy.Pow, base: int) -> int:
    """A positive base to a real power is positive; 0 to a negative power is nothing, and p^i is not real."""
    if base == POSITIVE:
        return POSITIVE if node.exp.is_real else UNKNOWN
    if not node.exp.is_positive:
        return UNKNOWN
    even = node.exp.is_Integer and int(node.exp) % 2 == 0 and node.base.is_real
    return NOT_NEGATIVE if even or base == NOT_NEGATIVE else UNKNOWN


def _of_number(node: sympy.Expr) -> int:
    if node == 0:
        return NOT_NEGATIVE
    try:
        return POSITIVE if interval(node, {}, _DIGITS).a > 0 else UNKNOWN
    except Refused:
        return UNKNOWN
