"""Every verb of both programs: its help, each format that it lists, a format that it does not know, --out, and 80 columns."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as tree

import pytest
from typer.testing import CliRunner, Result

from tests.verbs import PROGRAMS, formats, option, table, verbs
from theory_sim.errors import InputError, StoreError
from theory_sim.experiment import Experiment
from theory_sim.terminal.output import Output, print_parts

PAGE = (Path(__file__).parents[1] / "docs" / "reference" / "command_line.md").read_text(encoding="utf-8")
VERBS = verbs()
PRINTING = [(line, form) for line, command in VERBS.items() for form in formats(command)]
FIELDS = ["--set", "name=tiny", "--set", "d=10", "--set", "max_tau=20.0", "--set", "n_test=5"]
SWEEP = 'name = "cells"\nengine = ["closure"]\n[fields]\nd = 10\nmax_tau = 20.0\nn_test = 5\n[product]\nr = [0.3, 0.6]\n'
CLOSURE = ["--engine", "closure"]
# What each verb that prints is given here. Not among them: demo and study (tests/test_cli.py, tests/studies), which take long,
# and the two that continue with what was interrupted (tests/test_resume.py, tests/sweeps).
WORDS: dict[str, list[str]] = {
    "theory-sim list": ["engines"], "theory-sim preset": ["quick"], "theory-sim schema": ["sweep"], "theory-sim check": FIELDS,
    "theory-sim run": [*FIELDS, *CLOSURE, "--force"], "theory-sim show": ["runs/tiny-L-S-seed0-closure"],
    "theory-sim sweep status": ["runs/cells"], "theory-sim sweep collect": ["runs/cells"],
    "theory-sim sweep resume": ["runs/cells", "--workers", "0"], "theory-sim sweep gc": ["runs/cells"],
    "theory-sim sweep expand": ["cells.toml"],
    "theory-sim sweep check": ["runs/cells"],
    "theory-sim sweep extend": ["runs/cells", "cells.toml", "--workers", "0"],
    "theory-sim sweep compare": ["runs/cells", "P_error", "--between", "L-S,S"],
    "proofs-check list": [], "proofs-check check": ["tiny.toml"], "proofs-check suggest": ["tiny.toml"],
    "proofs-check show": ["regime-maximin-point"], "proofs-check evaluate": ["sheppard", "rho=1/2"],
    "proofs-check verify": ["regime-maximin-point", "separation-of-z-below-square-at-all-ages"],
    "proofs-check order": ["tiny.toml"], "proofs-check falsify": ["sheppard", "--twin", "half of it"],
    "proofs-check recheck": ["evidence/regime-maximin-point.json", "broken.json"],
}
ELSEWHERE = {"theory-sim branch", "theory-sim demo", "theory-sim study", "theory-sim resume", "theory-sim sweep run",
             "theory-sim vision run", "theory-sim vision study"}  # tests/vision, with PyTorch


@cache
def _once(module: str, name: str) -> Any:
    function = getattr(import_module(module), name)
    known: dict[str, Any] = {}

    def kept(experiment: Experiment, **options: Any) -> Any:
        key = json.dumps([experiment.fields(), options], default=str)
        if key not in known:
            known[key] = function(experiment, **options)
        return known[key]

    return kept


def call(line: str, *words: str) -> Result:
    program, *verb = line.split()
    return CliRunner(env={"COLUMNS": "80"}).invoke(PROGRAMS[program], [*verb, *words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, a sweep and evidence, to be read."""
    folder = tmp_path_factory.mktemp("verbs")
    (folder / "cells.toml").write_text(SWEEP.replace('closure"]\n', 'closure"]\ncompare = ["L-S", "S"]\n'))
    (folder / "broken.json").write_text("{")
    Experiment(name="tiny", d=10, max_tau=20.0, n_test=5).to_toml(folder / "tiny.toml")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        for line, words in (("theory-sim run", [*FIELDS, *CLOSURE]), ("theory-sim sweep run", ["cells.toml", "--workers", "0"]),
                            ("proofs-check verify", ["regime-maximin-point", "--out", "evidence"])):
            found = call(line, *words)
            assert found.exit_code in (0, 1), found.output
    return folder


@pytest.fixture(autouse=True)
def prepared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    # What is computed for every format alike is computed once.
    for module, name in (("proofs_check.constants", "check_constants"), ("theory_sim.regimes", "regime")):
        monkeypatch.setattr(import_module(module), name, _once(module, name))
    # The search itself takes seconds; its own tests are in tests/proofs/test_nearest.py.
    moved = Experiment(name="tiny", d=12, max_tau=20.0, n_test=5)
    for module, name in (("search", "suggest"), ("single", "single_change")):
        monkeypatch.setattr(import_module(f"proofs_check.suggestion.{module}"), name, lambda *_, **__: moved)


def test_every_verb_that_prints_is_swept() -> None:
    assert {line for line, _ in PRINTING} == WORDS.keys() | ELSEWHERE
    assert {line for line in VERBS if not formats(VERBS[line])} == {
        line for line in VERBS if " plot " in line or line.endswith((" report", " explore"))}


@pytest.mark.parametrize("line", VERBS)
def test_help_lists_what_is_declared(line: str) -> None:
    found = call(line, "--help")
    assert found.exit_code == 0 and all(len(each) <= 80 for each in found.output.splitlines())
    for form in formats(VERBS[line]):
        assert form in found.output


@pytest.mark.parametrize(("line", "extra"), [("theory-sim report", "report"), ("proofs-check report", "report"),
                                            ("theory-sim explore", "explore")])
def test_help_says_which_extra_is_needed(line: str, extra: str) -> None:
    """With its brackets, which rich takes for a style unless they are escaped."""
    assert f"pip install 'theory-sim[{extra}]'" in " ".join(call(line, "--help").output.split())


@pytest.mark.parametrize("line", sorted({line for line, _ in PRINTING}))
def test_another_format_is_refused(line: str) -> None:
    found = call(line, *WORDS.get(line, ["x"]), "--format", "xls")
    assert isinstance(found.exception, InputError) and ", ".join(formats(VERBS[line])) in str(found.exception)


def listed(heading: str) -> dict[str, list[str]]:
    """Names in the second column of a table of the page, by the name in the first."""
    rows = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0].splitlines()
    cells = [row.strip("|").split("|") for row in rows if row.startswith("| `")]
    return {re.findall(r"`([^`]+)`", first)[0]: re.findall(r"`([^`]+)`", rest[0]) for first, *rest in cells}


@pytest.mark.parametrize(("line", "form"), [each for each in PRINTING if each[0] in WORDS])
def test_standard_output_has_the_result_alone(line: str, form: str, request: pytest.FixtureRequest) -> None:
    told = request.getfixturevalue("told") if form == "text" else {}
    found = call(line, *WORDS[line], "--format", form)
    # One of the files that recheck is given is no evidence.
    assert found.exit_code in ((2,) if line.endswith("recheck") else (0, 1)), (found.output, found.exception)
    if form == "json":
        document = json.loads(found.stdout)
        documented = listed("JSON")[document["schema"]]
        assert document["schema_version"] == 1
        assert set(document) - {"schema", "schema_version"} <= set(documented), document.keys()
    elif form == "csv":
        head, *rows = csv.reader(io.StringIO(found.stdout))
        assert (rows or "gc" in line) and all(len(row) == len(head) for row in rows)
        documented = listed("CSV").get(line, head)
        # Those of the fields that a sweep varies come after the named ones.
        assert head[: len(documented)] == documented and (len(head) == len(documented) or "expand" in line), head
    elif form == "toml":
        Experiment(**tomllib.loads(found.stdout))
    elif form == "json-schema":
        assert json.loads(found.stdout)["$schema"].startswith("https://json-schema.org/")
    elif form == "junit":
        assert tree.fromstring(found.stdout.encode()).tag == "testsuite"
    elif form == "text":
        require_readable(line, told)
    else:
        assert form == "latex" and max(map(len, found.stdout.splitlines())) <= 80


# What no text may have: powers of ten as 1e+03, what is not defined by Python's names, a bound below 0 of a share or an error.
NEVER = re.compile(r"\de\+\d|\bnan\b|\binf\b|[\[(]-\d")


def words_of(text: str) -> list[str]:
    """Words in order of the alphabet; without lines of tables and a command's backslashes, and with a name that a table may
    break behind its hyphens in parts."""
    return sorted(word for part in text.replace("-", "- ").split() if (word := part.strip("─━\\")))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[int | None, str]:
    """What the next verb prints at several widths of the terminal, None where there is none; it is computed once."""
    found: dict[int | None, str] = {}
    put, said = Output.put, []

    def say(self: Output, *parts: Any) -> None:
        said.extend(parts)

    def at_each_width(self: Output, result: Any) -> None:
        for width in (120, None, 400, 80):
            monkeypatch.setenv("COLUMNS", str(width)) if width else monkeypatch.delenv("COLUMNS")
            text = io.StringIO()
            print_parts(*said, *result.text(), file=text)
            found[width] = text.getvalue()
        put(self, result)

    monkeypatch.setattr(Output, "say", say)
    monkeypatch.setattr(Output, "put", at_each_width)
    return found


def require_readable(line: str, told: dict[int | None, str]) -> None:
    """A text fits, and its words are those at 400 columns: no number, interval or name is broken."""
    assert set(told) == {80, 120, None, 400}
    for width, text in told.items():
        assert max(map(len, text.splitlines())) <= (width or 80), max(text.splitlines(), key=len)
        assert NEVER.search(text) is None or line == "theory-sim sweep compare", NEVER.search(text)
        unlearnt = [row for row in text.splitlines() if "neither learnt" in row]
        assert not [row for row in unlearnt if re.search(r"\byes\b|(?<!not )robust\b", row)]
        assert not re.search(r"\{'|\['|margin inf|Mapping|object at", text)
        assert words_of(text) == words_of(told[400])


def test_a_text_that_breaks_a_number_is_found() -> None:
    assert words_of("0.00011 x") != words_of("0.000\n11 x") and words_of("a-b\n──") == words_of("a-\nb")
    assert all(NEVER.search(text) for text in ("1e+03", "nan", "[-0.1, 0.2]", "inf"))
    assert not NEVER.search("1e-05, [0.1, inform")


@pytest.mark.parametrize("line", ["theory-sim list", "theory-sim check", "proofs-check evaluate"])
def test_out_writes_what_would_be_printed(line: str, tmp_path: Path) -> None:
    for form in formats(VERBS[line]):
        target = tmp_path / "new" / f"out.{form}"
        printed, written = (call(line, *WORDS[line], "--format", form, *more) for more in ((), ("--out", str(target))))
        assert (written.exit_code, written.stdout) == (0, "") and target.read_text() == printed.stdout
        again = call(line, *WORDS[line], "--format", form, "--out", str(target))
        assert isinstance(again.exception, StoreError) and "--force" in str(again.exception)
        assert call(line, *WORDS[line], "--format", form, "--out", str(target), "--force").exit_code == 0
    assert isinstance(call(line, *WORDS[line], "--out", str(tmp_path), "--force").exception, StoreError), "a folder stays"


def test_out_is_one_option_everywhere() -> None:
    for line, command in VERBS.items():
        out = option(command, "--out")
        assert out is not None and "-o" in out.opts and out.metavar in ("FILE", "FOLDER", "FIGURE", "EVIDENCE"), line
        assert (out.metavar == "FOLDER") or option(command, "--force") is not None, line


def test_the_page_has_every_verb_with_its_options() -> None:
    assert table() in PAGE, "python -m tests.verbs prints the table"


@pytest.mark.parametrize("form", ["text", "json"])
def test_quiet_silences_what_is_not_the_result(form: str) -> None:
    found = call("theory-sim run", *WORDS["theory-sim run"], "--quiet", "--format", form)
    assert (found.stdout == "") == (form == "text") and "━" not in found.stderr


NEXT = [
    ("theory-sim check", FIELDS, [f"theory-sim run --preset default {' '.join(FIELDS)} --compare L-S,S"]),
    ("theory-sim check", ["tiny.toml", "--seeds", "0:2"], ["theory-sim run tiny.toml --seeds 0:2 --compare L-S,S",
                                                           "proofs-check check tiny.toml"]),
    ("theory-sim check", ["tiny.toml", "--set", "schedule=S"], ["run it: theory-sim run tiny.toml --set schedule=S"]),
    ("theory-sim check", ["tiny.toml", "--compare", "S,L-S"], ["theory-sim run tiny.toml --compare S,L-S"]),
    ("proofs-check check", ["tiny.toml"], ["proofs-check suggest tiny.toml --conditions deciding",
                                           "theory-sim run tiny.toml --compare L-S,S"]),
    ("proofs-check check", ["cells.toml"], ["theory-sim sweep run cells.toml"]),
    ("proofs-check suggest", ["tiny.toml"], ["theory-sim run near.toml --compare L-S,S"]),
    ("theory-sim sweep expand", ["cells.toml"], ["theory-sim sweep run cells.toml"]),
    ("proofs-check list", [], ["proofs-check show "]),
]


@pytest.mark.parametrize(("line", "words", "commands"), NEXT, ids=[f"{line} {' '.join(words)}" for line, words, _ in NEXT])
def test_a_result_ends_with_the_command_that_takes_it_further(line: str, words: list[str], commands: list[str]) -> None:
    """With the same arguments; its lines are joined as a shell joins them, and what it is given is known to it."""
    said = " ".join(call(line, *words).output.replace("\\\n", " ").split())
    assert ("--set schedule" in said) <= ("--compare" not in said), "one of the two says the schedules"
    for command in commands:
        assert command in said, said
        command = command.removeprefix("run it: ")
        verb = max((each for each in VERBS if command.startswith(f"{each} ")), key=len)
        assert all(option(VERBS[verb], each) is not None for each in command.split() if each.startswith("--"))


@pytest.mark.parametrize(("line", "words", "source"), [
    ("theory-sim check", ["--preset", "quick"], "experiment quick, from the preset quick"),
    ("theory-sim check", FIELDS, "experiment tiny, from the preset default and --set"),
    ("theory-sim check", ["tiny.toml"], "experiment tiny, from tiny.toml"),
    ("theory-sim run", [*FIELDS, *CLOSURE], "experiment tiny, from the preset default and --set"),
    ("proofs-check check", ["tiny.toml"], "experiment tiny, from tiny.toml: d = 10"),
    ("proofs-check order", ["tiny.toml", "--seeds", "0"], "experiment tiny, from tiny.toml"),
])
def test_what_was_read_is_said_first(line: str, words: list[str], source: str) -> None:
    assert call(line, *words).stdout.startswith(source)


def test_predicted_times_are_printed_once() -> None:
    """In a table, in lines of their own, or with the warning that is about them."""
    tables = {"theory-sim check": "Predicted by the mean field", "proofs-check check": "S, mean field at"}
    for line, table_of_times in tables.items():
        for more in ((), ("--verbose",)):
            said = " ".join(call(line, "tiny.toml", *more).stdout.split())
            assert "S: the theorem's order, Q first" in said or "; the theorem's order, Q first at every level, is" in said
            assert ("S: predicted tau_P (" in said) != (table_of_times in said) and "is Q first; tau_P" not in said


def test_a_theorem_rounds_derived_constants_and_says_so() -> None:
    """Those that were given stand as given; the JSON has all digits."""
    tiny = Experiment.from_toml("tiny.toml")
    said = " ".join(call("proofs-check order", "tiny.toml").stdout.split())
    assert f"lambda = {tiny.lambda_!r}, noise" in said and f"tau_0 = {tiny.tau_0_value:.6g} (rounded)," in said
    assert json.loads(call("proofs-check order", "tiny.toml", "--format", "json").stdout)["constants"] == {
        "lambda": tiny.lambda_, "tau_xi": tiny.tau_xi, "tau_0": tiny.tau_0_value}
    assert len(repr(tiny.tau_0_value)) > 12
