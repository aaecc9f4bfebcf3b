"""One step of a derivation, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import sympy

__all__ = ["Step"]


@dataclass(frozen=True)
class Step:
    """One step of a derivation: the next expression, and the reason why it equals the one before.

    Attributes
    ----------
    expression : sympy.Expr
        What follows.
    reason : str
        In words, for the reader.
    how : {"algebra", "derivative", "lemma"}
        How equality is shown: the difference simplifies to 0; or its derivative in ``by`` does, it is 0 at ``at`` and
        continuous from there on; or it does once the left side of another proved claim, named by ``lemma``, is replaced by
        the right one. Both sides must be shown to be defined on the whole domain.
    by : sympy.Symbol, optional
        Variable of the derivative.
    at : sympy.Expr, optional
        Point at which the difference is 0.
    lemma : str, optional
        Identifier of an `Identity` claim; its domain must hold every value that it is asked for here.
    given : mapping, optional
        What stands here for the lemma's variables.

    Examples
    --------
    >>> import sympy
    >>> from proofs_check.problem import Step
    >>> r = sympy.Symbol("r", positive=True)
    >>> Step(2 * r**2, "expand").reason
    'expand'
    """

    expression: sympy.Expr
    reason: str
    how: Literal["algebra", "derivative", "lemma"] = "algebra"
    by: sympy.Symbol | None = None
    at: sympy.Expr | None = None
    lemma: str = ""
    given: Mapping[sympy.Symbol, sympy.Expr] = field(default_factory=dict)
