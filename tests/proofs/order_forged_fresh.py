"""Forged errors on fresh examples, for order_examination."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from proofs_check.order.certificate import certificate
from proofs_check.order.certify import certify_order
from tests.proofs.order_examination import SMALL


@cache
def with_fresh() -> dict[str, Any]:
    """A certificate with fresh examples."""
    return certificate(certify_order(SMALL, ["S"], fresh=30, threads=1))


def _one_more(fresh: dict[str, Any]) -> None:
    fresh["wrong"]["Q-only"] += 1
    fresh["interval"]["Q-only"] = [0.0, 0.999]


OF_FRESH: dict[str, Callable[[dict[str, Any]], None]] = {
    "one more error": _one_more,
    "an upper end": lambda fresh: fresh["interval"].update({"P-only": [0.0, round(fresh["interval"]["P-only"][1] - 0.02, 6)]}),
    "a lower end": lambda fresh: fresh["interval"].update({"Q-only": [round(fresh["interval"]["Q-only"][0] + 0.02, 6), 0.999]}),
    "the linear part's error": lambda fresh: fresh.update(linear=[fresh["linear"][0], fresh["linear"][1] - 3e-7]),
}
