"""The table of the studies on images: each cell is the number of its run that it is named after."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray

from theory_sim.vision.patch import KINDS
from theory_sim.vision.studies.design import ANNEALED, LARGE, SMALL, make_plan, tabulate

RECORDS = 15


def numbers(*shape: int, start: float) -> Any:
    """Distinct numbers, so that one that is taken from elsewhere is seen."""
    return start + np.arange(np.prod(shape), dtype=np.float64).reshape(shape) / 1000.0


def made_up(start: float, *, diverged: bool = False, records: int = RECORDS) -> Any:
    """What `tabulate` reads of a run."""
    sizes = np.array([6.0, 2.0, 4.0])
    levels = numbers(records, 3, start=start + 1)
    levels[:, 2] = 0.0  # a parameter that starts at 0 and has no noise
    dataset = xarray.Dataset({
        "accuracy_train": (("record", "kind"), numbers(records, 3, start=start + 2)),
        "loss_train": (("record", "kind"), numbers(records, 3, start=start + 3)),
        "flips": (("record", "feature", "since"), numbers(records, 2, 3, start=start + 4)),
        "tau_noise": (("record", "layer"), levels), "norm_noise": (("record", "layer"), levels * np.sqrt(sizes)),
        "tau_noise_exact": (("record",), numbers(records, start=start + 5)),
        "gradient_error": (("record",), numbers(records, start=start + 6)),
        "xi_norm": (("record",), numbers(records, start=start + 7)),
        "kernel_drift_equal": (("record_kernels", "kernel_part"), numbers(2, 2, start=start + 8)),
        "kernel_drift_two": (("record_kernels", "kernel_part"), numbers(2, 2, start=start + 9)),
    }, {"kind": list(KINDS), "feature": ["all", "1"], "since": ["start", "last record", "annealing"], "layer": list("abc"),
        "kernel_part": ["all", "a"]})
    recorded = {"diverged": diverged, **{f"accuracy {name}": start + 0.1 * number for number, name in enumerate(KINDS)}}
    return SimpleNamespace(dataset=dataset, experiment=SimpleNamespace(recorded=recorded)), sizes


def test_each_cell() -> None:
    plan = make_plan("small", (LARGE, SMALL), "generated", None)
    pairs = [(arm, seed) for arm in plan.arms for seed in plan.seeds]
    runs = [made_up(100.0 * number) for number in range(len(pairs))]
    table = tabulate(plan, [run for run, _ in runs])
    assert table[["arm", "patch", "seed"]].values.tolist() == [
        [arm, patch, seed] for arm in ("large", "small") for patch in (1, 0) for seed in (0, 1)]
    for (_, row), (run, sizes) in zip(table.iterrows(), runs, strict=True):
        data, recorded = run.dataset, run.experiment.recorded
        expected = {"diverged": 0}
        for number, name in enumerate(KINDS):
            expected |= {f"{name} accuracy": recorded[f"accuracy {name}"],
                         f"{name} accuracy at annealing": data["accuracy_train"].values[ANNEALED, number],
                         f"{name} loss at annealing": data["loss_train"].values[ANNEALED, number]}
        levels = data["tau_noise"].values[ANNEALED, :2]
        expected |= {
            "flips an epoch before": data["flips"].values[ANNEALED, 0, 1],
            "flips an epoch after": data["flips"].values[ANNEALED + 2, 0, 1],
            "noise level": np.sqrt(sizes[:2] @ levels**2 / sizes[:2].sum()),
            "noise level by recursion": data["tau_noise_exact"].values[ANNEALED],
            "gradient error / xi": data["gradient_error"].values[ANNEALED] / data["xi_norm"].values[ANNEALED],
            "kernel drift, equal times": data["kernel_drift_equal"].values[1, 0],
            "kernel drift, two times": data["kernel_drift_two"].values[1, 0],
        }
        assert {*expected, "arm", "patch", "seed"} == {*table.columns}
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize("options", [{"diverged": True}, {"records": 5}])
def test_a_run_that_ended_early_has_no_numbers_of_the_annealing(options: dict[str, Any]) -> None:
    plan = make_plan("small", (LARGE,), "generated", None)
    table = tabulate(plan, [made_up(0.0, **options)[0]] * 4)
    assert table["clean accuracy"].notna().all() and table["noise level"].isna().all()
    assert (table["diverged"] == options.get("diverged", False)).all()
