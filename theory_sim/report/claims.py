"""Verdicts on the theory's statements, as `proofs-check verify --format json` prints them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from theory_sim.errors import InputError, get_reason, shown
from theory_sim.report.content import Claim, Section, Twin
from theory_sim.storage.arrays import read_json

__all__ = ["claims_of", "read_claims", "summarise_claims"]

_SCHEMA: Final = "proofs-check.verification"
_LISTS: Final = ("assumptions", "domain", "assuming", "asked", "evidence")
_OUTCOMES: Final = ("proved", "certified", "supported", "refuted", "undecided")
_TEXTS: Final = tuple(each.name for each in fields(Claim) if each.name not in (*_LISTS, "as_expected", "twins"))


def read_claims(path: Path) -> list[Claim]:
    """Claims of a file.

    Raises
    ------
    InputError
        If it is no such file.
    """
    try:
        document = read_json(path)
        if document.get("schema") != _SCHEMA or document.get("schema_version") != 1:
            raise ValueError(f"schema {shown(str(document.get('schema')))} {document.get('schema_version')}")
        return claims_of(document["claims"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"--claims {shown(str(path))}: {get_reason(error)}", "what proofs-check verify --format json prints",
                         f"proofs-check verify --format json > {path.name}") from error


def claims_of(rows: Sequence[Mapping[str, Any]]) -> list[Claim]:
    """Claims of the entries of a verification.

    Raises
    ------
    KeyError, TypeError, ValueError
        If an entry is missing or of another type.
    """
    found = []
    for row in rows:
        texts: dict[str, Any] = {name: row[name] for name in _TEXTS}
        lists: dict[str, Any] = {name: tuple(row[name]) for name in _LISTS}
        if bare := [name for name in (*_LISTS, "twins") if not isinstance(row[name], list)]:
            raise ValueError(f"{bare[0]} of {json.dumps(row['id'])} is no list")
        twins = tuple(Twin(each["name"], each["outcome"], each["where"]) for each in row["twins"])
        words = [*texts.values(), *(word for each in lists.values() for word in each),
                 *(word for each in twins for word in (each.name, each.outcome, each.where))]
        if not all(isinstance(word, str) for word in words) or not isinstance(row["as_expected"], bool):
            raise ValueError(f"an entry of {json.dumps(row['id'])} is no text")
        found.append(Claim(**texts, **lists, as_expected=row["as_expected"], twins=twins))
        _require_consistent(found[-1])
    if again := [id for id, count in Counter(each.id for each in found).items() if count > 1]:
        raise ValueError(f"the claim {json.dumps(again[0])} is there more than once")
    return found


def _require_consistent(claim: Claim) -> None:
    """Raise ValueError if an outcome is none, or the entry says of itself what its outcomes do not."""
    outcomes = {"outcome": claim.outcome, "expected": claim.expected,
                **{f"outcome of the twin {json.dumps(twin.name)}": twin.outcome for twin in claim.twins}}
    for what, outcome in outcomes.items():
        if outcome not in _OUTCOMES:
            raise ValueError(f"{what} of {json.dumps(claim.id)} is {json.dumps(shown(outcome))}, "
                             f"none of {', '.join(_OUTCOMES)}")
    right = claim.outcome == claim.expected and all(twin.outcome == "refuted" for twin in claim.twins)
    if claim.as_expected != right:
        raise ValueError(f"{json.dumps(claim.id)} is {claim.outcome}, expected {claim.expected}, and as_expected is "
                         f"{str(claim.as_expected).lower()}")


def summarise_claims(claims: Sequence[Claim]) -> Section:
    """How many claims have which verdict, and what a verdict does not say."""
    outcomes = Counter(each.outcome for each in claims)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    wrong = [each.id for each in claims if not each.as_expected]
    twins = [twin for each in claims for twin in each.twins]
    refuted = sum(twin.outcome == "refuted" for twin in twins)
    seen = [f"{len(claims) - len(wrong)} of {len(claims)} claims are as expected: {counts}.",
            f"{refuted} of {len(twins)} false versions of them (twins) are refuted, as they must be."]
    seen += [f"Not as expected: {', '.join(wrong)}."] if wrong else []
    limits = ["Proved and certified hold under the assumptions and for the values that each claim lists, and for no others.",
              "Supported means that a statistic agrees at a stated confidence: no proof. Undecided is no verdict either way.",
              "A claim that is expected to be refuted is a statement of the theory that is false; the corrected one is named."]
    asked = f"Which of {len(claims)} statements of the theory are true?" if len(claims) > 1 else "Is this statement true?"
    return Section("Claims", asked, seen, limits, ())
