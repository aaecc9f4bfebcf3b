"""What a certificate is about: the data, drawn again, the mini-batches, and rates that a schedule allows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from proofs_check.recheck.refusal import Refused
from theory_sim.arrays import Array
from theory_sim.data import Data, get_directions
from theory_sim.experiment import Experiment
from theory_sim.train.sampling import make_sampling

__all__ = ["digest", "falls_at", "batches_of", "require_length", "require_rates"]

_EXACT: Final = ("S", "constant", "pieces")
"""Schedules whose rates are numbers of the experiment; those of others are computed, and allowed to be rounded."""
_REACHED: Final = 1.0 - 1e-12
"""A sum of rates, added up in doubles, reaches a time from this part of it on: docs/explanation/order.md states it so."""


def digest(experiment: Experiment, data: Data) -> str:
    """SHA-256 of the numbers as little-endian doubles: x_1, alpha, direction, y, kind, the directions."""
    parts = (data.x1, data.alpha, data.direction, data.y, data.kind, get_directions(experiment, data))
    return hashlib.sha256(b"".join(np.asarray(part).astype("<f8").tobytes() for part in parts)).hexdigest()


def batches_of(experiment: Experiment, steps: int) -> list[Array | None]:
    """Indices of each step's examples; None for all."""
    sampling = make_sampling(experiment)
    return [sampling.at(step) for step in range(steps)]


def falls_at(schedule: str, experiment: Experiment, rates: Sequence[float]) -> int | None:
    """First step with a lower rate than the one before, from which on frozen-at-annealing freezes; None under slow decays."""
    if _falls_from_start(schedule, experiment):
        return None
    return next((step for step in range(1, len(rates)) if rates[step] < rates[step - 1]), None)


def _falls_from_start(schedule: str, experiment: Experiment) -> bool:
    shape = experiment.fields().get("cycle_shape", "triangle")
    return schedule in ("cosine", "linear", "exponential", "power") or (schedule == "cyclic" and shape == "cosine")


def require_length(experiment: Experiment, rates: Sequence[float], *, stopped_by_loss: bool) -> None:
    """Refuse a run that ends before, or after, its stop rules end it."""
    e, times = experiment, _times(rates)
    end = e.max_tau * _REACHED
    full = times[-1] >= end or (e.max_steps is not None and len(rates) == e.max_steps)
    if not full and not stopped_by_loss:
        raise Refused(f"a run that ends at tau = {times[-1]:g}, before max_tau = {e.max_tau:g}: steps are left out")
    if (e.max_steps is not None and len(rates) > e.max_steps) or (rates and times[-2] >= end):
        raise Refused("a run that is longer than its stop rules allow")


def require_rates(schedule: str, experiment: Experiment, rates: Sequence[float], switch: int | None) -> None:
    """Refuse rates that the schedule does not have; ``switch`` is the step at which L-S anneals."""
    e, times = experiment, _times(rates)
    if schedule == "L-S":
        expected = [e.eta_1 if switch is None or step < switch else e.eta_2 for step in range(len(rates))]
        if list(rates) != expected:
            raise Refused("rates that are not eta_1 before the switch and eta_2 from it on")
        return
    law = _law(schedule, e)
    rounding = 0.0 if schedule in _EXACT else 1e-10
    # Where patterns freeze as the rate first falls, a fall within the rounding would move that: it must be the law's own.
    freezes, before = e.patterns_freeze and not _falls_from_start(schedule, e), math.nan
    for step, rate in enumerate(rates):
        time = float(step) if e.clock_of_steps else times[step]
        expected_rate = law(time)
        if not abs(rate - expected_rate) <= rounding * expected_rate:
            raise Refused(f"step {step}: rate {rate:g}, where the schedule has {expected_rate:g}")
        if freezes and step > 0 and (rate < rates[step - 1]) != (expected_rate < before):
            raise Refused(f"step {step}: a rate that falls, or does not, where the schedule's does otherwise")
        before = expected_rate


def _times(rates: Sequence[float]) -> list[float]:
    times = [0.0]
    for rate in rates:
        times.append(times[-1] + rate)
    return times


def _law(schedule: str, e: Experiment) -> Callable[[float], float]:
    """Rate of a time under each built-in schedule of time alone, by its documented formula."""
    own: Mapping[str, Any] = e.own_values
    end = float(e.max_steps or 1e12) if e.clock_of_steps else e.max_tau
    high, low = e.eta_1, e.eta_2

    def share(time: float) -> float:
        return min(time / end, 1.0)

    def step(time: float) -> float:
        return high * float(e.step_factor ** math.floor(time / (e.step_tau or math.inf) * (1 + 1e-12)))

    def pieces(time: float) -> float:
        listed = e.pieces or ()
        return float(next((rate for until, rate in listed if time < until * _REACHED), listed[-1][1]))

    def warm(time: float) -> float:
        start = float(own["warm_up_from"])
        return high * (start + (1 - start) * min(time / float(own["warm_up"]), 1.0))

    def warm_and_decay(time: float) -> float:
        gone = min((time - end + own["decay_time"]) / own["decay_time"], 1.0)
        return high - (high - low) * gone if gone > 0 else warm(time)

    def cyclic(time: float) -> float:
        turns = time / own["cycle"]
        whole = round(turns)
        phase = 0.0 if abs(turns - whole) <= 1e-12 * whole else math.modf(turns)[0]
        part = 1 - abs(1 - 2 * phase) if own["cycle_shape"] == "triangle" else 0.5 + 0.5 * math.cos(math.pi * phase)
        return low + (high - low) * part

    laws: dict[str, Callable[[float], float]] = {
        "S": lambda time: low, "constant": lambda time: high, "step": step, "pieces": pieces,
        "cosine": lambda time: 0.5 * (high + low) + 0.5 * (high - low) * math.cos(math.pi * share(time)),
        "linear": lambda time: high * (1 - share(time)) + low * share(time),
        "exponential": lambda time: math.exp((1 - share(time)) * math.log(high) + share(time) * math.log(low)),
        "power": lambda time: high * math.exp(-own["power_exponent"] * math.log1p(time / own["power_time"])),
        "warm-up": warm, "warm-up-stable-decay": warm_and_decay, "cyclic": cyclic,
    }
    if schedule not in laws:
        raise Refused(f"the schedule {schedule!r}, whose rates are not known here")
    return laws[schedule]
