"""The set-ups of docs/examples: each runs, and shows what its page says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from theory_sim import Experiment, Trajectory, branch, learning_order, simulate

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "examples"
PAGE = (FOLDER.parent / "examples.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_each_runs_and_has_its_command_on_the_page(path: Path) -> None:
    experiment = Experiment.from_toml(path)
    assert f"theory-sim run docs/examples/{path.name}" in PAGE and experiment.name == path.stem
    short = simulate(experiment.replace(max_steps=3))
    assert short.outcome == "budget_spent" and np.isfinite(short.history("train_loss")).all()


@pytest.mark.tier2
@pytest.mark.parametrize("seed", range(5))
def test_catapult(seed: int) -> None:
    data = simulate(Experiment.from_toml(FOLDER / "catapult.toml").replace(seed=seed)).dataset
    loss, of_stable = data["train_loss"].values, data["sharpness"].values[:, 0] / data["stable_sharpness"].values
    assert of_stable[0] > 1.5 and loss[:20].max() > 3 * loss[0], "the rate is too large, and the loss rises"
    assert loss[-1] < 0.2 * loss[0] and of_stable[20:].max() < 1.0, "then it falls, where the rate is stable"


@pytest.mark.tier2
@pytest.mark.parametrize("seed", range(5))
def test_edge_of_stability(seed: int) -> None:
    data = simulate(Experiment.from_toml(FOLDER / "edge-of-stability.toml").replace(seed=seed)).dataset
    loss, of_stable = data["train_loss"].values, data["sharpness"].values[:, 0] / data["stable_sharpness"].values
    assert of_stable[:20].max() < 0.6 and np.flatnonzero(of_stable > 1.0)[0] in range(40, 81), "the sharpness rises to 2 / rate"
    assert abs(np.median(of_stable[-50:]) - 1.0) < 0.1, "and hovers there"
    assert loss[-1] < 0.05 * loss[0] and np.mean(np.diff(loss[60:]) > 0) > 0.01, "the loss falls, but not at each step"


@pytest.mark.tier2
def test_edge_of_stability_needs_a_second_layer_that_is_trained() -> None:
    data = simulate(Experiment.from_toml(FOLDER / "edge-of-stability.toml").replace(train_second_layer=False)).dataset
    of_stable = data["sharpness"].values[:, 0] / data["stable_sharpness"].values
    assert of_stable.max() < 1.2 * of_stable[0] < 0.1


@pytest.mark.tier2
@pytest.mark.parametrize("seed", range(3))
def test_cyclic(seed: int) -> None:
    run = simulate(Experiment.from_toml(FOLDER / "cyclic.toml").replace(seed=seed))
    loss, of_kind, rate = run.history("train_loss"), run.history("loss_train"), run.history("rate")
    restarts = np.flatnonzero(np.diff(rate) > 8.0) + 1
    after = [slice(start, start + 8) for start in restarts]
    assert len(restarts) == 3 and all(loss[one].max() > loss[one.start] + 0.02 for one in after), "each restart raises the loss"
    assert all(of_kind[one, 1].max() > of_kind[one.start, 1] + 0.03 for one in after), "Q is forgotten in part"
    assert np.all(np.diff(of_kind[:, 0]) < 0), "P is not"
    assert np.all(np.diff(loss[[*restarts, -1]]) < 0) and learning_order(run).order == "P first"


@pytest.mark.tier2
@pytest.mark.parametrize("seed", range(3))
def test_warm_up_stable_decay(seed: int) -> None:
    run = simulate(Experiment.from_toml(FOLDER / "warm-up-stable-decay.toml").replace(seed=seed))
    tau = run.dataset["tau"].values
    at = [int(np.abs(tau - time).argmin()) for time in (600.0, 800.0, 1000.0)]
    fall, of_kind = -np.diff(run.history("train_loss")[at]), -np.diff(run.history("loss_train")[at], axis=0)
    assert fall[1] > 1.5 * fall[0], "the loss falls more in the decay than in as much time before"
    assert of_kind[1, 1] > 3 * of_kind[0, 1] and of_kind[1, 0] < of_kind[0, 0], "and all of that is Q's"
    assert learning_order(run).order == "P first"


@pytest.mark.tier2
@pytest.mark.parametrize("seed", range(2))
def test_large_rate_and_patch(seed: int) -> None:
    large = simulate(Experiment.from_toml(FOLDER / "large-rate-and-patch.toml").replace(seed=seed))
    small = simulate(large.experiment.replace(schedule="S", eta_2=0.064, tau_0_rate=1.6))
    orders = learning_order(large), learning_order(small)
    assert [order.order for order in orders] == ["P first", "Q first"] and all(order.robust for order in orders)
    before_cut = int(np.flatnonzero(large.history("rate") < 1.0)[0])
    assert large.history("loss_train")[before_cut, 1] > 0.57, "the patch is ignored until the rate is cut"
    assert large.history("loss_test")[-1, 0] < small.history("loss_test")[-1, 0], "the large rate is better on fresh images"


@pytest.mark.tier2
@pytest.mark.parametrize("seed", range(2))
def test_fine_tuning(seed: int, tmp_path: Path) -> None:
    start = Experiment.from_toml(FOLDER / "fine-tuning.toml").replace(seed=seed)
    at = int(np.abs(simulate(start, store=tmp_path / "small").dataset["tau"].values - 300.0).argmin())
    changes = [{"pieces": [[300, 0.5], [500, rate]]} for rate in (2, 16)]
    runs = [run for _, run in branch(tmp_path / "small", 300.0, changes, out=tmp_path)]
    before = runs[0].history("loss_train")[at]
    Q, P = ([run.history("loss_train")[-1, kind] for run in runs] for kind in (1, 0))
    assert before[1] < Q[0] < Q[1] - 0.08, "the larger the rate, the more of Q is forgotten"
    assert max(P) < before[0] - 0.04 and abs(P[0] - P[1]) < 0.01, "P goes on being learnt, whatever the rate"


@pytest.mark.tier2
@pytest.mark.parametrize("seed", range(2))
def test_sparse_features(seed: int) -> None:
    large = simulate(Experiment.from_toml(FOLDER / "sparse-features.toml").replace(seed=seed))
    small = simulate(large.experiment.replace(pieces=[[4000.0, 0.4], [4400.0, 0.2]]))
    cut = int(np.flatnonzero(large.history("rate") < 1.0)[0])
    levels = [run.history("train_loss")[run.dataset["tau"].values // 2000.0 == 1.0].mean() for run in (large, small)]
    loss = large.history("train_loss")
    assert levels[0] > 1.5 * levels[1] and loss[-1] < 0.7 * loss[cut], "the loss stays at a level until the rate is cut"
    assert _effective_share(large) < _effective_share(small), "fewer neurons of V carry it"


def _effective_share(run: Trajectory) -> float:
    norms = np.linalg.norm(run.dataset["V"].values, axis=-1)
    return float(norms.sum() ** 2 / (norms**2).sum() / norms.size)
