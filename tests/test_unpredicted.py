"""Experiments of which neither the mean field nor the closure says anything: everything else of them is printed, and why."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proofs_check import check_constants
from proofs_check.constants_text import write_lines, write_prediction
from proofs_check.suggestion.search import suggest
from proofs_check.suggestion.single import single_change, tried
from theory_sim import Experiment, regime, simulate, solve_mean_field
from theory_sim.cli import app
from theory_sim.closure.predicted import predict
from theory_sim.errors import InputError
from theory_sim.explore.view import Explorer
from theory_sim.regimes import get_conditions

# A block of the closure's longest grid is longer than 1 / lambda from lambda max_tau = 500 or so on.
BELOW = Experiment(name="below", d=60, r=0.6, max_tau=20.0, **{"lambda": 0.5}, tau_0=0.1, eta_1=1.0, eta_2=0.5)
LONG = BELOW.replace(name="long", max_tau=2000.0)


@pytest.mark.parametrize("engine", ["mean-field", "closure"])
def test_of_a_run_too_long_the_regime_has_all_but_a_prediction(engine: str) -> None:
    found, twin = regime(LONG, engine=engine), regime(BELOW, engine=engine)  # type: ignore[arg-type]
    assert twin.engine and twin.predicted_order and not any("no order" in each for each in twin.warnings)
    assert (found.engine, found.by, found.instead, found.predicted_order, found.intervals) == ("", "", "", {}, {})
    assert found.conditions == get_conditions(LONG) and found.applies and found.tau_Q == twin.tau_Q
    (why,) = [each for each in found.warnings if each.startswith("no order is predicted: ")]
    assert "longer one" in why and why.endswith("; lower max_tau or lambda") and not found.holds
    assert ("the mean field" in why) == (engine == "mean-field")
    assert not any(each in why for each in ("raise", "--", "engine"))
    assert predict(LONG) is predict(LONG.replace(seed=5)), "kept, like any other"


def test_what_is_advised_lets_it_predict() -> None:
    """Just below the limit, by the closure, it does, too."""
    for fewer in ({"max_tau": 900.0}, {"lambda": 5e-3}):
        assert regime(LONG.replace(**fewer), engine="closure").predicted_order


def test_check_prints_the_conditions_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a long path of the file would stand on a line of its own, uncut
    for experiment in (LONG, BELOW):
        path = Path(f"{experiment.name}.toml")
        path.write_text("".join(f"{name} = {value!r}\n".replace("'", '"') for name, value in experiment.fields().items()
                                if value is not None and not isinstance(value, (bool, dict, list))))
        ended = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["check", str(path)])
        assert ended.exit_code == 0 and max(map(len, ended.output.splitlines())) <= 80
        text = " ".join(ended.output.split())
        assert "Regime (THEORY" in text and "valid: 1 run" in text
        assert ("warning: no order is predicted" in text) == (experiment is LONG)
        assert ("Predicted by the" in text) == (experiment is BELOW)


def test_constants_say_that_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proofs_check.constants.moves", lambda experiment, id: ())  # what takes most of the time
    report = check_constants(LONG)
    assert not report.applies and report.arms == () and report.engine == "" and report.intervals == {}
    assert report.verdict.startswith("whether the mechanism applies is not known\n") and "no order is pred" in report.verdict
    for lines in (write_prediction, write_lines):
        text = "\n".join(lines(report))
        assert "no order is predicted" in text and "does not apply" not in text and not re.search(r"\b(nan|inf)\b", text)
    assert "does not apply" in check_constants(BELOW).verdict


def test_a_decay_of_one_step_is_told_as_before() -> None:
    fast = BELOW.replace(**{"lambda": 1.5})
    found = regime(fast)
    assert found.predicted_order == {} and "rate x lambda = 1.5: no order is predicted from 1 on; lower the rate or lambda" in \
        found.warnings  # fmt: skip


def test_of_a_rate_whose_noise_grows_without_bound_there_is_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """S does not read eta_1, so that it may be any."""
    monkeypatch.setattr("proofs_check.constants.moves", lambda experiment, id: ())
    report = check_constants(Experiment(d=60, schedule="S", eta_1=20.0, eta_2=0.1, tau_0=1.0, **{"lambda": 0.1}))
    assert (report.arms, report.noise.stable_before) == ((), math.inf) and math.isfinite(report.noise.stable_after)
    assert "stable level of eta_1 infinite" in "\n".join(write_lines(report))


def test_of_a_run_too_long_a_shorter_one_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Experiment] = []
    monkeypatch.setattr("proofs_check.suggestion.single._sound", lambda there: seen.append(there) or False)
    assert single_change(LONG) is None and [each.replace(max_tau=LONG.max_tau) for each in seen] == [LONG]
    assert seen[0].max_tau < LONG.max_tau and tried(LONG) == "a shorter run"
    assert single_change(BELOW) is None and len(seen) > 20 and tried(BELOW).startswith("a longer run, and d, r")


def test_a_search_near_it_says_why_it_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proofs_check.suggestion.search._search", lambda *given: None)
    monkeypatch.setattr("proofs_check.suggestion.search._met_alone", lambda *given: True)
    with pytest.raises(InputError, match="nor is one near it") as error:
        suggest(LONG)
    assert error.value.fix == "lower max_tau or lambda" and "no order is predicted" in error.value.found
    with pytest.raises(InputError) as error:
        suggest(BELOW)
    assert "no order is predicted" not in error.value.found


@pytest.mark.parametrize("name", ["closure", "mean-field"])
def test_engines_advise_what_can_be_done(name: str) -> None:
    """Of the engine closure nobody chooses the nodes; and no number of them would do here."""
    with pytest.raises(InputError, match="blocks of at most 1 / lambda") as error:
        simulate(LONG, name)
    assert error.value.fix == "lower max_tau or lambda; or use the engine finite or limit"


def test_nodes_are_advised_where_they_help() -> None:
    with pytest.raises(InputError, match="say nodes = ") as error:
        solve_mean_field(BELOW, nodes=10, particles=64)
    found = re.search(r"nodes = (\d+)$", error.value.fix)
    assert found and solve_mean_field(BELOW, nodes=int(found[1]), particles=64).course.tau.size > 10


def test_the_explorer_keeps_what_it_shows() -> None:
    explorer = Explorer(BELOW)
    before = explorer.view
    with pytest.raises(InputError) as error:
        explorer.move({"max_tau": 2000.0})
    assert error.value.fix == "lower max_tau or lambda" and explorer.view is before
