"""Which examples a step sees, and labels that are not right: flipped once, flipped at each step, noisy targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.reference import LOSSES as SLOW
from tests.reference import reference_run
from tests.replay import initial, noise, second_layer
from tests.test_agreement import agree
from theory_sim import Experiment, draw_data, draw_test_data, resume, simulate
from theory_sim.errors import ExperimentError, InputError
from theory_sim.experiment.choices import PLACEMENTS, SAMPLINGS
from theory_sim.numeric.streams import StepStream
from theory_sim.scope import uncovered
from theory_sim.train.noise import LabelNoise, matched_level
from theory_sim.train.sampling import make_sampling

BASE = Experiment(
    d=6, N=22, p0=0.25, q0=0.4, r=0.4, m_W=14, m_V=22, n_test=3, eta_1=1.5, eta_2=0.4, lambda_=0.03, tau_xi=0.15,
    max_steps=10, record_every=0.01, seed=3, dtype="float64", tau_0=0.5, schedule="S",
)
LABELS = [each.name for each in PLACEMENTS if issubclass(each, LabelNoise)]


# -- sampling ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampling", ["with-replacement", "epochs"])
def test_runs_agree_with_the_slow_reference(sampling: str) -> None:
    """The reference averages over the batch as a list, in which an example may stand twice."""
    agree(BASE.replace(sampling=sampling, batch_size=7))


@pytest.mark.parametrize("sampling", [each.name for each in SAMPLINGS if not each.fresh])
def test_both_engines_and_interrupted_runs_take_the_same_batches(sampling: str, tmp_path: Path) -> None:
    e = BASE.replace(sampling=sampling, batch_size=6, m_W=2000, m_V=2000, neurons="paired", tau_0=1.0)

    def stop(step: int, tau: float, training_loss: float) -> None:
        if step == 5:
            raise KeyboardInterrupt

    whole, limit = (simulate(e, engine, threads=1) for engine in ("finite", "limit"))
    simulate(e, threads=1, store=tmp_path / "run", progress=stop)
    np.testing.assert_array_equal(resume(tmp_path / "run", threads=1).history("train_loss"), whole.history("train_loss"))
    np.testing.assert_allclose(whole.history("train_loss"), limit.history("train_loss"), atol=0.01)
    with pytest.raises(InputError, match="batch_size"):
        simulate(e, "closure")


def test_with_replacement_is_uniform_and_independent() -> None:
    """Chi-square at level 1e-6: 2000 batches of 7 of 22; a batch of different examples would have too few pairs."""
    from scipy.stats import chi2

    draws = make_sampling(BASE.replace(sampling="with-replacement", batch_size=7))
    drawn = [draws.at(step) for step in range(2000)]
    counts = np.bincount(np.concatenate([batch for batch in drawn if batch is not None]), minlength=22)
    assert ((counts - 14000 / 22) ** 2 / (14000 / 22)).sum() < chi2.isf(1e-6, 21)
    pairs = sum(7 - len(set(batch.tolist())) for batch in drawn if batch is not None)
    expected = 2000 * (7 - 22 * (1 - (21 / 22) ** 7))
    assert abs(pairs - expected) < 5 * np.sqrt(expected)


@pytest.mark.parametrize("size", [1, 5, 7, 11, 22])
def test_a_pass_has_every_example_once(size: int) -> None:
    draws, steps = make_sampling(BASE.replace(sampling="epochs", batch_size=size)), -(-22 // size)
    orders = []
    for epoch in range(3):
        batches = [draws.at(epoch * steps + place) for place in range(steps)]
        found = np.concatenate([batch for batch in batches if batch is not None])
        assert sorted(found.tolist()) == list(range(22))
        assert [len(batch) for batch in batches if batch is not None][:-1] == [size] * (steps - 1)
        orders.append(found.tolist())
    assert size == 22 or orders[0] != orders[1]
    late = make_sampling(BASE.replace(sampling="epochs", batch_size=size)).at(2 * steps)
    np.testing.assert_array_equal(late, draws.at(2 * steps))  # by address, without the passes before it


def test_what_makes_no_sense_is_refused() -> None:
    for sampling in ("with-replacement", "epochs"):
        with pytest.raises(ExperimentError, match=f"sampling = '{sampling}' without batch_size"):
            Experiment(sampling=sampling)
    with pytest.raises(ExperimentError, match=r"sampling = 'epoch'\n.*\n.*did you mean 'epochs'"):
        Experiment(sampling="epoch")


# -- labels ------------------------------------------------------------------------------------------------


def slow_label_run(e: Experiment) -> Any:
    """The reference with labels of each step drawn again here; a Gaussian target moves the residual of the squared loss."""
    data = draw_data(e)
    stream = StepStream(e.seed_of("noise"), "label noise")
    slopes, levels = SLOW[e.loss], []
    now: dict[str, Any] = {"step": -1}

    def level(tau: float) -> float:
        annealed = e.noise_annealing != "never" and tau >= float(e.noise_annealing) * (1 - 1e-12)
        return e.noise_level * (e.noise_factor if annealed else 1.0)

    # One example at a time, in the order in which the reference asks: margins of W first, then of V.
    def next_rate(step: int, tau: float, training_loss: float) -> float:
        drawn, size = stream.at(step), level(tau)
        levels.append(size)
        if e.noise_placement == "labels":
            now["flip"] = np.where(drawn.random(len(data)) < size, -1.0, 1.0) if size else np.ones(len(data))
        else:
            now["shift"] = size * drawn.standard_normal(len(data)) if size else np.zeros(len(data))
        now["asked"] = 0
        return e.eta_2

    def slope(margin: float) -> float:
        i = now["asked"] % len(data)
        now["asked"] += 1
        if e.noise_placement == "labels":
            return float(now["flip"][i] * slopes[1](now["flip"][i] * margin))
        return slopes[1](margin) - float(data.y[i] * now["shift"][i])

    SLOW["disturbed"] = (slopes[0], slope)
    try:
        w, v = (second_layer(e, index) for index in range(2))
        run = reference_run(data.x1.astype(np.float64), data.x2, data.y, data.kind, w, v, initial(e, 0), initial(e, 1),
                            noise=lambda step: noise(e, step), next_rate=next_rate, lambda_=e.lambda_, steps=10,
                            of="disturbed")  # fmt: skip
    finally:
        del SLOW["disturbed"]
    return run, levels


@pytest.mark.parametrize(("placement", "loss"), [("labels", "logistic"), ("labels", "squared"), ("targets", "squared")])
def test_label_noise_against_the_slow_reference(placement: str, loss: str) -> None:
    e = BASE.replace(loss=loss, noise_placement=placement, noise_level=0.4, noise_annealing=2.0, noise_factor=0.25)
    run = simulate(e, threads=1).dataset
    slow, levels = slow_label_run(e)
    assert set(levels) == {0.4, 0.1}
    for name in ("W_signal", "V_signal", "W_noise", "V_noise", "W", "V"):
        np.testing.assert_allclose(run[name].values, getattr(slow, name), atol=1e-11, err_msg=name)
    np.testing.assert_allclose(run["train_loss"].values, slow.training_loss, atol=1e-11)
    plain = simulate(e.replace(noise_placement="none"), threads=1).dataset
    assert np.abs(run["W_signal"] - plain["W_signal"]).max() > 1e-3


@pytest.mark.parametrize(("placement", "loss", "level"), [("labels", "logistic", 0.4), ("targets", "squared", 1.5)])
def test_label_noise_in_the_limit_is_that_of_a_wide_network(placement: str, loss: str, level: float) -> None:
    """The same labels step by step; the limit must not take the gradient that it knows for the right labels."""
    e = BASE.replace(loss=loss, noise_placement=placement, noise_level=level, m_W=4000, m_V=4000, tau_0=1.0, max_steps=20)
    wide, limit = (simulate(e, engine, threads=1) for engine in ("finite", "limit"))
    plain = simulate(e.replace(noise_placement="none"), "limit", threads=1)
    apart = np.abs(limit.dataset["f_train"].values - plain.dataset["f_train"].values).max()
    assert apart > 0.1
    assert np.abs(limit.dataset["f_train"].values - wide.dataset["f_train"].values).max() < 0.15 * apart


@pytest.mark.parametrize("placement", LABELS)
def test_an_interrupted_run_draws_the_same_labels(placement: str, tmp_path: Path) -> None:
    e = BASE.replace(loss="squared", noise_placement=placement, noise_level=0.3, dtype="float32", batch_size=9)

    def stop(step: int, tau: float, training_loss: float) -> None:
        if step == 5:
            raise KeyboardInterrupt

    whole = simulate(e, threads=1)
    simulate(e, threads=1, store=tmp_path / "run", progress=stop)
    resumed = resume(tmp_path / "run", threads=2)
    for name in ("W", "V_signal", "train_loss"):
        np.testing.assert_array_equal(resumed.dataset[name], whole.dataset[name])


def test_label_noise_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ExperimentError, match=r"noise_placement = 'targets' with loss = 'logistic'\n.*\n.*'squared'.*'labels'"):
        Experiment(noise_placement="targets", noise_level=0.1)
    with pytest.raises(ExperimentError, match=r"noise_level = 1.5 with noise_placement = 'labels'\n.*probability"):
        Experiment(noise_placement="labels", noise_level=1.5)
    for engine, options, named in (("closure", {}, "noise_placement"), ("limit", {"time": "flow"}, "time = 'flow'")):
        with pytest.raises(InputError, match=named):
            simulate(BASE.replace(noise_placement="labels", noise_level=0.1, max_steps=None), engine, **options)  # type: ignore[call-overload]
    for placement in LABELS:
        with pytest.raises(InputError, match="noise on labels adds none"):
            matched_level(placement, 1.0, rate=1.0, lambda_=0.1)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_labels_that_are_flipped_once(share: float) -> None:
    e = BASE.replace(label_flips=share)
    clean, data, test = draw_data(BASE), draw_data(e), draw_test_data(e)
    assert int((data.y != clean.y).sum()) == round(22 * share)
    for name in ("x1", "alpha", "direction", "kind", "w_star"):
        np.testing.assert_array_equal(getattr(data, name), getattr(clean, name))
    np.testing.assert_array_equal(test.y, draw_test_data(BASE).y)
    agree(e)
    if share:
        assert any("label_flips" in warning for warning in uncovered(e)) and not uncovered(BASE)
        with pytest.raises(InputError, match="label_flips"):
            simulate(e, "closure")
        other = draw_data(e.replace(seed_data=5)).y != draw_data(BASE.replace(seed_data=5)).y
        assert share == 1.0 or not np.array_equal(other, data.y != clean.y)
