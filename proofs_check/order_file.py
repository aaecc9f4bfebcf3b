"""The file of a certified learning order: JSON with a hash of what it holds."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from proofs_check.certificate import ChangedEvidence
from theory_sim.errors import InputError, get_reason, shown
from theory_sim.storage.arrays import read_regular
from theory_sim.storage.writing import write_text

__all__ = ["FORMAT", "is_order_file", "load_order", "save_order"]

FORMAT: Final = "proofs-check.order-certificate/1"
_START: Final = '{"format": "proofs-check.order-certificate/'
_LARGEST: Final = 2**31


def save_order(content: Mapping[str, Any], path: Path) -> None:
    """Write a certificate, whole or not at all; only another certificate is replaced."""
    if os.path.lexists(path) and not is_order_file(path):
        raise InputError(f"{path} exists and is no certificate of an order", "only such certificates are replaced",
                         "move it elsewhere, or choose another place")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format": FORMAT, **content, "sha256": _hash(content)}, allow_nan=False)
    write_text(path, text + "\n")


def is_order_file(path: Path) -> bool:
    """Whether a file says of itself that it is a certificate of an order."""
    try:
        if not path.is_file():  # to open a pipe would be to wait for its writer
            return False
        with open(path, encoding="utf-8") as file:
            return file.read(len(_START)) == _START
    except (OSError, ValueError):
        return False


def load_order(path: Path, *, check_hash: bool = True) -> dict[str, Any]:
    """Content of a certificate's file.

    Raises
    ------
    InputError
        If it cannot be read as one.
    ChangedEvidence
        If its hash is that of another content.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError("more than 2 GiB")
        content = json.loads(read_regular(path).decode(), object_pairs_hook=_each_once, parse_constant=_no_number,
                             parse_float=_finite)
        form, said = content.pop("format"), content.pop("sha256")
        if form != FORMAT:
            raise ValueError(f"format {form!r} is not {FORMAT!r}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: {get_reason(error)}", "a certificate stored by proofs-check order --certificates",
                         "certify the order again") from error
    if check_hash and said != _hash(content):
        raise ChangedEvidence(f"{path}: content that its hash does not fit", "a certificate as it was stored",
                              "certify the order again")
    return dict(content)


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("an entry given twice")
    return dict(pairs)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _finite(digits: str) -> float:
    """A number; one beyond all that a float holds, which Python takes for infinity, is refused."""
    if math.isinf(number := float(digits)):
        raise ValueError(f"{shown(digits)} is no number")
    return number
