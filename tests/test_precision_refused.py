"""What a precision does not resolve is refused or warned about, with what would resolve it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Command
from tests.test_precision import DTYPES, RUN
from theory_sim import Engine, Experiment, regimes, simulate
from theory_sim.errors import ExperimentError, InputError
from theory_sim.precision import finest_decay, largest_noise
from theory_sim.regimes import verdict_requirements
from theory_sim.theory.conditions import highest_level, output_rounding

regime = partial(regimes.regime, engine="closure")  # its conditions and warnings, which do not turn on what predicts


@pytest.mark.parametrize(("fields", "seen"), [
    ({"tau_0": 1e-46}, "tau_0 = 1e-46 in float32"),
    ({"tau_0": 1e-300, "dtype": "float64"}, "tau_0 = 1e-300 in float64"),
    ({"tau_xi": 1e-46, "tau_0": 1.0}, "eta_1 x tau_xi = 1.6e-45 in float32"),
    ({"tau_xi": 1e-310, "tau_0": 1.0, "dtype": "float64"}, "eta_1 x tau_xi = 1.6e-309"),
    ({"tau_xi": 5e-324, "tau_0": 1.0, "dtype": "float64", "eta_1": 0.1}, "eta_1 x tau_xi = 0 in float64"),
    ({"eta_2": 1e-40}, "eta_2 = 1e-40"),
    ({"eta_2": 1e-320, "dtype": "float64"}, "eta_2 = 1e-320"),
    ({"eta_1": 1e39, "lambda_": 0.0, "tau_0": 1.0}, r"eta_1 = 1e\+39"),
    ({"lambda_": 1e-60}, "lambda = 1e-60"),
    ({"g0": 1e39}, r"g0 = 1e\+39"),
    ({"noise_placement": "iterates", "noise_level": 1e-40}, "noise_level = 1e-40 in float32"),
    ({"noise_placement": "gradient", "noise_level": 1e-31, "eta_1": 1e-3}, "noise_level = 1e-34 in float32"),
    ({"schedule": "pieces", "pieces": [[1.0, 1e-45], [2.0, 1.0]]}, r"pieces = .*1e-45"),
])
def test_numbers_outside_of_the_range_are_refused(fields: dict[str, Any], seen: str) -> None:
    with pytest.raises(ExperimentError, match=seen):
        Experiment(**fields)


def test_numbers_within_the_range_are_not() -> None:
    for fields in ({"tau_0": 1e-30}, {"tau_0": 1e12}, {"tau_0": 0.0, "tau_xi": 0.1}, {"tau_0": 1e-46, "dtype": "float64"},
                   {"g0": 0.0}, {"tau_xi": 0.0, "tau_0": 1.0}):  # fmt: skip
        assert Experiment(**fields).n_examples == 800  # type: ignore[arg-type]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"neurons": "independent", "tau_0": 1e6}, "these neurons put the noise out"),
    ({"neurons": "balanced", "tau_0": 1e6}, "these neurons put the noise out"),
    ({"neurons": "independent", "tau_0": 0.1, "tau_xi": 1e5}, "these neurons put the noise out"),
    ({"neurons": "independent", "noise_placement": "pre-activations", "noise_level": 1e6}, "these neurons put the noise out"),
    ({"neurons": "independent", "noise_placement": "iterates", "noise_level": 1e6}, "these neurons put the noise out"),
    ({"lambda_": 1e-9, "tau_0": 1.0}, "no weight decay at all"),
]


@pytest.mark.parametrize(("fields", "rule"), REFUSED, ids=str)
def test_runs_beyond_the_precision_are_refused(fields: dict[str, Any], rule: str, tmp_path: Path) -> None:
    e = RUN.replace(**fields)
    with pytest.raises(InputError, match=rule) as caught:
        simulate(e, store=tmp_path / "run")
    noise = "neurons" in fields
    assert not list(tmp_path.iterdir()) and ("float64" in caught.value.fix) != noise and ("paired" in caught.value.fix) == noise
    Engine().require(e.replace(dtype="float64"))
    assert any("float32" in warning for warning in regime(e).warnings)
    assert not any("float32" in warning for warning in regime(e, infinite_width=True).warnings)  # the limit has no such bound
    if fields.get("neurons"):
        Engine().require(e.replace(neurons="paired"))


def test_double_precision_has_its_bound_too() -> None:
    # A decay of 1e-17 a step is lost in float64; a noise of 1e14 only in outputs of unpaired neurons.
    for dtype in DTYPES:
        lost = RUN.replace(lambda_=1e-12, schedule="S", eta_2=1e-5, dtype=dtype)
        with pytest.raises(InputError, match="no weight decay") as caught:
            Engine().require(lost)
        assert "float64" not in caught.value.fix
        assert not any("use dtype" in warning for warning in regime(lost).warnings)
    assert 1e12 < highest_level("independent", "float64", 1.0, rounding=0.1) < 1e15
    with pytest.raises(InputError, match="put the noise out"):
        large: dict[str, Any] = {"tau_0": 1e12, "tau_xi": 1e12, "eta_2": 100.0, "lambda_": 0.0}
        Engine().require(RUN.replace(neurons="independent", dtype="float64", **large))


def test_the_condition_tells_the_factor_to_spare() -> None:
    for dtype, neurons in ((dtype, neurons) for dtype in DTYPES for neurons in ("paired", "independent", "balanced")):
        e = RUN.replace(dtype=dtype, neurons=neurons, tau_0=10.0, tau_xi=0.0)
        row = next(c for c in regime(e).conditions if c.id == "noise-resolved")
        assert row.value == largest_noise(e) == 10.0 and row.holds and row.role == "numerics"
        assert row.margin == pytest.approx(highest_level(neurons, dtype, 1.0) / 10.0)
        assert next(each.slack for each in verdict_requirements(e) if each.id == "noise-resolved") > 0
        eps = float(np.finfo(dtype).eps)
        if neurons == "paired":
            assert row.threshold == 1e12  # what an experiment can have at most
        else:
            assert output_rounding(neurons, row.threshold, 1.0, eps) == pytest.approx(1e-3)
    near = regime(RUN.replace(neurons="independent", tau_0=1e4))
    (warning,) = [each for each in near.warnings if each.startswith("noise level resolved in float32: found 10000")]
    # float64 would resolve what these neurons put out, noise of standard deviation 7000, and leave it in.
    assert "use paired neurons, or lower tau_0" in warning and "float64" not in warning
    (output,) = [c for c in regime(RUN.replace(neurons="independent", tau_0=1e4, dtype="float64")).conditions
                 if c.id == "output-noise"]
    assert not output.holds and output.value > 5000
    grown = next(c for c in regime(RUN.replace(neurons="independent", tau_0=1.0, tau_xi=1e4)).conditions
                 if c.id == "noise-resolved")
    assert not grown.holds and "tau_xi" in grown.fix and "tau_0" not in grown.fix
    Engine().require(RUN.replace(neurons="independent", tau_0=1e4))


def test_the_largest_noise_bounds_that_of_the_run() -> None:
    for fields in ({}, {"lambda_": 0.0, "tau_xi": 0.5}, {"tau_0": 0.01, "tau_xi": 0.1},
                   {"noise_placement": "iterates", "noise_level": 0.3}):  # fmt: skip
        e = RUN.replace(max_tau=40.0, **fields)  # type: ignore[arg-type]
        level = simulate(e, threads=1).history("tau_noise_exact").max()
        assert level <= largest_noise(e) * (1 + 1e-9) < 20 * level


@pytest.mark.parametrize("neurons", ["paired", "independent", "balanced"])
def test_advice_to_raise_tau_0_stays_within_reach(neurons: Any) -> None:
    """Taking the advice to its stated end meets every condition on the noise; where there is no room it is not given."""
    found = regime(RUN.replace(neurons=neurons, m_V=40, tau_0=0.1, tau_xi=0.000789))
    advice = next(warning for warning in found.warnings if warning.startswith("lazy deficit"))
    highest = float(advice.split("up to ")[1].split(" in float32")[0])
    rows = {c.id: c for c in regime(RUN.replace(neurons=neurons, tau_0=0.99 * highest, tau_xi=0.0)).conditions}
    assert rows["noise-resolved"].holds and rows["output-noise"].holds
    if neurons != "paired":
        full = regime(RUN.replace(neurons=neurons, m_V=2, tau_0=1.0))
        assert not any("tau_0 (" in line for line in (*full.warnings, *full.notes) if line.startswith(("lazy", "Y(eta_2)")))


def test_a_decay_that_is_kept_badly_is_warned_about() -> None:
    for dtype in DTYPES:
        finest, rate = finest_decay(dtype), 1e-3 if dtype == "float64" else 1.0
        assert abs((1 - np.dtype(dtype).type(1 - finest)) / finest - 1) <= 0.005
        e = RUN.replace(dtype=dtype, lambda_=finest / 4 / rate, schedule="S", eta_2=rate)
        assert any(f"in {dtype}: the decay" in warning for warning in regime(e).warnings)
        assert not any("the decay" in warning for warning in regime(e.replace(lambda_=finest / rate)).warnings)


@pytest.mark.parametrize("verb", ["run", "check"])
def test_the_command_line_refuses_with_status_2(verb: str, tmp_path: Path, command: Command,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, error = command(verb, "--preset", "quick", "--set", "neurons=independent", "--set", "tau_0=1e7", "--set",
                               "max_steps=1")
    assert status == 2 and "these neurons put the noise out" in " ".join(error.split()) and not list(tmp_path.iterdir()), error
