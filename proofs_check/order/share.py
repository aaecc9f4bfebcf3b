"""How probable an order is over data sets, from those that were certified: Clopper and Pearson's bound."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from proofs_check.order.error_share import CONFIDENCE

if TYPE_CHECKING:
    from proofs_check.order.certify import CertifiedOrder

__all__ = ["least_share", "share_lines", "shares"]


def least_share(successes: int, n: int) -> float:
    """Lower confidence bound of a probability, one-sided at `CONFIDENCE`: exact, rounded down to 1e-6.

    The p for which at least so many successes of n independent draws have the probability 1 - CONFIDENCE (Clopper and Pearson).

    Examples
    --------
    >>> least_share(300, 300)  # 0.001^(1/300)
    0.977237
    """
    from scipy import stats

    if successes == 0:
        return 0.0
    low = float(stats.beta.ppf(1.0 - CONFIDENCE, successes, n - successes + 1))
    return math.floor(low * 1e6 - 1e-3) / 1e6


def shares(found: Sequence[CertifiedOrder]) -> list[dict[str, Any]]:
    """A row a schedule and order: data sets certified, of how many, and the bound of the probability over data sets.

    None where a data set is there twice, as with one ``seed_data`` for all seeds: the bound is of independent ones.
    """
    if len({each.digest for each in found}) < len(found):
        return []
    rows = []
    for schedule in found[0].orders:
        counts = Counter(each.orders[schedule] for each in found)
        for order, count in sorted(counts.items(), key=lambda each: -each[1]):
            if order != "undecided":
                rows.append({"schedule": schedule, "order": order, "certified": count, "n": len(found),
                             "least_probability": least_share(count, len(found)), "confidence": CONFIDENCE})
    return rows


def share_lines(found: Sequence[CertifiedOrder]) -> Iterator[str]:
    """The same in words."""
    rows = shares(found)
    if not rows and len({each.digest for each in found}) < len(found):
        yield "no bound of a probability over data sets: some seeds have the same data (seed_data)"
    for row in rows:
        least = round(1e6 * row["least_probability"]) // 100 / 1e4  # down to four digits
        yield (f"{row['schedule']}: {row['order']} certified for {row['certified']} of {row['n']} data sets; its probability "
               f"over data sets is at least {least:.4f} (Clopper-Pearson, {100 * CONFIDENCE:g} %)")
