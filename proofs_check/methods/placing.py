"""Symbols replaced in an expression, in which nothing is evaluated on the way: a pole that cancels would be lost.

sympy's `subs` evaluates what it rebuilds: (x - 3)/(x - 3), written down so that it does not cancel, becomes 1 with x = 1 + h
put in, and |x|/x becomes 1 with x >= 0. Whether an expression is defined must be asked of the expression as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy

__all__ = ["is_as_evaluated", "placed"]

Places = Mapping[sympy.Symbol, sympy.Expr]


def placed(expression: sympy.Expr, places: Places) -> sympy.Expr:
    """The expression with values in the place of symbols, otherwise as it stands.

    Parameters
    ----------
    expression : sympy.Expr
        May hold definitions: the variables that they bind are not replaced.
    places : mapping
        Symbol to its value, of symbols that the expression does not bind.
    """
    moving = {symbol: value for symbol, value in places.items() if symbol in expression.free_symbols}
    if not moving:
        return expression
    if expression in moving:
        return moving[expression]
    if isinstance(expression, sympy.Integral):
        return _integral(expression, moving)
    if isinstance(expression, sympy.Limit):
        body, variable, end, side = expression.args
        return sympy.Limit(placed(body, _without(moving, variable)), variable, placed(end, moving), side)
    if isinstance(expression, sympy.Subs):
        points = [placed(point, moving) for point in expression.point]
        return sympy.Subs(placed(expression.expr, _without(moving, *expression.variables)), expression.variables, points)
    if isinstance(expression, sympy.Derivative):
        return _derivative(expression, moving)
    parts = [placed(argument, moving) for argument in expression.args]
    if isinstance(expression, (sympy.Add, sympy.Mul, sympy.Pow, sympy.Function)):
        return expression.func(*parts, evaluate=False)
    return expression.func(*parts)


def is_as_evaluated(expression: sympy.Expr) -> bool:
    """Whether sympy leaves every part of an expression as it is, once it is asked to evaluate it."""
    return all(part.func(*part.args) == part for part in sympy.preorder_traversal(expression) if part.args)


def _without(places: Places, *bound: sympy.Symbol) -> Places:
    return {symbol: value for symbol, value in places.items() if symbol not in bound}


def _integral(node: sympy.Integral, places: Places) -> sympy.Expr:
    limits, inside = [], places
    for variable, *ends in reversed(node.limits):  # sympy lists the innermost range first
        limits.append((variable, *(placed(end, inside) for end in ends)))
        inside = _without(inside, variable)
    return sympy.Integral(placed(node.function, inside), *reversed(limits))


def _derivative(node: sympy.Derivative, places: Places) -> sympy.Expr:
    """The derivative at the places: with another name for its variable if that is all that a place is."""
    named = {symbol: value for symbol, value in places.items() if symbol not in node.variables or value.is_Symbol}
    counts = [(named.get(variable, variable), count) for variable, count in node.variable_count]
    renamed = sympy.Derivative(placed(node.expr, named), *counts)
    moved = _without(places, *named)
    return sympy.Subs(renamed, tuple(moved), tuple(moved.values())) if moved else renamed
