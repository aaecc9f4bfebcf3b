"""An experiment against the theorem's conditions: the report repeats what theory_sim finds; a suggestion is the nearest one."""

from __future__ import annotations

import io
import itertools
import json
import math
import re
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from proofs_check import check_constants, suggest
from proofs_check.cli import app
from proofs_check.constants_text import write_lines
from proofs_check.suggestion.moves import Move, moves
from proofs_check.suggestion.search import least_margin, satisfies
from proofs_check.suggestion.shifted import FREE
from tests.proofs.suggestion_starts import starts
from theory_sim.errors import InputError, StoreError
from theory_sim.experiment import Experiment
from theory_sim.regimes import get_conditions, regime
from theory_sim.terminal.tables import conditions_table, regime_table
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


def test_the_verdict_names_what_would_make_each_failed_condition_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = [row for row in get_conditions(FAR) if not row.holds]
    found = {row.id: [Move("lambda_", 2.0 + i), Move("r", 0.1)] if i else [] for i, row in enumerate(failed)}
    monkeypatch.setattr("proofs_check.constants.moves", lambda experiment, id: found[id])
    told = [line.strip() for line in check_constants(FAR).verdict.splitlines() if "would hold" in line]
    assert len(failed) > 1
    assert told == [f"{row.label} would hold with lambda x {2 + i:g}" for i, row in enumerate(failed) if i]


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
    assert any(note.startswith("# max_tau = ") and note.endswith("(before: 300.0)") for note in notes)
    assert "the mechanism applies" in notes[0] and not any("N = 800" in note for note in notes), "what is kept is no move"
    assert Experiment.from_toml(out) == suggest(short, conditions="deciding")
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
    "d = 1": ({"d": 1, "N": 4, "p0": 0.25}, ["no bound at d = 1"]),
    "N = 1": ({"N": 1, "p0": 0.2, "q0": 0.5}, ["holding P 0:"]),
    "no examples that have both": ({"p0": 0.5, "q0": 0.5}, ["no example has both patterns", "infinite"]),
    "no P-only": ({"p0": 0.0}, ["P is not learnt", "P-only 0:"]),
    "no Q-only": ({"q0": 0.0}, ["Q-only loss: - when P is learnt; - at the end"]),
    "P-only alone": ({"p0": 1.0, "q0": 0.0}, ["tau_Q = infinite", "Y(eta_1) = infinite"]),
    "Q-only alone": ({"p0": 0.0, "q0": 1.0}, ["tau_P = infinite"]),
    "no decay": ({"lambda_": 0.0, "tau_0": 1.0}, ["stable level of eta_1 infinite, of eta_2 infinite"]),
    "no noise at the start": ({"tau_0": 0.0}, ["lazy deficit at m_V: infinite", "Y(eta_2) = infinite"]),
    "too short to anneal": ({"max_tau": 1.0}, ["not annealed by max_tau", "P is not learnt"]),
    "too many steps to follow": ({"eta_2": 1e-9, "eta_1": 1.0}, ["more than 1e+07 steps to follow"]),
    "no order is predicted": ({"eta_1": 3000.0}, ["no order is predicted at rate x lambda of 1 or more"]),
    "diverges": ({"eta_1": 400.0, "eta_2": 300.0}, ["the closure diverges"]),
}


@pytest.mark.parametrize("edge", EDGES)
def test_edges_are_said_in_words(edge: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No nan or inf where something is not defined, and what it means in its place; in both programs."""
    monkeypatch.setattr("proofs_check.constants.moves", lambda experiment, id: ())  # what takes most of the time
    fields, words = EDGES[edge]
    experiment = Experiment.preset("quick").replace(**fields)
    found = check_constants(experiment)
    text = "\n".join(write_lines(found))
    table = io.StringIO()
    tables = regime_table(found.regime), regime_table(regime(experiment, infinite_width=True))
    Console(file=table, width=80).print(conditions_table(found.regime), *tables)
    for word in words:
        assert word in " ".join((text + table.getvalue()).split()), text
    for said in (text, table.getvalue()):
        assert not re.search(r"\b(nan|inf)\b", said, re.IGNORECASE), said
    json.dumps(found.to_dict(), allow_nan=False)
