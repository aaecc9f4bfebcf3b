"""Which experiments and boxes are covered."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from proofs_check.order.resources import estimated_bytes, estimated_seconds
from proofs_check.order.supported import require_supported
from proofs_check.order_box.star import KEPT
from theory_sim.errors import Fault, InputError
from theory_sim.experiment import Experiment
from theory_sim.memory import available_bytes, fits, refuse

__all__ = ["box_bytes", "parse_box", "require_box"]

# Arrays (steps, examples) of a cell at one time, and numbers a step of a block of 128 steps' kernels: ten jets of ten parts.
_OF_CELL: Final = 40
_KERNELS: Final = 128 * 250
_WORDS: Final = "r=0.28:0.32,lambda=4e-4:6e-4,eta_ratio=0.03:0.033"


def parse_box(text: str) -> dict[str, tuple[float, float]]:
    """Bounds by name, as ``r=0.28:0.32,lambda=4e-4:6e-4,eta_ratio=0.03:0.033``.

    Raises
    ------
    InputError
        If the text is not of this form.

    Examples
    --------
    >>> parse_box("r=0.28:0.32")
    {'r': (0.28, 0.32)}
    """
    found: dict[str, tuple[float, float]] = {}
    for part in text.split(","):
        name, equals, values = part.strip().partition("=")
        ends = values.split(":")
        try:
            low, high = (float(each) for each in ends)
        except ValueError:
            low = high = math.nan
        if not equals or name in found or not (math.isfinite(low) and math.isfinite(high)):
            raise InputError(f"--box {text}: {part.strip()!r}", "each parameter once, as name=low:high",
                             f'such as --box "{_WORDS}"')
        found[name] = low, high
    return found


def require_box(
    experiment: Experiment, box: Mapping[str, tuple[float, float]], schedules: Sequence[str], level: float, seconds: float
) -> None:
    """Raise InputError unless a box of an experiment's parameters is one that is covered, and runs fit in memory and time."""
    if not 0.0 < level < 0.6931:
        raise InputError(f"level {level:g}", "a loss between 0 and log 2, that of a network that outputs nothing",
                         "such as 0.45")
    for name in schedules:
        if name not in ("L-S", "S") or schedules.count(name) > 1:
            raise InputError(f"schedules {', '.join(schedules)}", "L-S, S or both: a box is of runs whose first rate is kept",
                             "such as --compare L-S,S")
    faults = [*_faults(experiment), *_faults_of_box(experiment, box)]
    if faults:
        raise InputError.of(faults)
    chosen = [experiment.replace(schedule=name) for name in schedules]
    for each in chosen:
        require_supported(each)
        _require_resources(_longest(each, box), seconds)


def _longest(e: Experiment, box: Mapping[str, tuple[float, float]]) -> Experiment:
    """The run with the most steps: at eta_1 up to a fall of the rate, or at the least eta_2."""
    rate = e.eta_1 if e.schedule == "L-S" else e.eta_1 * box["eta_ratio"][0] if "eta_ratio" in box else e.eta_2
    return e.replace(schedule="constant", eta_1=rate, eta_2=min(rate, e.eta_2), tau_0=e.tau_0_value)


def box_bytes(longest: Experiment) -> float:
    """Bytes at the largest moment of a box: a run's certificate, the runs that are kept, and a cell's residuals and kernels."""
    e = longest
    steps, n = e.most_steps, e.n_examples
    return estimated_bytes(e) + 8.0 * steps * n * (KEPT + _OF_CELL) + 8.0 * steps * _KERNELS


def _require_resources(longest: Experiment, seconds: float) -> None:
    """Refuse a box of which one run does not fit in memory, or in the time that is given."""
    e, wanted, there = longest, box_bytes(longest), available_bytes()
    if not fits(wanted, there):
        refuse(f"a box of runs of {e.n_examples} examples over up to {e.most_steps:.0f} steps", wanted, there,
               ["lower N, or take fewer steps: lower max_tau, or raise the lowest rate"], ("N", "max_tau"))
    expected = estimated_seconds(e)
    if expected > seconds:
        raise InputError(f"a box of which one run of {e.most_steps:.0f} steps takes about {expected / 60.0:.0f} minutes",
                         f"at most the {seconds / 60.0:g} minutes that are given",
                         "lower max_tau or N, raise the lowest rate, or give more --minutes", fields=("max_tau", "N"))


def _faults(e: Experiment) -> Iterator[Fault]:
    for field, chosen, holds, rule in (
        ("network", e.network, not e.shared_filters, "the split network, in which r moves three directions alone"),
        ("patterns", e.patterns, not (e.frozen_patterns or e.redrawn_patterns or e.patterns_freeze), "patterns that move"),
        ("batch_size", e.batch_size, e.batch_size is None, "full batches"),
        ("tau_xi", e.tau_xi, e.tau_xi > 0, "noise that moves patterns"),
        ("q0", e.q0, 0 < e.q0 < 1, "examples of both kinds"),
    ):
        if not holds:
            yield Fault(f"{field} = {chosen!r} for a box", f"{rule} (docs/explanation/order_box.md)",
                        f"leave {field} out, or prove the order at one point, without --box", (field,))


def _faults_of_box(e: Experiment, box: Mapping[str, tuple[float, float]]) -> Iterator[Fault]:
    limits = {"r": (0.0, 1.0), "lambda": (0.0, 1.0 / max(e.eta_1, 1e-300)), "eta_ratio": (0.0, 1.0)}
    if not box:
        yield Fault("a box of no parameter", f"bounds of {', '.join(limits)}", f'such as "{_WORDS}"')
    for name, ends in box.items():
        if name not in limits:
            yield Fault(f"a box in {name}", f"bounds of {', '.join(limits)} (eta_ratio = eta_2 / eta_1)",
                        f'such as "{_WORDS}"')
            continue
        low, high = ends
        least, most = limits[name]
        if not least < low <= high < most:
            yield Fault(f"{name} from {low:g} to {high:g}", f"{least:g} < low <= high < {most:g}", "choose other ends", (name,))
        elif name == "eta_ratio" and low == high and Fraction(low) * Fraction(e.eta_1) != Fraction(low * e.eta_1):
            yield Fault(f"eta_ratio = {low!r}, whose product with eta_1 = {e.eta_1!r} is no double", "a rate that is one",
                        "give eta_2 and leave eta_ratio out, or give it two ends", ("eta_2",))
        elif low < high and not high - low >= 1e-5 * high:
            yield Fault(f"{name} from {low!r} to {high!r}", "ends that differ by a part in 10^5 at least, or are equal",
                        "widen the box", (name,))
