"""falsify(id) -> Counterexample | None: a search for a point at which a claim, or one of its twins, is false."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass

from proofs_check.claim import Verdict, find
from proofs_check.evaluate import command_at
from proofs_check.problem import Problem
from proofs_check.problem.base import Evidence
from proofs_check.verify import solve
from theory_sim.errors import InputError
from theory_sim.reading.arguments import accepts

__all__ = ["Counterexample", "Falsification", "attempt", "falsify"]


@dataclass(frozen=True)
class Counterexample:
    """A point at which a claim is false, with certainty.

    Attributes
    ----------
    claim : str
        Identifier, with the twin's name after a slash.
    point : mapping
        Variable to rational number, as text; empty if the claim has no variables.
    evidence : mapping
        As `verify` stores it and `recheck` reads it.
    """

    claim: str
    point: Mapping[str, str]
    evidence: Evidence

    @property
    def line(self) -> str:
        """Command that evaluates the claim there; of a claim without variables, the one that shows it."""
        id, _, twin = self.claim.partition("/")
        if self.point:
            return command_at(id, self.point, twin)
        return f"proofs-check falsify {id}" + (f" --twin {shlex.quote(twin)}" if twin else "")

    @property
    def verdict(self) -> Verdict:
        """What `save` stores."""
        return Verdict(self.claim, "refuted", dict(self.evidence))


@dataclass(frozen=True)
class Falsification:
    """What a search found, and how much it looked at.

    Attributes
    ----------
    found : Counterexample or None
        None: nothing was found, which is no proof.
    evaluations : int
        Of the claim's expressions, in floating point.
    seconds : float
        Wall time.
    """

    found: Counterexample | None
    evaluations: int
    seconds: float


@accepts(id="a text", seed="a whole number", budget="a number", twin="a text")
def falsify(id: str, *, seed: int = 0, budget: float = 60.0, twin: str = "") -> Counterexample | None:
    """Search for a counterexample to a claim.

    Parameters
    ----------
    id : str
        Of the claim.
    seed : int
        Of the search. The same seed looks at the same points in the same order; the budget only says where it stops.
    budget : float
        Seconds after which no further round is begun. The first round is always done, about 0.1 s to some seconds.
    twin : str
        Name of a false twin, to search in its place.

    Returns
    -------
    Counterexample or None
        Certain by ball arithmetic, and made of the simplest rationals near the point found. None: nothing was found.

    Raises
    ------
    InputError
        If there is no such claim or twin, the seed is negative or the budget not a positive number.

    Examples
    --------
    >>> from proofs_check import falsify
    >>> found = falsify("frozen-fraction-bounds", twin="0.99 above", budget=5.0)
    >>> found.point
    {'y': '1/100'}
    """
    return attempt(id, seed=seed, budget=budget, twin=twin).found


def attempt(id: str, *, seed: int = 0, budget: float = 60.0, twin: str = "") -> Falsification:
    """As `falsify`, with the cost of the search beside its result."""
    if not 0 < budget < float("inf"):
        raise InputError(f"budget = {budget}", "a positive number of seconds", "give one, such as 60")
    if seed < 0:
        raise InputError(f"seed = {seed}", "a number from 0", "give one")
    from proofs_check.methods.search import rounds

    claim, start = find(id), time.perf_counter()
    problem, name = claim.at("quick", twin), f"{id}/{twin}" if twin else id
    evaluations = 0
    # Numbers, programs and samples have no domain to search: their own methods decide, at once.
    decided = _decided(problem)
    if decided is not None:
        return Falsification(Counterexample(name, {}, decided), 0, time.perf_counter() - start)
    searches = [(parts, said, rounds(ground, (seed, index))) for index, (ground, parts, said) in enumerate(problem.grounds())]
    first = 3  # beside the ends, in dips, and one round of scattered points
    while searches and (first or time.perf_counter() - start < budget):
        for search in list(searches):
            parts, said, course = search
            looked = next(course, None)
            if looked is None:
                searches.remove(search)
                continue
            found, used = looked
            evaluations += used
            if found is not None:
                evidence = _wrapped(found, parts, said)
                return Falsification(
                    Counterexample(name, found["counterexample"], evidence), evaluations, time.perf_counter() - start
                )
            if not first and time.perf_counter() - start >= budget:
                break
        first = max(first - 1, 0)
    return Falsification(None, evaluations, time.perf_counter() - start)


def _decided(problem: Problem) -> Evidence | None:
    """Evidence against the parts that have no domain, or None."""
    for name, part in problem.named_parts():
        evidence = _decided(part)
        if evidence is not None:
            return {"part": name, "outcome": "refuted", "evidence": evidence}
    if problem.named_parts() or next(problem.grounds(), None) is not None:
        return None
    outcome, evidence = solve(problem)
    return evidence if outcome == "refuted" else None


def _wrapped(found: Evidence, parts: tuple[str, ...], said: Evidence) -> Evidence:
    evidence = {**said, **found}
    for name in reversed(parts):
        evidence = {"part": name, "outcome": "refuted", "evidence": evidence}
    return evidence
