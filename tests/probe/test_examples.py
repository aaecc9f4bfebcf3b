"""The examples of the page on probes run, and each does what the page says."""

from __future__ import annotations

import doctest
import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from theory_sim.errors import InputError
from theory_sim.probe import SGDRule

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "examples" / "probe"


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_plain_loop() -> None:
    run = load("plain").main(steps=60)
    assert run.outcome == "budget_spent" and run.dataset["step"].values[-1] == 60
    assert run.annealed_tau == pytest.approx(3.0)
    losses = run.dataset["loss_train"]
    assert float(losses.sel(kind="strong")[-1]) < float(losses.sel(kind="weak")[-1]) < math.log(2)


def test_a_rule_of_ones_own() -> None:
    """And one that is not the optimiser's is refused."""
    module = load("own_rule")
    run = module.main(steps=40)
    assert run.dataset["step"].values.tolist() == [0, 20, 40] and float(run.dataset["norm_noise"][-1].min()) > 0
    with pytest.raises(InputError, match="is not what CentredSGD makes of its gradient"):
        module.main(steps=1, rule=SGDRule())


def test_the_notebook() -> None:
    pytest.importorskip("matplotlib")
    cells = json.loads((FOLDER / "probe.ipynb").read_text(encoding="utf-8"))["cells"]
    space: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert not cell["outputs"]
            exec("".join(cell["source"]), space)
    assert space["order"].order == "strong first"


@pytest.mark.filterwarnings("ignore")
def test_lightning() -> None:
    pytest.importorskip("lightning", reason="Lightning is not installed")
    run = load("in_lightning").main(steps=20)
    assert run.dataset["step"].values.tolist() == [0, 10, 20]
    np.testing.assert_allclose(run.dataset["tau"].values, [0.0, 1.0, 1.5])  # halved after ten steps


@pytest.mark.filterwarnings("ignore")
def test_transformers() -> None:
    pytest.importorskip("transformers", reason="transformers is not installed")
    run = load("in_transformers").main(steps=8)
    assert run.dataset["step"].values.tolist() == [0, 4, 8]
    assert run.experiment.recorded["optimiser"] == "AdamW"


def test_the_docstrings_example() -> None:
    from theory_sim.probe import Probe

    (test,) = doctest.DocTestFinder(recurse=False).find(Probe, "Probe", globs={})
    assert doctest.DocTestRunner(verbose=False).run(test).failed == 0 < len(test.examples)
