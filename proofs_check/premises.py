"""What a claim takes from other claims, in its derivation or for granted, and that it does not come back to itself."""

from __future__ import annotations

from proofs_check.claim import Claim, find
from proofs_check.problem import Problem
from theory_sim.errors import InputError

__all__ = ["require_no_circle"]


def require_no_circle(claim: Claim, problem: Problem, above: tuple[str, ...] = ()) -> None:
    """Refuse a claim that rests on itself, on lemmas but proved claims of the right kind, or on claims not proved or certified.

    Parameters
    ----------
    claim : Claim
    problem : Problem
        Its problem, or its twin's.
    above : tuple of str
        Claims that rest on this one, outermost first.

    Raises
    ------
    InputError
        With the circle, or the lemma that does not serve.
    """
    id, chain = claim.id, (*above, claim.id)
    for lemma, kind in problem.premises():
        if lemma in chain:
            raise InputError(f"derivation of {chain[0]!r}: {' -> '.join((*chain, lemma))}", "no claim rests on itself",
                             "derive one of them without the other")
        premise = find(lemma)
        used = premise.problem()
        if premise.expected != "proved" or not isinstance(used, kind):
            raise InputError(f"lemma {lemma!r} of {id!r}, of the kind {used.kind}, expected {premise.expected!r}",
                             f"a lemma is a proved claim, here of the kind {kind.kind}", "use another lemma")
        require_no_circle(premise, used, chain)
    for other in claim.assuming:
        if other in chain:
            raise InputError(f"claim {chain[0]!r}: {' -> '.join((*chain, other))}", "no claim rests on itself",
                             "state one of them without the other")
        taken = find(other)
        if taken.expected not in ("proved", "certified"):
            raise InputError(f"claim {id!r} assuming {other!r}, expected {taken.expected!r}",
                             "a claim that is proved or certified", "assume another")
        require_no_circle(taken, taken.problem(), chain)
