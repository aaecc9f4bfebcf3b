"""Power series in a small positive number, with symbolic coefficients that are looked at over a whole box of parameters.

sympy's limits hold for generic parameters: a coefficient that vanishes at some of their values is divided by all the same. Here
whatever is divided by, or stands under a logarithm or a root, must be shown not to be 0, or to be positive, on all of the box.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sympy

__all__ = ["Expansion", "NotExpanded", "Rules"]

_SMOOTH: Final = (sympy.sin, sympy.cos, sympy.sinh, sympy.cosh, sympy.tanh, sympy.asinh, sympy.erf, sympy.erfc)


class NotExpanded(Exception):
    """No expansion is shown to hold on all of the box."""


@dataclass(frozen=True)
class Rules:
    """How an expansion asks about coefficients, each time for all of the box.

    Attributes
    ----------
    defined, not_zero, is_zero : callable
        Whether a coefficient is shown to be so.
    sign : callable
        1 if a coefficient is shown to be positive, else something else.
    """

    defined: Callable[[sympy.Expr], bool]
    not_zero: Callable[[sympy.Expr], bool]
    is_zero: Callable[[sympy.Expr], bool]
    sign: Callable[[sympy.Expr], int | None]


@dataclass(frozen=True)
class Expansion:
    """Terms of a function of h > 0, up to an error of the order of h^(low + number of terms).

    Attributes
    ----------
    low : int
        Power of the first term; may be negative.
    terms : tuple of sympy.Expr
        Coefficients, that of the lowest power first.
    """

    low: int
    terms: tuple[sympy.Expr, ...]

    @classmethod
    def of(cls, node: sympy.Expr, h: sympy.Symbol, number: int, rules: Rules) -> Expansion:
        """Expand an expression in h, with a number of terms in each step; `NotExpanded` if it is not shown to be possible."""
        return _Maker(h, number, rules).expand(node)

    def limit(self, is_zero: Callable[[sympy.Expr], bool]) -> sympy.Expr:
        """Coefficient of h^0, if those of negative powers are 0; `NotExpanded` if not, or if there are too few terms."""
        if self.low > 0:
            return sympy.S.Zero
        if self.low + len(self.terms) <= 0 or not all(is_zero(term) for term in self.terms[: -self.low]):
            raise NotExpanded
        return self.terms[-self.low]


class _Maker:
    def __init__(self, h: sympy.Symbol, number: int, rules: Rules) -> None:
        self.h, self.number, self.rules = h, number, rules

    def expand(self, node: sympy.Expr) -> Expansion:
        if not node.has(self.h):
            if not self.rules.defined(node):
                raise NotExpanded
            return self.constant(node)
        if node == self.h:
            return Expansion(1, (sympy.S.One, *[sympy.S.Zero] * (self.number - 1)))
        if not (node.is_Add or node.is_Mul or node.is_Pow or len(node.args) == 1):
            raise NotExpanded
        if node.is_Pow:
            return self.power(node.base, node.exp)
        parts = [self.expand(argument) for argument in node.args]
        if node.is_Add or node.is_Mul:
            result = parts[0]
            for part in parts[1:]:
                result = self.add(result, part) if node.is_Add else self.multiply(result, part)
            return result
        return self.function(node.func, parts[0])

    def constant(self, value: sympy.Expr) -> Expansion:
        return Expansion(0, (value, *[sympy.S.Zero] * (self.number - 1)))

    def add(self, a: Expansion, b: Expansion) -> Expansion:
        low, end = min(a.low, b.low), min(a.low + len(a.terms), b.low + len(b.terms))
        if end <= low:
            raise NotExpanded

        def term(of: Expansion, power: int) -> sympy.Expr:
            return of.terms[power - of.low] if of.low <= power < of.low + len(of.terms) else sympy.S.Zero

        return Expansion(low, tuple(term(a, power) + term(b, power) for power in range(low, end)))

    def multiply(self, a: Expansion, b: Expansion) -> Expansion:
        number = min(len(a.terms), len(b.terms))
        terms = [sympy.Add(*(a.terms[j] * b.terms[k - j] for j in range(k + 1))) for k in range(number)]
        return Expansion(a.low + b.low, tuple(map(sympy.expand, terms)))

    def lead(self, a: Expansion) -> Expansion:
        """Without leading terms that are 0 for all parameters; the first that stays is shown to be 0 for none."""
        for skipped, term in enumerate(a.terms):
            if self.rules.is_zero(term):
                continue
            if not self.rules.not_zero(term):
                break
            return Expansion(a.low + skipped, a.terms[skipped:])
        raise NotExpanded

    def power(self, base: sympy.Expr, exponent: sympy.Expr) -> Expansion:
        if exponent.has(self.h):
            return self.function(sympy.exp, self.expand(exponent * sympy.log(base)))
        found = self.expand(base)
        if exponent.is_Integer and exponent >= 0:
            result = self.constant(sympy.S.One)
            for _ in range(int(exponent)):
                result = self.multiply(result, found)
            return result
        found = self.lead(found)
        first = found.terms[0]
        low = found.low * exponent
        if not low.is_Integer or not (exponent.is_Integer or self.rules.sign(first) == 1) or not self.rules.defined(exponent):
            raise NotExpanded
        # (1 + y)^p = sum of binomial(p, j) y^j
        y = Expansion(1, tuple(term / first for term in found.terms[1:]))
        coefficients = [sympy.S.One]
        for j in range(1, len(found.terms)):
            coefficients.append(coefficients[-1] * (exponent - j + 1) / j)
        inside = self.composed(coefficients, y, len(found.terms))
        return Expansion(int(low), tuple(first**exponent * term for term in inside.terms))

    def composed(self, coefficients: list[sympy.Expr], y: Expansion, number: int) -> Expansion:
        """Sum of c_j y^j, with y of the order of h; y's terms begin at h^1."""
        result, power = self.constant(coefficients[0]), self.constant(sympy.S.One)
        result = Expansion(0, result.terms[:number])
        padded = Expansion(0, (sympy.S.Zero, *y.terms)[:number])
        for coefficient in coefficients[1:number]:
            power = self.multiply(power, padded)
            result = self.add(result, Expansion(0, tuple(coefficient * term for term in power.terms)))
        return result

    def function(self, name: type[sympy.Function], found: Expansion) -> Expansion:
        if name is sympy.Abs:
            found = self.lead(found)
            signs = [self.rules.sign(form) == 1 for form in (found.terms[0], -found.terms[0])]
            if not any(signs):
                raise NotExpanded
            return found if signs[0] else Expansion(found.low, tuple(-term for term in found.terms))
        if name is sympy.atan and found.low < 0:
            return self.beyond(found)
        at = found.limit(self.rules.is_zero)
        skipped = max(0, -found.low)
        terms = (*[sympy.S.Zero] * max(0, found.low), *found.terms[skipped:])
        if not (name in (*_SMOOTH, sympy.exp, sympy.atan)
                or (name is sympy.log and self.rules.sign(at) == 1)
                or (name in (sympy.asin, sympy.acos) and self.rules.sign(1 - at**2) == 1)):  # fmt: skip
            raise NotExpanded
        x = sympy.Dummy("x", real=True)
        derivatives = [name(x)]
        for _ in terms[1:]:
            derivatives.append(sympy.diff(derivatives[-1], x))
        coefficients = [each.subs(x, at) / sympy.factorial(j) for j, each in enumerate(derivatives)]
        return self.composed(coefficients, Expansion(1, tuple(terms[1:])), len(terms))

    def beyond(self, found: Expansion) -> Expansion:
        """atan u = +-pi/2 - atan(1/u), where u goes to +-infinity."""
        found = self.lead(found)
        if found.low >= 0:
            return self.function(sympy.atan, found)
        sign = 1 if self.rules.sign(found.terms[0]) == 1 else -1
        if sign == -1 and self.rules.sign(-found.terms[0]) != 1:
            raise NotExpanded
        first = found.terms[0]
        coefficients = [sympy.Integer((-1) ** j) for j in range(len(found.terms))]
        inverse = self.composed(coefficients, Expansion(1, tuple(t / first for t in found.terms[1:])), len(found.terms))
        inner = self.function(sympy.atan, Expansion(-found.low, tuple(term / first for term in inverse.terms)))
        return self.add(self.constant(sign * sympy.pi / 2), Expansion(inner.low, tuple(-term for term in inner.terms)))
