"""recheck of a file that holds a certified learning order."""

from __future__ import annotations

import zlib
from pathlib import Path

from proofs_check.order_file import load_order
from proofs_check.recheck.order.box import check_box
from proofs_check.recheck.order.check import check_order
from proofs_check.recheck.refusal import Refused
from theory_sim.errors import InputError, get_reason

__all__ = ["check_order_file"]


def check_order_file(path: Path, *, check_hash: bool = True) -> tuple[str, str, bool, str]:
    """What the file is about, its verdict, whether it is accepted, and why.

    Raises
    ------
    InputError
        If the file cannot be read as a certificate, or its hash is that of another content.
    """
    content = load_order(path, check_hash=check_hash)
    verdict = str(content.get("verdict"))
    about = f"learning order of data {str(content.get('data'))[:16]}"
    try:
        return about, verdict, True, check_box(content) if "box" in content else check_order(content)
    except Refused as refusal:
        return about, verdict, False, str(refusal)
    except (KeyError, ValueError, TypeError, IndexError, ZeroDivisionError, AttributeError, OverflowError, RecursionError,
            zlib.error, InputError) as error:
        return about, verdict, False, f"certificate cannot be read: {get_reason(error)}"
