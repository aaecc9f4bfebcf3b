"""Data, U_0 and xi are taken out of an experiment and put into a run: the same run, or a refusal with a reason."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.killed import FLOW
from tests.reference import reference_run
from tests.replay import Rate
from tests.test_resume import Stop, assert_same_data
from theory_sim import Engine, Experiment, Trajectory, draw_data, draw_initial, draw_noise, draw_test_data, resume, simulate
from theory_sim.data import Data
from theory_sim.errors import InputError
from theory_sim.loop import unfinished_path

TINY = Experiment(d=6, N=20, m_W=12, m_V=16, n_test=4, schedule="constant", eta_1=0.5, tau_0=0.3, lambda_=0.01, tau_xi=0.05,
                  max_tau=6.0, record_every=1.0, seed=3)
LAWS = [TINY, TINY.replace(neurons="independent", dtype="float64"), TINY.replace(neurons="balanced", network="shared"),
        TINY.replace(noise_placement="gradient", noise_level=0.1, patterns="frozen"), TINY.replace(m_W=600, m_V=60_000)]


def parts(e: Experiment) -> dict[str, Any]:
    return {"data": (draw_data(e), draw_test_data(e)), "initial": draw_initial(e), "noise": draw_noise(e, range(12))}


def assert_same_run(one: Trajectory, other: Trajectory) -> None:
    """All but what they say they were given."""
    for run in (one, other):
        run.dataset.attrs.pop("given", None)
    assert_same_data(one, other)


@pytest.mark.parametrize("e", LAWS, ids=range(len(LAWS)))
def test_what_is_taken_out_and_put_in_gives_the_same_bits(e: Experiment) -> None:
    plain, given = simulate(e, threads=1), simulate(e, **parts(e), threads=2)
    assert set(json.loads(given.dataset.attrs["given"])) == {"data", "initial", "noise"}
    assert "given" not in plain.dataset.attrs
    assert_same_run(plain, given)


def test_a_function_of_the_step_is_the_same_as_arrays() -> None:
    arrays = simulate(TINY, noise=draw_noise(TINY, range(12)), threads=1)
    function = simulate(TINY, noise=partial(draw_noise, TINY), threads=2)
    assert_same_data(arrays, function)  # what they say they were given among it


@pytest.mark.parametrize("part", ["data", "initial", "noise"])
def test_what_is_put_in_is_what_runs(part: str) -> None:
    """Parts of another seed give that seed's run, where the seed acts through that part alone."""
    field = {"data": "seed_data", "initial": "seed_init", "noise": "seed_noise"}[part]
    e = TINY.replace(neurons="independent")
    other = e.replace(**{field: 77})
    run = simulate(e, **{part: parts(other)[part]}, threads=1)
    expected = simulate(other, threads=1)
    for name in ("train_loss", "loss_test", "norm_noise", "norm_signal", "g", "w_star"):
        np.testing.assert_array_equal(run.dataset[name].values, expected.dataset[name].values, err_msg=name)
    assert not np.array_equal(run.history("norm_signal"), simulate(e, threads=1).history("norm_signal"))


def test_a_simulator_outside_needs_no_more_than_what_is_taken_out() -> None:
    """The neuron-by-neuron reference, from public draws alone: THEORY §3 with xi = tau_xi times what is drawn."""
    e = TINY.replace(neurons="independent", dtype="float64")
    data, start, xi = draw_data(e), draw_initial(e), draw_noise(e, range(12))
    reference = reference_run(
        data.x1, data.x2, data.y, data.kind, start["w"], start["v"], start["W"], start["V"],
        noise=lambda step: (e.tau_xi * xi["W"][step], e.tau_xi * xi["V"][step]),
        next_rate=Rate(e, 0.0), lambda_=e.lambda_, steps=12, batch=lambda step: None,
    )
    run = simulate(e, threads=1)
    np.testing.assert_allclose(run.dataset["W"].values, reference.W, rtol=0, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"time": "flow"}])
def test_data_put_into_the_limit(options: dict[str, Any]) -> None:
    e = FLOW.replace(observe={}, max_tau=4.0)
    other = e.replace(seed_data=8)
    engine = Engine("limit", options)
    assert_same_run(simulate(e, engine, data=(draw_data(e), draw_test_data(e)), threads=1), simulate(e, engine, threads=1))
    run = simulate(e, engine, data=(draw_data(other), draw_test_data(other)), threads=1)
    np.testing.assert_array_equal(run.history("loss_test"), simulate(other, engine, threads=1).history("loss_test"))


@pytest.mark.parametrize(("engine", "part", "reason"), [
    ("closure", "data", "averages over data sets"), ("closure", "noise", "neither neurons"),
    ("limit", "initial", "no neurons"), ("limit", "noise", "no neurons"),
])
def test_engines_without_a_place_for_a_part_say_why(engine: str, part: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        simulate(TINY, Engine(engine), **{part: parts(TINY)[part]})


def broken() -> dict[str, tuple[Experiment, dict[str, Any]]]:
    """Parts that do not fit, by a piece of the message."""
    train, test, start, xi = draw_data(TINY), draw_test_data(TINY), draw_initial(TINY), draw_noise(TINY, range(12))
    lone = start["W"].copy()
    lone[0, 0] += 1
    nan = xi["V"].copy()
    nan[3, 2, 1] = nan[3, 3, 1] = np.nan
    moved = train.x1.copy()
    moved[train.kind == 1] = 1.0

    def data(**changed: Any) -> dict[str, Any]:
        pq = {name: changed.pop(name) for name in ("alpha", "direction", "w_star", "r") if name in changed}
        moved = {**vars(train), **changed}
        return {"data": (Data.of_pq(moved["x1"], moved["y"], moved["kind"], replace(train.structure, **pq)), test)}

    def noise(**changed: Any) -> dict[str, Any]:
        return {"noise": {**xi, **changed}}

    free = TINY.replace(neurons="independent")
    return {
        "data = 3": (TINY, {"data": 3}), "data.0..x1: float64": (TINY, data(x1=train.x1.astype(float))),
        "data.0..y": (TINY, {"data": (replace(train, y=train.y[:-1]), test)}),
        "data.0. with other labels": (TINY, data(y=2 * train.y)),
        "x1 of Q-only": (TINY, data(x1=moved)), "x1 holds infinities": (TINY, data(x1=train.x1 + np.float32(np.inf))),
        "with other kinds": (TINY, {"data": (replace(train, kinds=("x",)), test)}), "without directions": (
            TINY, {"data": (replace(train, pq=None), test)}), "x2 that does not follow": (
            TINY, {"data": (replace(train, x2=train.x2 + 1), test)}),
        "r = 0.2": (TINY, data(r=0.2)), "alpha of at least 0": (TINY, data(alpha=train.alpha - 0.5)),
        "without fresh examples": (TINY, {"data": draw_data(TINY.replace(seed_data=9))}),
        "one w. for both": (TINY, {"data": (train, draw_test_data(TINY.replace(seed_data=9)))}),
        "initial = arrays by the names Z": (TINY, {"initial": {"Z": start["W"]}}), r"initial = \{\}": (TINY, {"initial": {}}),
        "W'. of shape": (TINY, {"initial": {"W": start["W"][:-2]}}), "W'.: an array of float64": (
            TINY, {"initial": {"W": start["W"].astype(float)}}), "share U_0": (TINY, {"initial": {"W": lone}}),
        "signs do not alternate": (TINY, {"initial": {"w": -start["w"]}}),
        "with other entries": (free, {"initial": {"w": 2 * start["w"]}}),
        "noise = 3": (TINY, {"noise": 3}), "noise = arrays by the names W": (TINY, {"noise": {"W": xi["W"]}}),
        "V'. holds infinities": (TINY, noise(V=nan)), "paired neurons share their noise": (
            TINY, noise(W=xi["W"] + np.arange(12, dtype=np.float32)[:, None])),
        "of 5 steps": (TINY, {"noise": draw_noise(TINY, range(5))}),
        "with tau_xi = 0": (TINY.replace(tau_xi=0), {"noise": xi}),
        "of step 4 of shape": (TINY, {"noise": lambda step: draw_noise(TINY.replace(m_W=14) if step == 4 else TINY, step)}),
    }


@pytest.mark.parametrize("message", broken())
def test_parts_that_do_not_fit_are_refused(message: str) -> None:
    e, given = broken()[message]
    with pytest.raises(InputError, match=message):
        simulate(e, **given, threads=1)


@pytest.mark.parametrize("noise", ["arrays", "function"])
def test_a_run_is_resumed_with_the_same_parts_or_not_at_all(noise: str, tmp_path: Path) -> None:
    store, given = tmp_path / "run", parts(TINY)
    if noise == "function":
        given["noise"] = partial(draw_noise, TINY)
    interrupted = simulate(TINY, **given, store=store, threads=1, progress=Stop(4), checkpoint_seconds=0.0)
    assert interrupted.outcome == "interrupted" and unfinished_path(store).exists()
    other = TINY.replace(seed=4)
    for part, value in parts(other).items():
        replaced = partial(draw_noise, other) if part == "noise" and noise == "function" else value
        with pytest.raises(InputError, match=part):
            resume(store, **{**given, part: replaced})
        with pytest.raises(InputError, match=f"{part} not given"):
            resume(store, **{name: each for name, each in given.items() if name != part})
    assert_same_data(resume(store, **given), simulate(TINY, **given, threads=1))


def test_a_run_without_parts_is_not_resumed_with_some(tmp_path: Path) -> None:
    store = tmp_path / "run"
    simulate(TINY, store=store, threads=1, progress=Stop(4), checkpoint_seconds=0.0)
    with pytest.raises(InputError, match="begun without initial"):
        resume(store, initial=draw_initial(TINY))


@pytest.mark.parametrize("step", [-1, 1.5, True, [0, -2]])
def test_steps_that_are_none_are_refused(step: Any) -> None:
    with pytest.raises(InputError, match="whole number"):
        draw_noise(TINY, step)


def test_every_step_of_the_noise_that_was_given_is_told() -> None:
    """Two runs whose noise differs in one early step alone have other digests of it, whatever came last."""
    xi = draw_noise(TINY, range(12))
    other = {name: value.copy() for name, value in xi.items()}
    for value in other.values():
        value[1] *= 1.5
    short = TINY.replace(max_steps=6)
    first, second = (json.loads(simulate(short, noise=lambda step, source=source: {  # type: ignore[misc]
        name: value[step] for name, value in source.items()}).dataset.attrs["given"])["noise"] for source in (xi, other))
    assert first != second


def test_what_a_caller_changes_afterwards_changes_no_run() -> None:
    """Data and U_0 are copied; noise that was changed before its step is refused."""
    given = parts(TINY)
    plain = simulate(TINY, **given, threads=1)

    def spoil(*arguments: Any) -> None:
        for array in (given["data"][0].x1, given["data"][0].y, given["data"][0].alpha, given["data"][1].x1,
                      given["data"][0].w_star, given["initial"]["W"], given["initial"]["w"]):
            array[:] = 7.0

    during = simulate(TINY, **given, threads=1, progress=spoil)
    assert_same_data(during, plain)  # the digests of what was given among it
    given = parts(TINY)
    after = simulate(TINY, **given, threads=1)
    spoil()
    assert_same_data(after, plain)

    def spoil_noise(step: int, tau: float, loss: float) -> None:
        if step == 2:
            given["noise"]["W"][5] += 1.0

    with pytest.raises(InputError, match="noise of step 5 was changed"):
        simulate(TINY, noise=given["noise"], threads=1, progress=spoil_noise)
