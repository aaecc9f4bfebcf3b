"""Evidence and counterexamples in words, for a reader of the paper."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from proofs_check.problem.base import Evidence

__all__ = ["evidence_lines", "in_words", "where"]

_MOST_PARTS: Final = 6
_MOST_NUMBERS: Final = 12
_MOST_DIGITS: Final = 60
_SHOWN_DIGITS: Final = 15


def in_words(value: object) -> str:
    """A value of evidence without the brackets and quotes of a programming language; of long lists the start."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {in_words(each)}" for name, each in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        nested = any(isinstance(each, (list, tuple, Mapping)) for each in value)
        more = f", ... ({len(value)} in all)" if len(value) > _MOST_NUMBERS else ""
        return ("; " if nested else ", ").join(in_words(each) for each in value[:_MOST_NUMBERS]) + more or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else f"{value:.10g}" if isinstance(value, float) else _shortened(str(value))


def _shortened(text: str) -> str:
    """A long number by its first and last digits; evidence and the line that evaluates a claim have all of them."""
    if len(text) <= _MOST_DIGITS or not re.fullmatch(r"-?\d+(/\d+)?", text):
        return text
    return f"{text[:_SHOWN_DIGITS]}...{text[-_SHOWN_DIGITS:]} ({len(text)} characters)"


def where(evidence: Evidence) -> str:
    """Where a claim is false, and in which part, in a line."""
    if "counterexample" in evidence:
        return f"at {in_words(evidence['counterexample'])}"
    if "evidence" in evidence:
        return f"{evidence['part']}: {where(evidence['evidence'])}"
    return "; ".join(evidence_lines(evidence))


def evidence_lines(evidence: Evidence) -> list[str]:
    """Evidence as lines; parts of parts are indented."""
    if "parts" in evidence:
        parts = evidence["parts"]
        shown = [f"{part['part']}: {part['outcome']}\n" + textwrap.indent("\n".join(evidence_lines(part["evidence"])), "  ")
                 for part in parts[:_MOST_PARTS]]
        return [*shown, *([f"... and {len(parts) - _MOST_PARTS} more parts"] if len(parts) > _MOST_PARTS else [])]
    if "steps" in evidence:
        count = len(evidence["steps"])
        steps = f"{count} step{'s' if count > 1 else ''} shown" if count else "no step needed"
        return [steps + (", and that the last expression is positive as it stands" if "positive" in evidence else "")]
    if "boxes" in evidence:
        return [_boxes(evidence)]
    if "roots" in evidence:
        ends = _outward(Fraction(evidence["low"]), Fraction(evidence["high"]), 16)
        return [f"between {ends[0]} and {ends[1]} ({evidence['precision']} bits)",
                *(f"{name} between {low} and {high}" for name, (low, high) in evidence["roots"].items())]
    if "confidence" in evidence:
        low, high = _outward(Fraction(evidence["low"]), Fraction(evidence["high"]), 6)
        return [f"mean {evidence['mean']:.6g} of {evidence['size']} draws (seed {evidence['seed']}); "
                f"{evidence['confidence']:g} {evidence['interval']} interval {low} to {high}; "
                f"claimed {evidence['expected']:.6g}"]
    if "radius" in evidence:
        ends = _outward(Fraction(evidence["lower"]), Fraction(evidence["upper"]), 10)
        return [f"a run of {len(evidence['slopes'])} steps has the average loss {ends[0]} c R^2, and none more than {ends[1]}"]
    if "evidence" in evidence and isinstance(evidence["evidence"], Mapping):
        inner = textwrap.indent("\n".join(evidence_lines(evidence["evidence"])), "  ")
        rest = [f"{key}: {in_words(value)}" for key, value in evidence.items() if key not in ("part", "outcome", "evidence")]
        return [*rest, f"{evidence.get('part', 'part')}: {evidence.get('outcome', 'refuted')}\n{inner}"]
    return [f"{key}: {in_words(value)}" for key, value in evidence.items()]


def _boxes(evidence: Evidence) -> str:
    kind = {"everywhere": "the derivative at the corner is positive on all of ",
            "at the corner": "by expansion at the corner, on "}
    worst = evidence["boxes"][evidence["worst"]]
    ranges = "; ".join(in_words(each) for each in worst) if isinstance(worst, (list, tuple)) else in_words(worst)
    return (f"{kind.get(evidence.get('derivative', ''), '')}{len(evidence['boxes'])} boxes, {evidence['precision']} bits; "
            f"worst {ranges}: at least {_at_least(evidence['lower'])}")


def _at_least(lower: float | str) -> str:
    """A bound in three digits that it holds for; text, a power of ten outside of the floats' range, as it stands."""
    return lower if isinstance(lower, str) else _outward(Fraction(lower), Fraction(lower), 3)[0]


def _outward(low: Fraction, high: Fraction, digits: int) -> tuple[str, str]:
    """Ends of an interval in so many digits, the low one rounded down and the high one up: what holds is no less than shown."""
    ends = (Context(digits, rounding).divide(Decimal(end.numerator), Decimal(end.denominator))
            for end, rounding in ((low, ROUND_FLOOR), (high, ROUND_CEILING)))  # fmt: skip
    below, above = (f"{end:.{digits}g}" for end in ends)
    return below, above
