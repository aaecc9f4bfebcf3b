"""The set-ups of docs/examples: each runs, and shows what its page says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from theory_sim import Experiment, simulate

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
    assert abs(np.median(of_stable[20:101]) - 1.0) < 0.15, "the sharpness hovers at 2 / rate"
    assert loss[-1] < 0.1 * loss[0] and np.mean(np.diff(loss[5:101]) > 0) > 0.1, "the loss falls, but not at each step"
