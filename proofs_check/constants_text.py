"""A report on an experiment's constants as lines of text."""

from __future__ import annotations

import math
from collections.abc import Iterator

from proofs_check.constants import ConstantsReport
from theory_sim.theory.closure.accuracy import out_of_range, stated, within
from theory_sim.theory.conditions import in_words

__all__ = ["write_lines"]


def write_lines(report: ConstantsReport) -> Iterator[str]:
    """Yield what the report says besides the conditions, line by line, the verdict last."""
    judged, noise, samples = report.regime, report.noise, report.samples
    yield "\npattern motion"
    yield f"  Y(eta_1) = {in_words(judged.Y_1)}, G = {judged.G_1:.3g}; Y(eta_2) = {in_words(judged.Y_2)}, G = {judged.G_2:.3g}"
    yield f"  lazy deficit at m_V: {in_words(judged.lazy_deficit)}"
    yield f"\nlearning times at loss {judged.level:g}, closed forms with frozen patterns"
    yield f"  tau_Q = {in_words(judged.tau_Q, '.4g')}, tau_P = {in_words(judged.tau_P, '.4g')}"
    for arm in report.arms:
        yield f"\n{arm.schedule}, closure at infinite width: {arm.order}, expected {arm.expected}: {arm.verdict}"
        for kind, times in (("Q", arm.tau_Q), ("P", arm.tau_P)):
            at_levels = ", ".join(f"{_time(time)} at {level:g}" for level, time in times.items())
            yield f"  tau_{kind}: {at_levels} ({within(f'tau_{kind}')})"
        learnt = math.isfinite(next(iter(arm.tau_P.values())))
        then = f"{_value(arm.Q_loss_at_tau_P)} when P is learnt" if learnt else "P is not learnt"
        yield f"  Q-only loss: {then}; {_value(arm.Q_loss_end)} at the end ({within('loss')})"
        yield f"  error on fresh P examples at the end {_value(arm.test_error)} ({within('P_error')})"
    if len(report.arms) == 2 and report.arms[0].test_error > 0:
        yield f"\nerror of S over that of L-S: {report.arms[1].test_error / report.arms[0].test_error:.3g}"
    if report.arms:
        yield f"\n{stated()}"
        outside = _outside(report)
        if outside:
            yield f"not measured at these parameters, outside the range: {', '.join(outside)}"
    yield "\nnoise under L-S (standard deviation, exact recursion)"
    annealed = f"at annealing {noise.at_annealing:.3g}, at the end {noise.end:.3g}"
    yield f"  start {noise.start:.3g}, {annealed if noise.followed else noise.not_followed}"
    yield f"  stable level of eta_1 {in_words(noise.stable_before)}, of eta_2 {in_words(noise.stable_after)}"
    if noise.followed:
        drop = f"{noise.decorrelation_before:.3g}, then {noise.decorrelation_after:.3g}"
        yield f"  decorrelation a unit of tau, at annealing: {drop}"
    yield "\nexamples"
    yield f"  P-only {samples.P_only:.0f}: averaging them errs on {_value(samples.error_P_only)} of fresh P examples"
    yield f"  holding P {samples.holding_P:.0f}: averaging them errs on {_value(samples.error_holding_P)}"
    least = "no bound at d = 1" if math.isnan(samples.needed) else f"at least {samples.needed:.0f}"
    yield f"  an error of 1 % needs: {least}; averaging has it with {samples.enough:.0f}"
    yield f"  holding Q {samples.holding_Q:.0f}: a direction is missing with probability {samples.Q_unseen:.2g}"
    yield f"\n{report.verdict}"


def _value(number: float) -> str:
    return "-" if math.isnan(number) else f"{number:.3g}"


def _outside(report: ConstantsReport) -> list[str]:
    e = report.experiment
    return out_of_range(d=e.d, kappa=e.kappa_value, q0=e.q0, g0=e.g0, r=e.r, lambda_=e.lambda_, eta_1=e.eta_1,
                        max_tau=e.max_tau)  # fmt: skip


def _time(time: float) -> str:
    return "no order" if math.isnan(time) else "not by the end" if math.isinf(time) else f"{time:.0f}"
