"""Is the theorem's statement true, and how do we know? Claims, verdicts with evidence, and an independent second check.

Public names are loaded when first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proofs_check.certificate import load, save
    from proofs_check.claim import Claim, Verdict, claim, claims, find
    from proofs_check.constants import ConstantsReport, check_constants
    from proofs_check.falsify import Counterexample, falsify
    from proofs_check.order.certify import CertifiedOrder, certify_order
    from proofs_check.order_box.box import CertifiedBox, certify_box
    from proofs_check.recheck import RecheckReport, recheck
    from proofs_check.suggestion.search import suggest
    from proofs_check.verify import verify

_HOMES = {
    "CertifiedBox": "order_box.box", "certify_box": "order_box.box",
    "CertifiedOrder": "order.certify", "certify_order": "order.certify",
    "check_constants": "constants", "Claim": "claim", "claim": "claim", "claims": "claim",
    "ConstantsReport": "constants", "Counterexample": "falsify", "falsify": "falsify", "find": "claim",
    "load": "certificate", "recheck": "recheck", "RecheckReport": "recheck", "save": "certificate",
    "suggest": "suggestion.search", "Verdict": "claim", "verify": "verify",
}

__all__ = [
    "CertifiedBox", "CertifiedOrder", "Claim", "ConstantsReport", "Counterexample", "RecheckReport", "Verdict", "certify_box",
    "certify_order", "check_constants", "claim", "claims", "falsify", "find", "load", "recheck", "save", "suggest", "verify",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})


class _Package(ModuleType):
    """Keeps a public function from being hidden by the submodule of its own name once that has been imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
