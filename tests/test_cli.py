"""The command line as a user meets it: output, exit status, nothing left behind after bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import Command
from theory_sim import cli
from theory_sim.engines import simulate
from theory_sim.errors import InputError, StoreError
from theory_sim.experiment import Experiment
from theory_sim.trajectory import Trajectory

TINY = """
name = "tiny"
d = 10
m_W = 20
m_V = 40
max_tau = 40
n_test = 5
compare = ["L-S", "S"]
seeds = [0, 1]
"""


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the installed program in a process of its own: exit status and both outputs as a shell sees them."""
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2]), "COLUMNS": "120"}
    return subprocess.run([sys.executable, "-m", "theory_sim", *arguments], cwd=cwd, text=True,
                          capture_output=True, env=environment, check=False)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


@pytest.mark.tier2
def test_run_prints_tables_and_saves_every_run(plan: Path, tmp_path: Path, command: Command,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    done = call("run", str(plan), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Learning times" in done.stdout and "warning:" in done.stdout
    assert "of 2 seeds (exact 95% interval" in " ".join(done.stdout.split())
    runs = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert runs == ["tiny-L-S-seed0", "tiny-L-S-seed1", "tiny-S-seed0", "tiny-S-seed1"]
    assert Trajectory.load(tmp_path / "runs" / runs[0]).experiment.schedule == "L-S"

    # In this process: a start of the program takes as long as what it does here.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    status, out, error = command("run", plan)
    assert status == 0 and "all 4 runs are there already, finished" in error and "--force" in error
    assert out == done.stdout
    assert command("run", plan, "--force", "--quiet") == (0, "", "")

    run = CliRunner().invoke
    shown = run(cli.app, ["show", *(f"runs/{name}" for name in runs)])
    assert shown.exit_code == 0 and "Order at 0.45" in shown.stdout
    for figure in ("learning-order.png", "learning-order.svg", "decomposition.pdf"):
        drawn = run(cli.app, ["plot", figure.partition(".")[0], *(f"runs/{name}" for name in runs), "-o", figure])
        assert drawn.exit_code == 0, drawn.output
        assert (tmp_path / figure).stat().st_size > 1000
    for figure in ("decomposition.pdf", "decomposition.gif"):
        refused = run(cli.app, ["plot", "decomposition", f"runs/{runs[0]}", "-o", figure])
        assert isinstance(refused.exception, InputError | StoreError) and "fix:" in str(refused.exception)


@pytest.mark.parametrize("text", ["123E4", "0x10"])
def test_a_name_like_a_number_stays_text_to_the_stored_run(text: str, tmp_path: Path, command: Command) -> None:
    """In the run's folder, in what is printed and stored, and as it is read again."""
    status, out, error = command("run", "--engine", "closure", "--set", f"name={text}", "--set", "d=10", "--set", "max_tau=20",
                                 "-q", "--format", "json", "--out", tmp_path)
    (run,) = tmp_path.iterdir()
    assert status == 0 and run.name == f"{text}-L-S-seed0-closure", error
    assert json.loads(out)["experiment"]["name"] == text == Trajectory.load(run).experiment.name


def test_json_is_the_only_output_and_parses(plan: Path, tmp_path: Path, command: Command,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, error = command("run", plan, "--format", "json", "--seeds", "3:5", "--compare", "S", "--threads", "1")
    assert status == 0, error
    report = json.loads(out)
    assert report["schedules"][0]["seeds"] == [3, 4]
    assert report["experiment"]["d"] == 10
    assert {"regime", "findings", "runs"} <= report.keys()


@pytest.mark.tier2
def test_quiet_prints_nothing(plan: Path, tmp_path: Path) -> None:
    done = call("run", str(plan), "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "eta_1=4000"], ["eta_1 x lambda", "rate x lambda < 2", "lower"]),
        (["--set", "p0=0.9"], ["p0 + q0", "1.4", "lower p0 or q0"]),
        (["--set", "N=0"], ["N = 0"]),
        (["--set", "q0=nan"], ["q0 = nan", "a number from 0 to 1"]),
        (["--set", "kapa=1"], ["unknown field 'kapa'", "'kappa'"]),
        (["--set", "epsilon_2=0.5"], ["epsilon_1 + q0 l(0)", "epsilon_2", "raise epsilon_1"]),
        (["--set", "schedule=pieces"], ["pieces"]),
        (["--set", "m_V=11"], ["m_V = 11", "even"]),
        (["--set", "d"], ["FIELD=VALUE"]),
        (["--seeds", "a"], ["--seeds a"]),
        (["--threads", "0"], ["threads = 0", "at least 1"]),
        (["--preset", "nonesuch"], ["preset 'nonesuch'", "default"]),
        (["--compare", "S,S"], ["once"]),
        (["--compare", ""], ["--compare is empty"]),
        (["--compare", "S,"], ["schedule = ''"]),
        (["--out="], ["--out is empty"]),
        ([""], ["an argument is empty"]),
        (["broken.toml", "--preset", "quick"], ["broken.toml and --preset quick"]),
        (["--set", "d=10000000"], ["needs about", "PiB", "lower several, such as d ="]),
        (["missing.toml"], ["missing.toml", "No such file"]),
        (["broken.toml"], ["broken.toml is not TOML"]),
    ],
)
def test_bad_input_is_explained_and_leaves_nothing(arguments: list[str], words: list[str], tmp_path: Path, command: Command,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.toml").write_text("d = = 3")
    status, said, error = command("run", *arguments)
    assert status == 2 and said == "", "refused before the table of the regime"
    for word in (*words, "rule:", "fix:"):
        assert word in " ".join(error.split())
    assert "Traceback" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["broken.toml"]


def test_a_diverged_run_is_a_finding(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, error = command("run", "--preset", "quick", "--set", "neurons=independent", "--set", "tau_0=0.0", "--set",
                               "tau_xi=10", "--set", "schedule=constant", "--quiet")
    assert status == 1
    assert "diverged" in error and "step" in error and "likely cause" in error
    assert Trajectory.load(tmp_path / "runs" / "quick-constant-seed0").outcome == "diverged"


@pytest.mark.tier2
def test_a_wrong_order_where_the_regime_holds_is_a_finding() -> None:
    # An S run under L-S's name: the regime holds and predicts P first, the run shows Q first.
    from theory_sim.engines import simulate

    run = simulate(Experiment.preset("quick").replace(schedule="S"))
    assert cli.runs.get_findings([run]) == []
    twin = Trajectory(run.dataset, run.experiment.replace(schedule="L-S"))
    assert len(cli.runs.get_findings([twin])) == 1


@pytest.mark.tier2
def test_check_and_presets_round_trip(tmp_path: Path) -> None:
    done = call("preset", "quick", cwd=tmp_path)
    (tmp_path / "quick.toml").write_text(done.stdout)
    assert Experiment.from_toml(tmp_path / "quick.toml") == Experiment.preset("quick")
    checked = call("check", "quick.toml", "--format", "json", cwd=tmp_path)
    assert json.loads(checked.stdout)["runs"] == ["quick-L-S-seed0"]
    assert "default" in call("list", "presets", cwd=tmp_path).stdout


def test_help_names_every_command() -> None:
    text = CliRunner().invoke(cli.app, ["--help"]).output
    for command in ("run", "show", "plot", "preset", "list", "check", "demo"):
        assert command in text


@pytest.mark.tier2
def test_every_engine_from_the_command_line(plan: Path, tmp_path: Path, command: Command,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    flow = ("--engine", "limit", "--time", "flow", "--spatial", "mean", "--tolerance", "1e-6", "--time-tolerance", "1e-3")
    status, out, error = command("run", plan, *flow, "--verbose")
    assert status == 0, error
    for word in ("limit", "(flow, mean", "spatial_error:", "time_error:", "kernel_error:", "seconds"):
        assert word in out, word
    attrs = Trajectory.load(tmp_path / "runs" / "tiny-S-seed1-limit-flow-mean").dataset.attrs
    assert json.loads(attrs["limit"]) == {
        "noise": "vanishing", "kernel": "moving", "time": "flow", "spatial": "mean", "tolerance": 1e-6, "time_tolerance": 1e-3,
    }
    report = json.loads(command("run", plan, "--engine", "limit", "--kernel", "frozen", "--format", "json", "--seeds", "0")[1])
    assert report["engine"] == "limit (frozen)" and report["schedules"][0]["engine"] == "limit (frozen)"
    status, out, _ = command("run", plan, "--engine", "closure", "--seeds", "0")
    assert status == 0 and "means over data sets" in out
    ends = ("-limit-flow-mean", "-closure", "-limit-frozen")
    status, out, _ = command("show", *(f"runs/tiny-S-seed0{end}" for end in ends))
    assert status == 0 and "S, closure" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--engine", "infinite"], ["engine 'infinite'", "closure"]),
        (["--time", "flow"], ["time with engine 'finite'", "--engine limit"]),
        (["--engine", "closure", "--spatial", "mean"], ["spatial with engine 'closure'"]),
        (["--engine", "limit", "--kernel", "still"], ["kernel = 'still'", "frozen"]),
        (["--engine", "limit", "--noise", "sampled"], ["paired neurons have no noise output"]),
        (["--engine", "limit", "--tolerance", "0"], ["tolerance = 0"]),
        (["--engine", "limit", "--time", "flow", "--observe", "patterns:every_steps=2"], ["counted in steps"]),
        (["--engine", "closure", "--observe", "kernels"], ["observe = ['kernels']", "leave observe out"]),
        (["--engine", "mean-field", "--observe", "sharpness"], ["the mean field has neither examples nor neurons"]),
        (["--engine", "limit", "--tolerance", "1", "--time-tolerance", "0", "--set", "d=0", "--set", "N=0"],
         ["4 faults", "tolerance = 1", "time_tolerance = 0", "--set d: d = 0", "--set N: N = 0"]),
        (["--engine", "closure", "--seeds", "0,1"], ["2 seeds", "one seed"]),
        (["--engine", "closure", "--set", "noise_placement=iterates", "--set", "noise_level=1"], ["noise_placement"]),
        (["--observe", "pattern"], ["observe"]),
        (["--observe", "patterns:often"], ["--observe patterns:often", "every_tau=25"]),
        (["--observe", "patterns:every_steps=2,every_tau=3"], ["every_steps and every_tau"]),
        (["--observe", "kernels:every_steps=0"], ["observe"]),
    ],
)
def test_bad_engines_and_observers_are_explained(arguments: list[str], words: list[str], tmp_path: Path, command: Command,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, said, error = command("run", "--preset", "quick", *arguments)
    assert (status, said) == (2, ""), "refused before the table of the regime"
    for word in (*words, "rule:", "fix:"):
        assert word in " ".join(error.split()), error
    assert "Traceback" not in error and list(tmp_path.iterdir()) == []


@pytest.mark.tier2
def test_interrupted_then_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C as a terminal sends it: exit status 130, nothing in the run's place; resume gives the uninterrupted result."""
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    arguments = ["run", "--preset", "quick", "--set", "schedule=S", "--observe", "kernels:every_tau=100", "--quiet"]
    command = [sys.executable, "-m", "theory_sim", *arguments]
    # As from a terminal, even if this test runs in a background job, where a shell has Ctrl-C ignored.
    hear = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=hear)
    folder = tmp_path / "runs" / "quick-S-seed0.partial"
    deadline = time.monotonic() + 60
    while not folder.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "theory-sim resume" in said
    assert folder.exists() and not (tmp_path / "runs" / "quick-S-seed0").exists()
    done = call("resume", "runs/quick-S-seed0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Learning times" in done.stdout and "At the end of the run" not in done.stdout and "--verbose prints" in done.stdout
    resumed = Trajectory.load(tmp_path / "runs" / "quick-S-seed0").dataset
    whole = simulate(Experiment.preset("quick").replace(schedule="S", observe={"kernels": {"every_tau": 100}})).dataset
    assert resumed.equals(whole)
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    nothing = run(cli.app, ["resume", "runs/quick-S-seed0"])
    assert "is finished: there is nothing to resume" in str(nothing.exception)
    drawn = run(cli.app, ["plot", "kernel-drift", "runs/quick-S-seed0", "-o", "kernel-drift.png"])
    assert drawn.exit_code == 0, drawn.output
    missing = run(cli.app, ["plot", "patterns", "runs/quick-S-seed0"])
    assert "--observe patterns" in str(missing.exception)


@pytest.mark.parametrize("command", [["check"], ["run", "--out", "runs"]], ids=str)
def test_data_that_must_be_given_are_refused_before_anything_is_printed(command: list[str], tmp_path: Path,
                                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.app, [*command, "--set", "data_law=arrays"])
    assert isinstance(result.exception, InputError) and "data_law = 'arrays' without data" in str(result.exception)
    assert result.output == "" and not list(tmp_path.iterdir())


def test_check_refuses_what_run_refuses_for_its_size(tmp_path: Path) -> None:
    for command in (["check"], ["run", "--out", str(tmp_path / "runs")]):
        result = CliRunner().invoke(cli.app, [*command, "--set", "d=10000000"])
        assert isinstance(result.exception, InputError) and "lower several, such as d =" in str(result.exception), command
