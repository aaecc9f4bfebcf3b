"""An experiment against the theorem's conditions: the report repeats what theory_sim finds; a suggestion is the nearest one."""

from __future__ import annotations

import csv
import dataclasses
import functools
import importlib
import io
import itertools
import json
import math
import re
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from proofs_check import check_constants, suggest
from proofs_check.cli import app
from proofs_check.cli.described import describe
from proofs_check.cli.experiments import _advice, _further
from proofs_check.constants_text import heading, write_lines, write_prediction
from proofs_check.suggestion.changes import Change, changes
from proofs_check.suggestion.moves import moves
from proofs_check.suggestion.search import least_margin, satisfies
from proofs_check.suggestion.shifted import FREE
from proofs_check.suggestion.single import FACTORS, single_change
from tests.proofs.suggestion_starts import starts
from theory_sim.errors import InputError, StoreError
from theory_sim.experiment import Experiment
from theory_sim.regimes import get_conditions, regime
from theory_sim.terminal.regime_tables import conditions_table, regime_table
from theory_sim.theory.conditions import in_words
from theory_sim.theory.noise_law import noise_levels

FAR = Experiment(r=0.6)
PAIR = ("r", "lambda_")


def largest_move(old: Experiment, new: Experiment) -> float:
    return max(abs(math.log(getattr(new, name) / getattr(old, name))) for name in FREE)


@pytest.mark.parametrize("preset", ["default", "quick"])
def test_the_report_repeats_the_regime_and_is_json(preset: str) -> None:
    experiment = Experiment.preset(preset)
    report = check_constants(experiment)
    assert report.applies == regime(experiment).holds
    assert {arm.schedule: arm.order for arm in report.arms} == {"L-S": "P first", "S": "Q first"}
    answer = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert answer["applies"] is report.applies and set(answer["arms"][0]["tau_Q"]) == {"0.45", "0.5", "0.55"}
    assert set(report.moves) == {row.id for row in get_conditions(experiment) if not row.holds}


def test_intervals_of_data_sets_are_around_what_is_predicted() -> None:
    report = check_constants(Experiment(d=100, max_tau=400.0))
    found = report.intervals
    assert set(found) == {"L-S", "S"}
    for arm in report.arms:
        times, error = found[arm.schedule].tau_P, found[arm.schedule].P_error[-1]
        assert times.middle == arm.tau_P[0.45] and (times.low < times.middle < times.high or math.isinf(times.middle))
        assert error.low < arm.test_error == error.middle < error.high
        for lines in (list(write_lines(report)), list(write_prediction(report))):
            (line,) = [each for each in lines if f"({in_words(error.low)} to {in_words(error.high)})" in each]
            assert in_words(arm.test_error) in line and sum("95 % of single data sets" in each for each in lines) == 1


def test_noise_and_samples_by_hand() -> None:
    e = Experiment()
    report = check_constants(e)
    annealed = report.arms[0].annealed_tau
    level = e.tau_0_value**2
    for _ in range(round(annealed / e.eta_1)):
        level = (1 - e.eta_1 * e.lambda_) ** 2 * level + (e.eta_1 * e.tau_xi) ** 2
    assert math.isclose(report.noise.at_annealing, math.sqrt(level), rel_tol=1e-12)
    assert math.isclose(noise_levels([e.eta_1], lambda_=e.lambda_, tau_xi=e.tau_xi, tau_0=1.0)[0], 1.0)
    ratio = report.noise.decorrelation_after / report.noise.decorrelation_before
    assert math.isclose(ratio, e.eta_2 / e.eta_1, rel_tol=1e-12)
    assert (report.samples.P_only, report.samples.holding_P, report.samples.holding_Q) == (100.0, 400.0, 700.0)
    assert report.samples.needed < report.samples.enough


def test_where_no_single_change_helps_what_was_tried_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, and no more than that: values between the factors were not tried."""
    monkeypatch.setattr("proofs_check.constants.moves", lambda experiment, id: ())  # what takes most of the time
    report = check_constants(Experiment(r=0.7))
    said = "".join(_advice(report, []))
    assert all(name.rstrip("_") in said for name in FREE) and ", ".join(f"{factor:g}" for factor in FACTORS) in said
    assert "is not enough" not in said and "proofs-check suggest my.toml" in "".join(_further(report, Path("my.toml"), None))
    still = dataclasses.replace(report, experiment=Experiment(r=0.7, tau_xi=0.0, tau_0=1.0))
    assert "tau_xi" not in "".join(_advice(still, [])), "a parameter of 0 is not moved by a factor"


def test_orders_that_hold_are_not_said_to_fail_where_only_a_simulation_would() -> None:
    report = check_constants(Experiment())
    assert report.verdict.startswith("the mechanism applies")
    unsound = dataclasses.replace(report, regime=dataclasses.replace(report.regime, warnings=["float32"]))
    assert unsound.verdict == "both orders are predicted, but a simulation of this experiment would not be sound\n  float32"
    other = dataclasses.replace(unsound, experiment=Experiment(batch_size=10))
    undone = dataclasses.replace(unsound, regime=dataclasses.replace(unsound.regime, order_warnings={"S": ["too close"]}))
    assert all(each.verdict.startswith("the mechanism does not apply") for each in (other, undone))


@pytest.mark.parametrize(("fields", "warned"), [({}, []), ({"r": 0.36}, ["L-S"]), ({"r": 0.25}, ["S"]), ({"r": 0.6}, ["L-S"])])
def test_times_stand_once_beside_the_order_or_in_its_warning(
    fields: dict[str, Any], warned: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proofs_check.constants.moves", lambda experiment, id: ())  # what takes most of the time
    lines = "\n".join(write_prediction(check_constants(Experiment(**fields)))).splitlines()
    for schedule in ("L-S", "S"):
        (beside,), *warnings = [[line for line in lines if line.startswith(f"{start}{schedule}: ")] for start in ("", "  ")]
        assert ("tau_P" in beside, sum("tau_P" in line for (line,) in filter(None, warnings))) == (
            (False, 1) if schedule in warned else (True, 0))


def test_a_single_move_ends_on_the_bound() -> None:
    failed = [row for row in get_conditions(FAR) if not row.holds and moves(FAR, row.id)]
    assert failed
    for row in failed:
        move = moves(FAR, row.id)[0]
        if move.parameter in ("d", "m_V"):
            continue
        there = FAR.replace(**{move.parameter: getattr(FAR, move.parameter) * move.factor})
        margin = next(each.margin for each in get_conditions(there) if each.id == row.id)
        assert math.isclose(margin, 1.0, rel_tol=1e-6)


SHORT = Experiment(name="short", max_tau=300.0)


@pytest.mark.parametrize("start", [SHORT, pytest.param(FAR, marks=pytest.mark.tier2),
                                   pytest.param(Experiment(eta_2=4.0), marks=pytest.mark.tier2)])
def test_what_check_suggests_has_been_tried(start: Experiment, tmp_path: Path) -> None:
    """One field is changed, to two digits, and what follows it; the file with these fields passes the same check."""
    start.to_toml(tmp_path / "start.toml")
    found = CliRunner().invoke(app, ["check", str(tmp_path / "start.toml"), "--format", "json"])
    moved = json.loads(found.stdout)["suggestion"]
    free = [each for each in moved if each["field"] in {name.rstrip("_") for name in FREE}]
    assert found.exit_code == 1 and len(free) == (start != SHORT) and moved
    assert all(float(f"{each['after']:.2g}") == each["after"] for each in free) and moved[: len(free)] == free
    fields = {each["field"]: each["after"] for each in moved if each["field"] != "kappa"}
    there = Experiment(**{**start.fields(), "kappa": None, "N": start.n_examples, **fields})
    assert check_constants(there).applies
    there.to_toml(tmp_path / "there.toml")
    assert CliRunner().invoke(app, ["check", str(tmp_path / "there.toml")]).exit_code == 0


def test_check_says_of_which_experiment_and_what_to_change(tmp_path: Path) -> None:
    SHORT.to_toml(tmp_path / "short.toml")
    found = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["check", str(tmp_path / "short.toml")])
    text = " ".join(found.stdout.split())
    assert text.startswith(f"experiment short, from {tmp_path}/short.toml: d = 200, N = 800, ")
    assert "it applies with max_tau = " in text
    assert "(before: 300, x " in text and "proofs-check suggest " in text and text.count("it applies with") == 1
    more = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["check", str(tmp_path / "short.toml"), "--verbose"]).stdout
    assert len(more) > len(found.stdout) and "L-S suppresses Q" in more and "L-S suppresses Q" not in found.stdout


def test_no_command_is_advised_that_refuses_the_experiment(tmp_path: Path) -> None:
    SHORT.replace(schedule="constant").to_toml(tmp_path / "constant.toml")
    said = " ".join(CliRunner().invoke(app, ["check", str(tmp_path / "constant.toml")]).stdout.split())
    assert "makes it apply: schedule 'constant'" in said and "proofs-check suggest" not in said


def test_nothing_is_suggested_where_no_single_change_does_it() -> None:
    assert single_change(Experiment(network="shared")) is None
    tiny = Experiment(d=10, max_tau=20.0, n_test=5, m_V=40)
    assert single_change(tiny) is None


def test_a_plan_is_one_experiment_and_a_sweep_its_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("proofs_check.constants")
    monkeypatch.setattr(module, "check_constants", functools.cache(module.check_constants))
    fields = "d = 10\nmax_tau = 20.0\nn_test = 5\n"
    (tmp_path / "plan.toml").write_text(f'name = "of-plan"\ncompare = ["L-S", "S"]\nseeds = [0, 1]\n{fields}')
    (tmp_path / "sweep.toml").write_text('name = "of-sweep"\ncompare = ["L-S", "S", {schedule = "step", step_tau = [5.0]}]\n'
                                         f"seeds = [0, 1]\n[fields]\n{fields}[product]\nr = [0.3, 0.6]\n")
    plan, sweep = (describe(tmp_path / name, None) for name in ("plan.toml", "sweep.toml"))
    assert (plan.name, plan.sweep, len(plan.places)) == ("of-plan", False, 1)
    assert (sweep.name, sweep.sweep) == ("of-sweep", True)
    assert [{name: value for name, value in place.items() if name != "schedule"} for place, _ in sweep.places] == [
        {"r": 0.3}, {"r": 0.3}, {"r": 0.6}, {"r": 0.6}], "S and L-S are one place, a schedule without an order is another"
    assert [e.r for _, e in sweep.places] == [0.3, 0.3, 0.6, 0.6]
    for name, form in (("plan.toml", "text"), ("sweep.toml", "text"), ("sweep.toml", "csv"), ("sweep.toml", "json")):
        found = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["check", str(tmp_path / name), "--format", form])
        assert found.exit_code == 1 and not isinstance(found.exception, Exception), found.output
        if form == "csv":
            head, *rows = csv.reader(io.StringIO(found.stdout))
            assert head == ["r", "schedule", "applies", "margin L-S", "margin S", "fails"]
            assert [len(row) for row in rows] == [6] * 4
        elif form == "text":
            assert f"of-{name.partition('.')[0]}" in found.stdout
        else:
            assert [each["place"]["r"] for each in json.loads(found.stdout)["places"]] == [0.3, 0.3, 0.6, 0.6]
    refused = CliRunner().invoke(app, ["suggest", str(tmp_path / "sweep.toml")])
    assert isinstance(refused.exception, InputError) and "4 experiments" in str(refused.exception)


def test_changes_are_ranked() -> None:
    old = Experiment(d=100, lambda_=1e-3, r=0.4)
    new = old.replace(d=110, lambda_=1e-4, r=0.8, max_tau=1e5, N=old.n_examples, kappa=None)
    found = changes(old, new)
    assert [each.field for each in found] == ["lambda", "r", "d", "max_tau"], "what follows comes last, however large"
    assert str(found[1]) == "r = 0.8 (before: 0.4, x 2)" and str(Change("N", None, 5)) == "N = 5"
    assert str(found[3]) == "max_tau = 100000 (before: 1000, x 100)"


@pytest.mark.parametrize(("value", "shown"), [
    (1e7, "1e7"), (300.0, "300"), (1234567.0, "1234567"), (1e-7, "1e-07"), (0.1 + 0.2, "0.30000000000000004"),
    (20_000_001.0, "20000001"), (10_000_000, "10000000"), ("relu", "relu"), (True, "True"),
])
def test_a_change_shows_numbers_as_texts_do_and_exactly(value: Any, shown: str) -> None:
    assert str(Change("max_tau", value, "other")) == f"max_tau = other (before: {shown})"
    assert str(Change("max_tau", None, value)) == f"max_tau = {shown}" and str(type(value)(shown)) == str(value)


@pytest.fixture(scope="module")
def near() -> Experiment:
    return suggest(FAR, conditions="deciding", free=PAIR)


@pytest.mark.tier2
def test_a_suggestion_is_where_the_verdict_applies(near: Experiment) -> None:
    assert not check_constants(FAR).applies and least_margin(FAR, "deciding") < 1.0
    assert check_constants(near).applies and least_margin(near, "deciding") >= 1.0
    kept = set(FAR.fields()) - {"r", "lambda", "record_every", "max_tau", "kappa", "N"}
    assert {name: near.fields().get(name) for name in kept} == {name: FAR.fields()[name] for name in kept}
    assert (near.n_examples, near.g0) == (FAR.n_examples, FAR.g0)


@pytest.mark.tier2
def test_nothing_nearer_on_a_grid(near: Experiment) -> None:
    """At up to 0.95 of the distance no point of a grid of 11 x 11 meets conditions and verdict."""
    steps = 0.95 * largest_move(FAR, near) * np.linspace(-1.0, 1.0, 11)
    looked = 0
    for a, b in itertools.product(steps, steps):
        there = FAR.replace(r=FAR.r * math.exp(a), lambda_=FAR.lambda_ * math.exp(b), max_tau=near.max_tau)
        if least_margin(there, "deciding") >= 1.0:
            looked += 1
            assert not regime(there).holds, (a, b)
    # Twin: the verdict is what keeps it away; conditions alone hold nearer.
    assert looked > 0


@pytest.mark.slow
@pytest.mark.parametrize("start", starts(), ids=lambda e: e.name)
def test_suggestions_from_twelve_starts(start: Experiment) -> None:
    """The two commands agree, and nothing nearer is found at 0.95 of the distance: corners of the box, then 400 points."""
    found = suggest(start, conditions="deciding")
    assert check_constants(found).applies and least_margin(found, "deciding") >= 1.0
    assert suggest(found, conditions="deciding") == found
    radius = 0.95 * largest_move(start, found)
    rng = np.random.default_rng(5)
    corners = list(itertools.product((-1.0, 1.0), repeat=len(FREE)))
    for shifts in [*corners, *rng.uniform(-1.0, 1.0, (400, len(FREE)))]:
        moved = {name: getattr(start, name) * math.exp(radius * s) for name, s in zip(FREE, shifts, strict=True)}
        moved |= {"d": round(moved["d"]), "m_V": 2 * round(moved["m_V"] / 2)}
        length = {"max_tau": found.max_tau, "dtype": "float64"}
        assert not satisfies(start.replace(**moved, **length, N=start.n_examples, kappa=None), "deciding")


@pytest.mark.tier2
def test_a_run_that_is_too_short_is_made_longer() -> None:
    short = Experiment(max_tau=300.0, max_steps=500)
    assert not check_constants(short).applies
    longer = suggest(short, conditions="deciding")
    assert check_constants(longer).applies
    assert longer == short.replace(max_tau=longer.max_tau, max_steps=longer.max_steps, N=short.n_examples)
    assert longer.max_tau > 600.0 and longer.max_steps is not None and longer.max_steps >= longer.max_tau / short.eta_2


@pytest.mark.tier2
def test_what_meets_them_stays_and_the_impossible_is_said() -> None:
    assert suggest(Experiment(), conditions="deciding") == Experiment()
    with pytest.raises(InputError, match="best compromise misses") as caught:
        suggest(FAR, conditions="deciding", free=("lambda_",))  # decay that suppresses Q under L-S stops P
    assert "let more parameters move" in str(caught.value)
    for wrong in ({"free": ("N",)}, {"free": ()}, {"free": ("r", "r")}, {"conditions": "some"}):
        with pytest.raises(InputError):
            suggest(Experiment(), **wrong)  # type: ignore[arg-type]
    for fields in ({"network": "shared"}, {"batch_size": 10}, {"schedule": "cosine"}):
        with pytest.raises(InputError, match="predictions cover"):
            suggest(Experiment(**fields))
    with pytest.raises(InputError, match="keep 0 at 0"):
        suggest(FAR.replace(lambda_=0.0, tau_0=1.0), conditions="deciding", free=("lambda_",))


@pytest.mark.tier2
def test_command_line(tmp_path: Path) -> None:
    run = CliRunner().invoke
    file, out = tmp_path / "short.toml", tmp_path / "longer.toml"
    short = Experiment(max_tau=300.0)
    short.to_toml(file)
    done = run(app, ["suggest", str(file), "--conditions", "deciding", "--out", str(out)])
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    notes = [line for line in out.read_text().splitlines() if line.startswith("#")]
    assert any(note.startswith("# max_tau = ") and "(before: 300, x " in note for note in notes)
    assert notes[0] == "# Nearest to default, conditions: deciding; tried:" and "the mechanism applies" in notes[1]
    assert max(map(len, notes)) <= 80
    assert not any("N = 800" in note for note in notes), "what is kept is no move"
    assert Experiment.from_toml(out) == suggest(short, conditions="deciding").replace(name="default-suggested-deciding")
    assert run(app, ["check", str(out)]).exit_code == 0  # the two commands agree
    as_json = run(app, ["check", "--preset", "quick", "--format", "json"])
    assert json.loads(as_json.output)["applies"] is (as_json.exit_code == 0)
    for words in (["check", "--format", "xml"], ["check", str(file), "--preset", "quick"]):
        assert isinstance(run(app, words).exception, InputError)
    assert isinstance(run(app, ["suggest", "--out", str(out)]).exception, StoreError)


def test_a_place_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(app, ["suggest", "--out", str(tmp_path / "file" / "near.toml")])
    assert isinstance(done.exception, InputError) and "can be written to" in str(done.exception)
    with pytest.raises(InputError, match="can be written to"):
        Experiment().to_toml(tmp_path / "no folder" / "near.toml")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_nothing_is_written_where_nothing_is_found(tmp_path: Path) -> None:
    file, out = tmp_path / "shared.toml", tmp_path / "near.toml"
    Experiment(network="shared").to_toml(file)
    done = CliRunner().invoke(app, ["suggest", str(file), "--out", str(out)])
    assert isinstance(done.exception, InputError) and not out.exists()


EDGES: Final[dict[str, tuple[dict[str, Any], list[str]]]] = {
    "N = 1": ({"N": 1, "p0": 0.2, "q0": 0.5}, ["holding P 0:"]),
    "no examples that have both": ({"p0": 0.5, "q0": 0.5}, ["no example has both patterns", "infinite"]),
    "no P-only": ({"p0": 0.0}, ["P is not learnt", "P-only 0:"]),
    "no Q-only": ({"q0": 0.0}, ["Q-only loss: - when P is learnt; - at the end"]),
    "P-only alone": ({"p0": 1.0, "q0": 0.0}, ["tau_Q = infinite", "Y(eta_1) = infinite"]),
    "Q-only alone": ({"p0": 0.0, "q0": 1.0}, ["tau_P = infinite"]),
    "no decay": ({"lambda_": 0.0, "tau_0": 1.0}, ["stable level of eta_1 infinite, of eta_2 infinite"]),
    "no noise at the start": ({"tau_0": 0.0}, ["lazy deficit at m_V: infinite", "Y(eta_2) = infinite"]),
    "too short to anneal": ({"max_tau": 1.0}, ["not annealed by max_tau", "P is not learnt"]),
    "too many steps to follow": ({"eta_2": 1e-9, "eta_1": 1.0}, ["more than 10000000 steps to follow"]),
    "no order is predicted": ({"eta_1": 3000.0}, ["no order is predicted at rate x lambda of 1 or more"]),
    "diverges": ({"eta_1": 400.0, "eta_2": 300.0}, ["the mean field diverges", "at the end - "]),
}


@pytest.mark.parametrize("edge", EDGES)
def test_edges_are_said_in_words(edge: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No nan or inf where something is not defined, and what it means in its place; in both programs."""
    monkeypatch.setattr("proofs_check.constants.moves", lambda experiment, id: ())  # what takes most of the time
    fields, words = EDGES[edge]
    experiment = Experiment.preset("quick").replace(**fields)
    found = check_constants(experiment)
    text = "\n".join((heading(found), *write_lines(found), *write_prediction(found)))
    table = io.StringIO()
    tables = regime_table(found.regime, verbose=True), regime_table(regime(experiment, infinite_width=True), verbose=True)
    Console(file=table, width=80).print(conditions_table(found.regime, verbose=True), *tables)
    for word in words:
        assert word in " ".join((text + table.getvalue()).split()), text
    for said in (text, table.getvalue()):
        assert not re.search(r"\b(nan|inf)\b", said, re.IGNORECASE), said
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.slow
@given(st.sets(st.sampled_from(sorted(EDGES)), min_size=1, max_size=3))
@settings(max_examples=20, deadline=None)
def test_edges_in_common_are_said_in_words(edges: set[str]) -> None:
    """What several edges at once are told as, by the program itself, with the search for one change."""
    fields = {name: value for edge in sorted(edges) for name, value in EDGES[edge][0].items()}
    try:
        experiment = Experiment.preset("quick").replace(**fields)
    except InputError:
        assume(False)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr("proofs_check.suggestion.single.FACTORS", (2.0,))
        experiment.to_toml(Path(folder) / "edge.toml")
        for more in ([], ["--verbose"]):
            found = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["check", str(Path(folder) / "edge.toml"), *more])
            assert found.exit_code in (0, 1) and not isinstance(found.exception, Exception), found.exception
            assert not re.search(r"\b(nan|inf)\b", found.stdout, re.IGNORECASE), found.stdout
            assert max(map(len, found.stdout.splitlines())) <= 80
