"""Stored evidence: a verdict as a JSON file with a hash of what it holds."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from proofs_check.claim import Verdict
from theory_sim.errors import InputError

__all__ = ["load", "save"]

FORMAT = 2


def save(verdict: Verdict, path: str | os.PathLike[str]) -> None:
    """Store a verdict with its evidence as JSON, whole or not at all; `recheck` reads it."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "format": FORMAT,
        "claim": verdict.claim,
        "level": verdict.level,
        "outcome": verdict.outcome,
        "evidence": verdict.evidence,
    }
    handle, draft = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({**content, "sha256": _hash(content)}, file, indent=1, allow_nan=False)
        os.replace(draft, target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def load(path: str | os.PathLike[str], *, check_hash: bool = True) -> Verdict:
    """Read a stored verdict.

    Raises
    ------
    InputError
        If the file is no verdict of this format, or its content does not have the hash stored with it.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        said = content.pop("sha256")
        if set(content) != {"format", "claim", "level", "outcome", "evidence"}:
            raise ValueError(f"entries {sorted(content)}")
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']!r} is not {FORMAT}")
        verdict = Verdict(str(content["claim"]), content["outcome"], dict(content["evidence"]), content["level"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        told = str(error) if str(path) in str(error) else f"{path}: {error}"
        raise InputError(told, "a verdict stored by proofs-check verify --out", "verify the claim again") from error
    if check_hash and said != _hash(content):
        raise InputError(f"{path}: content that its hash does not fit", "evidence as it was stored", "verify the claim again")
    return verdict


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()
