"""Claims, their verdicts, and the registry of all claims."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from inspect import signature
from typing import Final, Literal

from proofs_check.problem import Problem
from proofs_check.problem.base import Evidence
from theory_sim.errors import InputError, nearest
from theory_sim.reading.arguments import accepts
from theory_sim.reading.html import html_table

__all__ = ["LEVELS", "OUTCOMES", "Claim", "Level", "Twin", "Verdict", "claim", "claims", "find"]

Outcome = Literal["proved", "certified", "supported", "refuted", "undecided"]
OUTCOMES: Final = ("proved", "certified", "supported", "refuted", "undecided")
Bound = Literal["exact", "tight", "upper", "lower", "asymptotic"]
Level = Literal["quick", "full"]
LEVELS: Final = ("quick", "full")
_REGISTRY: dict[str, Claim] = {}


@dataclass(frozen=True)
class Verdict:
    """What was found, and why it can be believed.

    Attributes
    ----------
    claim : str
        Identifier of the claim, with the twin's name after a slash.
    outcome : {"proved", "certified", "supported", "refuted", "undecided"}
        Proved: symbolically, all assumptions stated. Certified: by rigorous numerics over the stated domain. Supported: by
        statistics. Refuted: with a counterexample. Undecided: none of these.
    evidence : mapping
        What shows it, JSON-ready: steps, boxes, dual solution, interval, or counterexample.
    level : {"quick", "full"}
        Over how large a domain, or with how many draws; "quick" where the claim has no other.
    """

    claim: str
    outcome: Outcome
    evidence: Evidence = field(default_factory=dict)
    level: Level = "quick"

    def __repr__(self) -> str:
        """Claim, outcome and level; the evidence may be long."""
        return f"Verdict({self.claim!r}, {self.outcome!r}, level={self.level!r}, evidence of {len(self.evidence)} entries)"

    def _repr_html_(self) -> str:
        """Table for a notebook, which typesets the statement."""
        known = _REGISTRY.get(self.claim.partition("/")[0])
        domain = "; ".join(known.domain(self.level)) if known is not None else ""
        return html_table("Verdict", ("claim", "statement", "outcome", "checked for"),
                          [(self.claim, f"${known.statement}$" if known is not None else "", self.outcome, domain)])

    def _repr_latex_(self) -> str:
        """Statement and outcome, as a notebook shows them."""
        id, _, twin = self.claim.partition("/")
        said = rf"\quad\text{{twin: {_text(twin)}}}" if twin else ""
        known = _REGISTRY.get(id)
        statement = known.statement if known is not None else rf"\text{{{_text(id)}}}"
        domain = rf"\quad\text{{checked for {_text('; '.join(known.domain(self.level)))}}}" if known is not None else ""
        return rf"$\displaystyle {statement}{said}\quad\textbf{{{self.outcome}}}{domain}$"


def _text(words: str) -> str:
    """Words for LaTeX's text mode."""
    return re.sub(r"([&%$#_{}])", r"\\\1", words.replace("\\", " ")).replace("^", r"\^{}").replace("~", " ")


@dataclass(frozen=True)
class Twin:
    """A false version of a claim: the same function with some parameters moved.

    Attributes
    ----------
    name : str
        What was moved, in words.
    parameters : mapping
        Parameters of the claim's function.
    """

    name: str
    parameters: Mapping[str, object]


@dataclass(frozen=True)
class Claim:
    """A statement of the theory and how it is checked.

    Attributes
    ----------
    id : str
        Lower-case words joined by hyphens.
    statement : str
        In LaTeX.
    source : str
        Section of THEORY and mark: [F n], [L19] or [D].
    assumptions : tuple of str
        All of them.
    bound : {"exact", "tight", "upper", "lower", "asymptotic"}
        Kind of the statement.
    expected : str
        Verdict that the claim should get; a claim known to be false is kept with "refuted".
    problem : callable
        Gives the problem, as data; called with a twin's parameters it gives the false one.
    twins : tuple of Twin
        At least one, unless the claim itself is known to be false.
    full : mapping
        Parameters at the level "full": a larger domain, more draws, so that what is shown there implies the statement. The
        twins keep theirs on top of it.
    corrected : str
        Of a claim that is known to be false: identifier of the true one beside it.
    assuming : tuple of str
        Identifiers of proved or certified claims that this one takes for granted; what is taken, the assumptions say. Lemmas
        that a derivation asks for step by step are not among them.
    """

    id: str
    statement: str
    source: str
    assumptions: tuple[str, ...]
    bound: Bound
    expected: Outcome
    problem: Callable[..., Problem]
    twins: tuple[Twin, ...]
    full: Mapping[str, object] = field(default_factory=dict)
    corrected: str = ""
    assuming: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """First line of the claim's docstring."""
        return (self.problem.__doc__ or "").strip().split("\n")[0]

    def domain(self, level: Level = "quick") -> tuple[str, ...]:
        """For which values the claim is checked at a level, read off its problem: one line for each part that differs."""
        return tuple(self.at(level).domain())

    def reached(self, level: Level) -> Level:
        """The level at which the claim is judged if this one is asked for: "quick" if it declares no larger one."""
        return level if self.full else "quick"

    def to_dict(self, level: Level = "quick") -> dict[str, object]:
        """What is claimed, at a level; plain, JSON-ready values."""
        return {"id": self.id, "summary": self.summary, "statement": self.statement, "source": self.source,
                "kind": self.at(level).kind, "assumptions": list(self.assumptions), "domain": list(self.domain(level)),
                "assuming": list(self.assuming), "bound": self.bound, "expected": self.expected, "corrected": self.corrected}

    def at(self, level: Level = "quick", twin: str = "") -> Problem:
        """Problem at a level, or of one of its twins.

        Raises
        ------
        InputError
            If there is no such level or twin.
        """
        if level not in LEVELS:
            raise InputError(f"level {level!r}", f"one of {', '.join(LEVELS)}", "choose one")
        parameters = {each.name: each.parameters for each in self.twins}
        if twin and twin not in parameters:
            raise InputError(f"twin {twin!r} of {self.id!r}", f"one of {', '.join(parameters)}", "name one of these")
        larger = self.full if level == "full" else {}
        return self.problem(**{**larger, **(parameters[twin] if twin else {})})


def claim(
    id: str,
    *,
    statement: str,
    source: str,
    assumptions: Sequence[str] = (),
    bound: Bound = "exact",
    expected: Outcome = "proved",
    twins: Mapping[str, Mapping[str, object]],
    full: Mapping[str, object] | None = None,
    corrected: str = "",
    assuming: Sequence[str] = (),
) -> Callable[[Callable[..., Problem]], Callable[..., Problem]]:
    """Register a function that states a problem as a claim.

    Parameters
    ----------
    id, statement, source, assumptions, bound, expected, full, corrected, assuming
        As of `Claim`.
    twins : mapping
        Name of each false twin to the parameters that make it.

    Raises
    ------
    InputError
        If the identifier is taken or not made of lower-case words, a twin is missing, the expected verdict is unknown, or
        a claim expected to be refuted names no corrected one.

    Examples
    --------
    >>> import sympy
    >>> from proofs_check import claim, verify
    >>> from proofs_check.problem import Identity, Step
    >>> v = sympy.Symbol("v", real=True)
    >>> @claim("slope-of-softplus", statement="...", source="mine", assumptions=("v real",), twins={"minus": {"sign": -1}})
    ... def slope_of_softplus(sign=1):
    ...     'The slope of log(1 + e^v) is the logistic function.'
    ...     domain = {v: (sympy.Integer(-5), sympy.Integer(5))}
    ...     slope = sympy.Derivative(sympy.log(1 + sympy.exp(v)), v)
    ...     return Identity(domain, slope, (Step(sign / (1 + sympy.exp(-v)), "chain rule"),))
    >>> verify("slope-of-softplus").outcome
    'proved'
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id):
        raise InputError(f"claim id {id!r}", "lower-case words joined by hyphens", "rename it")
    if not twins and expected != "refuted":
        raise InputError(f"claim {id!r} without a twin", "a check that cannot fail checks nothing", "give a false twin")
    if expected not in OUTCOMES or expected == "undecided":
        raise InputError(f"expected = {expected!r} of claim {id!r}", f"one of {', '.join(OUTCOMES[:-1])}", "choose one")
    if (expected == "refuted") != bool(corrected):
        raise InputError(
            f"claim {id!r}: expected = {expected!r}, corrected = {corrected!r}",
            "a claim known to be false, and no other, names the corrected claim",
            "give both or neither",
        )

    def register(function: Callable[..., Problem]) -> Callable[..., Problem]:
        known = _REGISTRY.get(id)
        # A cell that is run again makes the same function anew.
        if known is not None and (known.problem.__module__, known.problem.__qualname__) != (
            function.__module__, function.__qualname__,
        ):  # fmt: skip
            raise InputError(f"claim id {id!r} given twice", "one claim an identifier", "rename one of the two")
        if not (function.__doc__ or "").strip():
            raise InputError(f"claim {id!r} without a docstring", "a reader learns from it what is claimed", "write one")
        for given in (*twins.values(), full or {}):
            unknown = [name for name in given if name not in signature(function).parameters]
            if unknown:
                raise InputError(f"claim {id!r}: parameters {unknown} of a twin or of full",
                                 f"parameters of {function.__name__}: {', '.join(signature(function).parameters) or 'none'}",
                                 "name one of these")
        made = tuple(Twin(name, dict(parameters)) for name, parameters in twins.items())
        _REGISTRY[id] = Claim(
            id, statement, source, tuple(assumptions), bound, expected, function, made, dict(full or {}), corrected,
            tuple(assuming),
        )
        return function

    return register


def claims() -> list[Claim]:
    """Every claim: those of this package in the order of THEORY, then those of users' packages.

    Examples
    --------
    >>> from proofs_check import claims
    >>> [each.id for each in claims() if "sheppard" in each.id]
    ['sheppard']
    """
    # Not by attribute: the package's own public name `claims` is this function.
    import_module("proofs_check.claims").load()
    return list(_REGISTRY.values())


@accepts(id="a text")
def find(id: str) -> Claim:
    """Claim of an identifier.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> from proofs_check import find
    >>> find("sheppard").expected
    'proved'
    """
    known = {each.id: each for each in claims()}
    if id not in known:
        raise InputError(f"claim {id!r}", "the identifier of a claim", nearest(id, known, "proofs-check list names them all"))
    return known[id]
