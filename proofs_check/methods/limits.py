"""Whether a limit exists for all values of its parameters, and is then what sympy says: it says it for generic ones.

Of the ways below one must be shown for the whole box of the parameters:

- the expression is continuous up to the end, where it takes the limit's value;
- it has an expansion at the end (`expansion`), in which nothing that is divided by vanishes anywhere on the box;
- the variable stands in exp(-c u) alone, c > 0 and u to infinity, and one of the two holds in the exponential;
- it is defined near the end, and a sum of products, each of a function of the parameters and one of the variable, which is
  real there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import sympy

from proofs_check.methods.evaluated import evaluated, is_zero
from proofs_check.methods.expansion import Expansion, NotExpanded, Rules
from proofs_check.methods.placing import is_as_evaluated, placed

__all__ = ["has_limit"]

_NEAR: Final = sympy.Rational(1, 1000)
_FAR: Final = 1 / _NEAR
_LENGTHS: Final = (3, 6, 9)
_DEFINITIONS: Final = (sympy.Integral, sympy.Limit, sympy.Derivative, sympy.Subs)
Shown = Callable[[sympy.Expr, dict[sympy.Symbol, tuple[sympy.Expr, sympy.Expr]]], bool]
"""Whether an expression is continuous for the ranges given, and on the box of the parameters."""


def has_limit(node: sympy.Limit, shown: Shown, rules: Rules) -> bool:
    """Whether a one-sided limit is shown to exist for all parameters, and to be what sympy evaluates it to."""
    body, variable, end, side = node.args
    if str(side) == "+-" and end.is_finite:
        return False
    found = evaluated(node)
    if found.has(*_DEFINITIONS) or found.has(sympy.oo, -sympy.oo, sympy.zoo, sympy.nan, sympy.AccumBounds):
        return False
    return any(is_zero(value - found) for value in _values(body, variable, end, str(side), shown, rules)) or _is_separate(
        body, variable, end, str(side), shown
    )


def _values(
    body: sympy.Expr, variable: sympy.Symbol, end: sympy.Expr, side: str, shown: Shown, rules: Rules
) -> Iterator[sympy.Expr]:
    """The limit's value, for each way in which it is shown to exist."""
    h = sympy.Dummy("h", nonnegative=True)
    if end.is_finite:
        at_end = placed(body, {variable: end - h if side == "-" else end + h})
        if shown(at_end, {h: (sympy.S.Zero, _NEAR)}):
            yield at_end.subs(h, 0)
        yield from _expanded(at_end, h, rules)
    if body.has(*_DEFINITIONS) or not end.is_infinite:
        return
    yield from _expanded(placed(body, {variable: (1 if end == sympy.oo else -1) / h}), h, rules)
    if not is_as_evaluated(body):
        return
    for exponential in sorted(body.atoms(sympy.exp), key=str):
        rate = sympy.cancel(-exponential.args[0] / variable)
        inside = body.subs(exponential, h)
        if end == sympy.oo and not rate.has(variable) and not inside.has(variable) and rules.sign(rate) == 1:
            if shown(inside, {h: (sympy.S.Zero, _NEAR)}):
                yield inside.subs(h, 0)
            yield from _expanded(inside, h, rules)


def _expanded(moved: sympy.Expr, h: sympy.Symbol, rules: Rules) -> Iterator[sympy.Expr]:
    if moved.has(*_DEFINITIONS):
        return
    small = sympy.Dummy("h", positive=True)
    for length in _LENGTHS:
        try:
            value = Expansion.of(placed(moved, {h: small}), small, length, rules).limit(rules.is_zero)
        except NotExpanded:
            continue
        yield value
        return


def _is_separate(body: sympy.Expr, variable: sympy.Symbol, end: sympy.Expr, side: str, shown: Shown) -> bool:
    """Whether each term is a function of the parameters times one of the variable alone, with a finite limit."""
    if body.has(*_DEFINITIONS) or end.free_symbols or not _is_real_near(body, variable, end, side, shown):
        return False
    for term in sympy.Add.make_args(body if body.free_symbols <= {variable} else sympy.expand(body)):
        factor, of_variable = term.as_independent(variable, as_Add=False)
        if not (of_variable.free_symbols <= {variable} and shown(factor, {})):
            return False
        if not _is_real_near(of_variable, variable, end, side, shown):
            return False
        limit = evaluated(sympy.Limit(of_variable, variable, end, side))
        if not (limit.is_finite and limit.is_real):
            return False
    return True


def _is_real_near(expression: sympy.Expr, variable: sympy.Symbol, end: sympy.Expr, side: str, shown: Shown) -> bool:
    """Whether an expression is defined and real for all parameters, as it stands, where the variable is near its end."""
    near = sympy.Dummy("h", positive=True)
    if end.is_infinite:
        return shown(placed(expression, {variable: (_FAR + near) * (1 if end == sympy.oo else -1)}), {})
    return shown(placed(expression, {variable: end - near if side == "-" else end + near}), {near: (sympy.S.Zero, _NEAR)})
