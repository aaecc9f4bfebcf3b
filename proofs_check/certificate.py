"""Stored evidence: a verdict as a JSON file with a hash of what it holds."""

from __future__ import annotations

import hashlib
import json
import math
import os
from pathlib import Path
from typing import NoReturn

from proofs_check.claim import Verdict
from theory_sim.errors import InputError, get_reason, shown
from theory_sim.reading.arguments import accepts
from theory_sim.storage.arrays import read_regular
from theory_sim.storage.writing import write_text

__all__ = ["ChangedEvidence", "load", "require_replaceable", "save"]

FORMAT = 2


class ChangedEvidence(InputError):
    """A stored verdict whose content does not have the hash stored with it."""


@accepts(verdict="Verdict", path="a path")
def save(verdict: Verdict, path: str | os.PathLike[str]) -> None:
    """Store a verdict with its evidence as JSON, whole or not at all; `recheck` reads it.

    Examples
    --------
    >>> import tempfile
    >>> from proofs_check import load, save, verify
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(verify("sheppard"), f"{folder}/sheppard.json")
    ...     stored = load(f"{folder}/sheppard.json")
    >>> stored.outcome
    'proved'
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "format": FORMAT,
        "claim": verdict.claim,
        "level": verdict.level,
        "outcome": verdict.outcome,
        "evidence": verdict.evidence,
    }
    require_replaceable(target)
    write_text(target, json.dumps({**content, "sha256": _hash(content)}, indent=1, allow_nan=False))


def require_replaceable(path: Path) -> None:
    """Refuse to store evidence over anything but evidence."""
    if not os.path.lexists(path):
        return
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() and not path.is_symlink() else None
        own = isinstance(content, dict) and {"claim", "outcome", "evidence", "sha256"} <= content.keys()
    except (OSError, ValueError, RecursionError):
        own = False
    if not own:
        raise InputError(f"{path} exists and is no evidence", "only evidence is replaced",
                         "move it elsewhere, or choose another place")


@accepts(path="a path", check_hash="True or False")
def load(path: str | os.PathLike[str], *, check_hash: bool = True) -> Verdict:
    """Read a stored verdict.

    Raises
    ------
    InputError
        If the file is no verdict of this format, or its content does not have the hash stored with it.

    Examples
    --------
    >>> import tempfile
    >>> from proofs_check import load, save, verify
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(verify("sheppard"), f"{folder}/sheppard.json")
    ...     stored = load(f"{folder}/sheppard.json")
    >>> stored.claim
    'sheppard'
    """
    try:
        content = json.loads(
            read_regular(Path(path)).decode(), object_pairs_hook=_each_once, parse_constant=_no_number, parse_float=_finite,
        )
        said = content.pop("sha256")
        if set(content) != {"format", "claim", "level", "outcome", "evidence"}:
            raise ValueError(f"entries {sorted(content)}")
        if type(content["format"]) is not int or content["format"] != FORMAT:
            raise ValueError(f"format {content['format']!r} is not {FORMAT}")
        for name, kind in (("claim", str), ("level", str), ("outcome", str), ("evidence", dict)):
            if not isinstance(content[name], kind):
                raise ValueError(f"{name} that is no {'entries' if kind is dict else 'text'}")
        verdict = Verdict(content["claim"], content["outcome"], content["evidence"], content["level"])
        found = _hash(content) if check_hash else said
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: {get_reason(error)}", "a verdict stored by proofs-check verify --out",
                         "verify the claim again") from error
    if said != found:
        raise ChangedEvidence(f"{path}: content that its hash does not fit", "evidence as it was stored",
                              "verify the claim again")
    return verdict


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"an entry given twice among {names[:8]}")
    return dict(pairs)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _finite(digits: str) -> float:
    """A number; one beyond all that a float holds, which Python takes for infinity, is refused."""
    if math.isinf(number := float(digits)):
        raise ValueError(f"{shown(digits)} is no number")
    return number


def _hash(content: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()
