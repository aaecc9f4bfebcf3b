"""A second look at stored evidence, in code that shares nothing with methods/ (it works with that folder gone).

The statement and its domain come from the registry of claims, never from the file. Boxes are enclosed anew by mpmath's interval
arithmetic, and must fill the domain; steps must be the claim's own, and are evaluated at rational points in 60 digits; linear
programs are checked by weak duality in fractions, worst cases by one large matrix and by the losses themselves; numbers are
computed again by another quadrature; draws are drawn again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from proofs_check.certificate import load
from proofs_check.claim import find
from proofs_check.order_file import is_order_file
from proofs_check.premises import require_no_circle
from proofs_check.problem import Problem
from proofs_check.recheck.order.report import check_order_file
from proofs_check.recheck.refusal import Refused
from proofs_check.recheck.registry import check, rechecked_kinds
from theory_sim.errors import get_reason
from theory_sim.reading.arguments import accepts

__all__ = ["RecheckReport", "recheck", "rechecked_outcomes"]


@dataclass(frozen=True)
class RecheckReport:
    """Result of a second look.

    Attributes
    ----------
    claim, outcome : str
        Whose evidence it is, and the verdict that it is to show.
    accepted : bool
        Whether it does.
    reason : str
        What was checked, or what is wrong.
    """

    claim: str
    outcome: str
    accepted: bool
    reason: str


@accepts(path="a path", check_hash="True or False")
def recheck(path: str | os.PathLike[str], *, check_hash: bool = True) -> RecheckReport:
    """Check a stored verdict again.

    Parameters
    ----------
    path : path-like
        File stored by ``proofs-check verify --out`` or ``proofs-check order --certificates``.
    check_hash : bool
        False: look at the evidence although the file was changed.

    Raises
    ------
    InputError
        If the file cannot be read as a verdict or does not fit its hash, its claim, twin or level is unknown, or the claim's
        lemmas go in a circle or are not proved ones.

    Examples
    --------
    >>> import tempfile
    >>> from proofs_check import recheck, save, verify
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(verify("sheppard"), f"{folder}/sheppard.json")
    ...     report = recheck(f"{folder}/sheppard.json")
    >>> report.accepted, report.outcome
    (True, 'proved')
    """
    if is_order_file(Path(path)):
        return RecheckReport(*check_order_file(Path(path), check_hash=check_hash))
    verdict = load(path, check_hash=check_hash)
    name, _, twin = verdict.claim.partition("/")
    claim = find(name)
    problem = claim.at(verdict.level, twin)
    require_no_circle(claim, problem)
    try:
        if verdict.level != claim.reached(verdict.level):
            raise Refused(f"level {verdict.level!r} of a claim that has no such level")
        _load_checks()
        reason = check(problem, verdict.outcome, dict(verdict.evidence))
    except Refused as refusal:
        return RecheckReport(verdict.claim, verdict.outcome, False, str(refusal))
    except (KeyError, ValueError, TypeError, IndexError, ZeroDivisionError, AttributeError, OverflowError,
            RecursionError, NameError, NotImplementedError) as error:  # a function of a claim's that mpmath does not know, too
        return RecheckReport(verdict.claim, verdict.outcome, False, f"evidence cannot be read: {get_reason(error)}")
    return RecheckReport(verdict.claim, verdict.outcome, True, reason)


def rechecked_outcomes(kind: type[Problem]) -> tuple[str, ...]:
    """Outcomes of a kind of problem whose evidence is looked at again."""
    _load_checks()
    return rechecked_kinds().get(kind, ())


@cache
def _load_checks() -> None:
    """Import this folder, in which each second look registers itself."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
