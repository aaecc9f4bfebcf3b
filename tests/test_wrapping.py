"""Lines on standard error: within the terminal's width where there is one, whole where there is none."""

from __future__ import annotations

import io
import os
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from theory_sim.cli import app
from theory_sim.cli.runs import _round_number
from theory_sim.errors import InputError
from theory_sim.terminal.output import print_parts
from theory_sim.terminal.sentence import Sentence
from theory_sim.terminal.wrapping import say_aside, say_steps, with_commands, wrapped
from theory_sim.testing.simulator.report import _wrapped as of_simulator

PATH = "/a/folder/" + "long/" * 20 + "run"
TEXT = str(InputError("found " * 20 + PATH, "a rule " * 20, "a fix " * 20))


def test_without_a_reader_a_line_stays_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert wrapped(TEXT) == TEXT
    monkeypatch.setenv("COLUMNS", "no number")
    assert wrapped(TEXT) == TEXT


def test_a_name_with_an_end_of_a_line_ends_none(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder "a" and a folder named like a second line of what is said of it are told apart."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.argv", ["theory-sim", "sweep", "status", "runs/a\nremoved: b/c"])
    text = "run: runs/a\nremoved: b/c/summary\nanother line"
    say_aside(text)
    print_parts(text)
    said = capsys.readouterr()
    assert said.err == said.out == "run: runs/a\\nremoved: b/c/summary\nanother line\n"


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_lines_fit_but_for_paths(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = wrapped(f"theory-sim: {TEXT}").splitlines()
    assert [line for line in lines if len(line) > columns and line.strip() != PATH] == []
    assert " ".join(" ".join(lines).split()) == " ".join(f"theory-sim: {TEXT}".split())
    rule = next(i for i, line in enumerate(lines) if line.startswith("  rule: "))
    assert lines[rule + 1][:8].isspace() and not lines[rule + 1][8].isspace(), "below the rule itself"


@pytest.mark.parametrize("columns", range(44, 64))
def test_no_line_ends_within_a_number(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a line ends, "15 %" and both ends of a range stay on one: in what is printed, and in what is said beside."""
    monkeypatch.setenv("COLUMNS", str(columns))
    whole = ("0.16 to 1.00;", "15 %", "tau = 1008", "d >= 20", "> 50", "3 min,", "2 of 2,", "7.9 [7.5, 8.3]", "9 [3, no bound]",
             "0.95 (0.9-1)", "(985.5, 993.6]", "92 at 0.45 (78 to 109),")
    text = ("P first on 2 of 2, share: 0.16 to 1.00; errors within 15 % on all, tau = 1008 at r d >= 20 or > 50 in 3 min, and "
            "a ratio 7.9 [7.5, 8.3] times, 9 [3, no bound] or 0.95 (0.9-1), tau_P in (985.5, 993.6] here, "
            "tau_Q 92 at 0.45 (78 to 109), 64")
    print_parts(text, file=(out := io.StringIO()))
    print_parts(Sentence(text, style="yellow"), file=(aside := io.StringIO()))
    for shown in (out.getvalue(), aside.getvalue(), wrapped(text)):
        assert all(each in shown for each in whole) and " ".join(shown.split()) == text
        assert all(line == line.rstrip() and len(line) <= columns for line in shown.splitlines())


@pytest.mark.parametrize("before", range(20))
def test_no_line_ends_within_a_relation_of_short_terms(before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    whole = ("prod_{s <= i < t}", "rho(s, t)", "0 < w <= 4,", "0.01 <= gamma_t <= 1.5,", "x ≤ y,", "a > b", "kappa -> 0,",
             "(1 - q)")
    text = " ".join(("w" * (before + 1), "rho(s, t) = prod_{s <= i < t} (1 - gamma_i lambda) tau_s / tau_t, 0 < w <= 4, then",
                     "0.01 <= gamma_t <= 1.5, (1 - q) kappa -> 0, x ≤ y, a > b or one_that_is_longer_than_that < another"))
    shown = wrapped(text)
    assert all(each in shown for each in whole) and " ".join(shown.split()) == text
    assert max(map(len, shown.splitlines())) <= 60


@pytest.mark.parametrize("before", range(50, 80))
def test_a_report_on_a_simulator_parts_no_name_from_its_value(before: int) -> None:
    text = f"{'w' * before} moves by 4.472 x noise, with step_tau = None, loss = 'logistic' in each"
    shown = of_simulator(text)
    assert " ".join(shown.split()) == text and max(map(len, shown.splitlines())) <= 79
    assert all(each in shown for each in ("4.472 x noise,", "step_tau = None,", "loss = 'logistic'"))


COMMANDS = ["theory-sim run --preset quick --set name=weak-decay --set lambda=1e-4 --compare L-S,S --seeds 0:5 --out runs",
            "theory-sim resume runs/quick-S-seed0", "proofs-check suggest 'my file.toml' --conditions deciding --format json"]


@pytest.mark.parametrize("columns", range(44, 130, 3))
def test_a_command_can_be_copied(columns: int) -> None:
    """Wherever its lines end: a shell reads what they say as the one command, and no option is parted from its value."""
    for command in COMMANDS:
        text = "interrupted at step 120, tau = 960; 1 of 10 runs done; continue with:"
        lines = with_commands([(text, command)], columns).splitlines()
        assert all(len(line) <= columns for line in lines)
        said = " ".join("\n".join(lines).replace("\\\n", " ").split())
        assert said == f"{text} {command}" and said.count("\\") == 0
        assert not [line for line in lines if line.removesuffix(" \\").split()[-1].startswith("--")]
        whole = f"{text} {command}"
        assert (lines == [whole]) == (len(whole) <= columns)
        assert with_commands([(text, command)], None) == whole
        below = next((number for number, line in enumerate(lines) if line.startswith("  ") and command[:9] in line), None)
        if len(lines) > 1:
            assert below is not None and shlex.split("\n".join(lines[below:]).replace("\\\n", "")) == shlex.split(command)


def test_what_to_type_fits_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    steps = [("3 of 10 runs done, 7 not begun; continue all of them:", COMMANDS[0]), ("or with this one alone:", COMMANDS[1])]
    say_steps(steps)
    lines = capsys.readouterr().err.splitlines()
    assert max(map(len, lines)) <= 80 and lines[0] == steps[0][0] and lines[-1] == " ".join(steps[1])
    monkeypatch.delenv("COLUMNS")
    say_steps(steps)
    assert capsys.readouterr().err == f"{', '.join(f'{text} {command}' for text, command in steps)}\n", "without a reader"


def test_a_terminal_is_as_wide_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.fileno", lambda: 2, raising=False)
    monkeypatch.setattr("os.get_terminal_size", lambda number: os.terminal_size((50, 20)))
    assert max(len(line) for line in wrapped("warning: " + "word " * 40).splitlines()) <= 50


def test_a_warning_names_what_was_given_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    file = tmp_path / "e.toml"
    file.write_text('schedule = "warm-up"\nwarm_up = 5.0\nd = 20\neta_1 = 3.0\ntau_0 = 1.0\nmax_tau = 30.0\n')
    result = CliRunner().invoke(app, ["check", str(file), "--set", "schedule=S"])
    warning = next(" ".join(part.split()) for part in result.stderr.split("warning: ") if "eta_1" in part)
    assert warning.startswith(f"--set schedule, {file}, line 4: eta_1"), result.stderr
    assert all(len(line) <= 80 for line in result.stderr.splitlines() if str(tmp_path) not in line)


@pytest.mark.parametrize(("count", "text"), [(2000, "2000"), (1949, "1900"), (12345, "12 000"), (2.04e6, "2 000 000")])
def test_a_number_of_steps_is_written_out(count: float, text: str) -> None:
    assert _round_number(count) == text
