"""The order at finite width: every bound holds in small networks of paired neurons, and would not if it were much smaller."""

from __future__ import annotations

import dataclasses
import json
import math
from functools import cache
from typing import Any

import numpy as np
import pytest

from proofs_check.order.arm import Arm, Problem, certify_arm, make_problem
from proofs_check.order.certificate import certificate
from proofs_check.order.certify import certify_order
from proofs_check.order.theorem import latex_lines, text_lines
from proofs_check.order.width import least_widths
from proofs_check.order.width_bounds import METHODS, bounds, make_course
from proofs_check.recheck.order.check import check_order
from proofs_check.recheck.refusal import Refused
from tests.proofs.order_examination import SMALL
from theory_sim.data import draw_data, get_directions
from theory_sim.errors import InputError
from theory_sim.experiment import Experiment

S = SMALL.replace(schedule="S")
FORGED: dict[str, Any] = {
    "a width one percent smaller": lambda each: each.update(width=2 * int(0.495 * each["width"])),
    "half the width": lambda each: each.update(width=2 * (each["width"] // 4)), "an odd width": lambda each: each.update(
        width=each["width"] + 1), "a smaller probability": lambda each: each.update(delta=each["delta"] / 10),
    "a step earlier": lambda each: each.update(step=each["step"] - 1),
    "a step later": lambda each: each.update(step=each["step"] + 1),
    "outputs nearer": lambda each: each.update(output=each["output"] * 0.99),
    "losses nearer": lambda each: each.update(loss=each["loss"] * 0.99),
    "half of D": lambda each: each.update(most=each["most"] / 2),
    "the other order": lambda each: each.update(order="Q first"), "an entry more": lambda each: each.update(note=1),
}
LOG_EVENTS = math.log(5 * 10 * 13 / 0.01)


@cache
def _limit() -> tuple[Problem, Arm, np.ndarray[Any, Any]]:
    problem = make_problem(S, draw_data(S))
    outputs: list[Any] = []
    arm = certify_arm(S, problem, (0.45,), threads=1, seen=lambda each: outputs.append(each.values))
    return problem, arm, np.concatenate(outputs)


@dataclasses.dataclass
class _Run:
    """What a network of paired neurons does, step by step: outputs (T + 1, N), and at each site (T + 1, sites) the share of
    moved patterns, the largest signal times m^(1/2), and what moved neurons keep."""

    outputs: Any
    shares: Any
    signals: Any
    kept: Any


@cache
def _network(width: int, seed: int = 0) -> _Run:
    """The definition (THEORY §2, §3), in one loop: layers W and V, both members of each pair."""
    e, data, rng = S, draw_data(S), np.random.default_rng(seed)
    sites = _limit()[0].sites
    directions = np.asarray(get_directions(e, data), float)
    vectors = [data.x1[data.has_x1].astype(float), directions]
    second = data.alpha[:, None] * directions[data.direction]
    x = [data.x1.astype(float), second]
    pairs, steps = width // 2, len(_limit()[1].run.rates)
    noise = [e.tau_0_value * rng.standard_normal((pairs, each.shape[1])) for each in x]
    signal = [np.zeros((2, *each.shape)) for each in noise]
    sign = np.array([1.0, -1.0])[:, None, None] / math.sqrt(width)
    found = _Run([], [], [], [])
    for step in range(steps + 1):
        weights = [n[None] + s for n, s in zip(noise, signal, strict=True)]
        outputs = sum((sign * np.maximum(w @ each.T, 0.0)).sum(axis=(0, 1)) for w, each in zip(weights, x, strict=True))
        at = [(n @ v.T, s @ v.T) for n, s, v in zip(noise, signal, vectors, strict=True)]
        moved = [((n + s > 0) != (n > 0), n, s) for n, s in at]
        found.outputs.append(outputs)
        found.shares.append(np.concatenate([each.mean(axis=(0, 1)) for each, _, _ in moved]))
        found.signals.append(math.sqrt(width) * np.concatenate([np.abs(s).max(axis=(0, 1)) for _, _, s in moved]))
        found.kept.append(np.concatenate([(each * np.abs(n + s)).sum(axis=(0, 1)) for each, n, s in moved]) / math.sqrt(width))
        if step == steps:
            break
        rate = float(_limit()[1].run.rates[step])
        residual = data.y / (1.0 + np.exp(data.y * outputs)) / len(data)
        for layer in range(2):
            active = weights[layer] @ x[layer].T > 0
            gradient = sign * ((active * residual) @ x[layer])
            signal[layer] = (1 - rate * e.lambda_) * signal[layer] + rate * gradient
            noise[layer] = (1 - rate * e.lambda_) * noise[layer] - rate * e.tau_xi * rng.standard_normal(noise[layer].shape)
    assert len(sites) == found.shares[0].size
    return _Run(*(np.array(getattr(found, each.name)) for each in dataclasses.fields(found)))


@pytest.mark.parametrize("width", [400, 4000])
def test_every_bound_holds_in_a_network(width: int) -> None:
    problem, arm, limit = _limit()
    run = _network(width)
    off = np.abs(run.outputs - limit).max(axis=1)
    for method in METHODS:
        course = make_course(S, problem, arm, method, 4.0)  # residuals up to 1
        assert np.all(run.signals <= course.signal * (1 + 1e-9))
        chance = course.chance / math.sqrt(width)
        assert np.all(run.shares <= chance + np.sqrt(4 * chance * LOG_EVENTS / width) + 4 * LOG_EVENTS / (3 * width))
        kept = course.signal * (chance / 2 + np.sqrt(4 / 3 * chance * LOG_EVENTS / width) + 4 * LOG_EVENTS / (3 * width))
        assert np.all(run.kept <= kept)
        assert np.all(off <= bounds(course, width, LOG_EVENTS).outputs + 1e-12)  # what the network's arithmetic rounds


def test_bounds_are_near_what_a_network_does() -> None:
    # A signal halved, or a chance a fifth, would not hold: mistakes of such a size are found.
    problem, arm, _ = _limit()
    run = _network(40_000)
    course = make_course(S, problem, arm, METHODS[-1], 0.4)
    assert not np.all(run.signals <= 0.5 * course.signal)
    assert not np.all(run.shares <= 0.2 * course.chance / 200.0)


def test_outputs_concentrate_as_stated() -> None:
    # Pairs' parts of outputs, whose mean is the limit's; a reach a tenth of the stated one would not hold.
    problem, arm, limit = _limit()
    course = make_course(S, problem, arm, METHODS[-1], 0.4)
    off = [np.abs(_network(400, seed).outputs - limit)[1] for seed in range(8)]  # patterns have not moved before the first step
    allowed = problem.sites.read(course.reach)[1] * math.sqrt(LOG_EVENTS / 400)
    assert all(np.all(each <= allowed) for each in off) and not all(np.all(each <= 0.1 * allowed) for each in off)


def test_errors_add_as_squares() -> None:
    # The step of the lemma where its bound is reached: one example, z = k e / A.
    rate, lambda_, square = 2.0, 0.01, 1.3
    curvature, slope = square / 4, 0.25
    kept = rate * (1 - rate * lambda_)
    slack = 2 * kept - rate**2 * curvature
    e = 0.3
    z = kept * e / slack
    feature = math.sqrt(square)
    delta = (z - e) / feature
    after = (1 - rate * lambda_) * delta - rate * slope * z * feature
    bound = ((1 - rate * lambda_) * delta) ** 2 + kept**2 / (4 * slack) * e**2
    assert after**2 <= bound * (1 + 1e-12) and after**2 > bound - 0.01 * kept**2 / (4 * slack) * e**2


def test_the_theorem_of_finite_width() -> None:
    found = certify_order(SMALL, ["L-S", "S"], finite_width=0.01, threads=1)
    by_schedule = {name: [each for each in found.widths if each.schedule == name] for name in ("L-S", "S")}
    for methods in by_schedule.values():
        widths = [each.width or 0 for each in methods]
        assert all(widths) and widths == sorted(widths, reverse=True) and widths[-1] < 1e-4 * widths[0]
    text, latex = "\n".join(text_lines(found)), "\n".join(latex_lines(found))
    assert "probability of at least 1 - 0.01" in text and r"m_W,m_V\ge" in latex
    # A network of the width that is proved to be enough has the order.
    best = by_schedule["S"][-1]
    data, run = draw_data(S), _network(best.width or 0)
    loss = np.log1p(np.exp(-data.y * run.outputs))
    p, q = (loss[:, data.kind == data.kinds.index(kind)].mean(axis=1) for kind in ("P-only", "Q-only"))
    assert p[best.step] < 0.45 and np.all(q[: best.step + 1] >= 0.45)


def test_a_smaller_probability_needs_more_neurons() -> None:
    problem, arm, _ = _limit()
    more, less = (least_widths(S, problem, arm, 0.45, delta)[-1].width for delta in (1e-6, 0.1))
    assert more is not None and less is not None and more > less


def test_losses_that_are_not_known_have_no_width() -> None:
    problem, arm, _ = _limit()
    wide = {name: (low - 0.5, high + 0.5) for name, (low, high) in arm.losses.items()}
    assert all(each.width is None for each in least_widths(S, problem, dataclasses.replace(arm, losses=wide), 0.45, 0.01))


@pytest.mark.parametrize("change", [
    {"neurons": "independent"}, {"patterns": "frozen"}, {"batch_size": 5}, {"network": "shared"}])
def test_what_the_theorem_does_not_cover_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="finite width"):
        certify_order(Experiment(**{**SMALL.fields(), **change, "schedule": "S"}), finite_width=0.01)


def test_a_probability_is_asked_for() -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        certify_order(SMALL, ["S"], finite_width=1.5)


@cache
def _certificate() -> str:
    return json.dumps(certificate(certify_order(SMALL, ["L-S", "S"], finite_width=0.01, threads=1)))


@pytest.mark.tier2
def test_the_second_look_accepts_widths() -> None:
    content = json.loads(_certificate())
    assert all(arm["width"]["width"] < 10**5 for arm in content["arms"])
    assert "enclosed again" in check_order(content)


@pytest.mark.tier2
@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("arm", [0, 1])
def test_the_second_look_refuses_a_forged_width(name: str, arm: int) -> None:
    content = json.loads(_certificate())
    FORGED[name](content["arms"][arm]["width"])
    with pytest.raises(Refused):
        check_order(content)
