"""Every verb of both programs against hostile input: status 2, found / rule / fix, no traceback, nothing written, soon."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_check.cli import app as proofs_check
from theory_sim.cli import app as theory_sim
from theory_sim.errors import InputError, TheorySimError
from theory_sim.experiment import Experiment
from theory_sim.reading import parse_seeds, parse_toml, parse_value, real_number, whole_number
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.plan import Plan
from theory_sim.terminal.program import INTERNAL_ERROR, READER_GONE, run_program

ROOT = Path(__file__).parents[1]
FILES: dict[str, bytes] = {
    "many-digits.toml": b"d = " + b"9" * 5000,
    "hexadecimal.toml": b"d = 0x" + b"f" * 5000,
    "deep.toml": b"d = " + b"[" * 2000 + b"]" * 2000,
    "dotted.toml": b"a" + b".a" * 2000 + b" = 1",
    "binary.toml": bytes(range(256)),
    "nul.toml": b'name = "a\\u0000b"',
    "long-name.toml": b'name = "' + b"a" * 300 + b'"',
    "wrong-types.toml": b"name = []\nd = {}\nseeds = [[]]\ncompare = 3",
    "nested.toml": b"[observe.kernels]\nevery = 3",
    "denormal.toml": b'eta_1 = 5e-324\nschedule = "constant"',
    "endless.toml": b'schedule = "step"\nstep_tau = 1.0\nstep_factor = 0.1\nmax_tau = 1000.0',
}
SWEEPS: dict[str, bytes] = {
    "preset.toml": b'name = "s"\npreset = []',
    "range.toml": b'name = "s"\nseeds = "0:9000000000"',
    "name.toml": b'name = "' + b"a" * 300 + b'"',
    "engine.toml": b'name = "s"\nengine = [[]]',
    "law.toml": b'name = "s"\n[random]\ncount = 4\nd = [[], {}]',
}
VALUES = [
    ["--set", "d=" + "9" * 5000], ["--set", "d=0x" + "f" * 5000], ["--set", "pieces=" + "[" * 2000], ["--set", "d=3\nN=5"],
    ["--set", "name=" + "a" * 300], ["--set", "observe.kernels.every=3"], ["--set", "=3"], ["--set", "eta_1=5e-324"],
    ["--seeds", "0:9000000000"], ["--seeds", "9" * 5000], ["--seeds", "²:³"], ["--preset", "[]"],
    ["--seeds", "٣"], ["--seeds", "0:٣"], ["--seeds", "１２"], ["--seeds", "1_0"], ["--seeds", "+1"], ["--seeds", "3:1"],
    ["--seeds", "1:"],
    ["--seeds", "1:2:3"], ["--seeds", str(2**64)], ["--seeds", ""],
]


def call(app: Any, program: str, *arguments: str) -> tuple[int, str]:
    """Run a program in this process as its entry point does: exit status and standard error."""
    said = io.StringIO()
    before = sys.stdout, sys.stderr, sys.argv
    try:
        sys.stdout, sys.stderr, sys.argv = io.StringIO(), said, [program, *arguments]
        return run_program(app, program), said.getvalue()
    finally:
        sys.stdout, sys.stderr, sys.argv = before


def refused(app: Any, program: str, *arguments: str) -> None:
    status, said = call(app, program, *arguments)
    assert status == 2, (arguments, said)
    assert "Traceback" not in said and len(said) < 2000
    if "Usage:" not in said:  # the parser's own words for an option that it does not know
        assert f"{program}: " in said and "rule:" in said and "fix:" in said, said


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    for name, content in SWEEPS.items():
        (tmp_path / f"sweep-{name}").write_bytes(content)
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


# Devices and pipes would never end; folders and missing files are no files.
STRANGERS = ["/dev/zero", "/dev/full", "pipe", ".", "missing.toml", "a" * 300]


def test_verbs_that_read_a_description(folder: Path) -> None:
    before = sorted(folder.iterdir())
    for name in [*FILES, *STRANGERS]:
        refused(theory_sim, "theory-sim", "run", name, "--quiet")
        if name != "endless.toml":  # a valid description: only a run of it would not end
            refused(theory_sim, "theory-sim", "check", name)
            refused(proofs_check, "proofs-check", "constants", name)
        refused(theory_sim, "theory-sim", "sweep", "run", name, "--workers", "0")
    for name in SWEEPS:
        refused(theory_sim, "theory-sim", "sweep", "run", f"sweep-{name}", "--workers", "0")
    assert sorted(folder.iterdir()) == before, "nothing is written"


def test_verbs_that_read_a_stored_result(folder: Path) -> None:
    before = sorted(folder.iterdir())
    for name in ["binary.toml", *STRANGERS]:
        for verb in (["show"], ["resume"], ["plot", "learning-order"], ["plot", "patterns"], ["plot", "width"]):
            refused(theory_sim, "theory-sim", *verb, name)
        for verb in ("resume", "status", "collect", "gc"):
            refused(theory_sim, "theory-sim", "sweep", verb, name)
        refused(theory_sim, "theory-sim", "sweep", "compare", name, "P_error")
        refused(theory_sim, "theory-sim", "sweep", "extend", name, "--seeds", "0:2")
        refused(theory_sim, "theory-sim", "plot", "phase", name, "--x", "r", "--y", "d")
    assert sorted(folder.iterdir()) == before, "nothing is written"


@pytest.mark.parametrize("options", VALUES, ids=range(len(VALUES)))
def test_values_of_every_verb_that_takes_them(options: list[str], folder: Path) -> None:
    before = sorted(folder.iterdir())
    for verb in ("run", "check"):
        refused(theory_sim, "theory-sim", verb, *options)
    if options[0] == "--seeds":
        refused(theory_sim, "theory-sim", "demo", *options)
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    "arguments",
    [["run", "--threads", "100000"], ["run", "--threads", "0"], ["run", "--threads", "x"], ["nonesuch"], ["run", "--nonesuch"],
     ["preset", "[]"], ["list", "[]"], ["study", "nonesuch"], ["study", "width", "--size", "[]"], ["study"],
     ["study", "width", "--format", "junit"], ["study", "all", "--format", "csv"],
     ["sweep", "compare", ".", "P_error", "--dim", "d"],
     ["plot", "sample-complexity", "--d", "nan"], ["plot", "error-left", "--kappa", "-1"],
     ["run", "--engine", "limit", "--tolerance", "nan"], ["run", "--engine", "[]"], ["run", "--observe", "kernels:every=3"],
     ["run", "--observe", "kernels:probes=99999999999999999999"], ["run", "--observe", "kernels:probes=3,probes=4"]],
    ids=" ".join,
)
def test_options_of_theory_sim(arguments: list[str], folder: Path) -> None:
    before = sorted(folder.iterdir())
    refused(theory_sim, "theory-sim", *arguments)
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    "arguments",
    [["show", "nonesuch"], ["verify", "nonesuch"], ["verify", "--level", "[]"], ["verify", "--format", "xml"],
     ["evaluate", "nonesuch", "x=1"], ["evaluate", "flip-probability", "x"], ["falsify", "nonesuch"],
     ["recheck", "missing.json"],
     ["recheck", "/dev/zero"], ["recheck", "pipe"], ["recheck", "deep.toml"], ["check", "--preset", "[]"],
     ["check", "--format", "junit"], ["suggest", "--conditions", "[]"], ["list", "[]"]],
    ids=" ".join,
)
def test_options_of_proofs_check(arguments: list[str], folder: Path) -> None:
    before = sorted(folder.iterdir())
    status, said = call(proofs_check, "proofs-check", *arguments)
    assert status in ((1, 2) if arguments[0] == "recheck" else (2,)) and "Traceback" not in said, said
    assert sorted(folder.iterdir()) == before


def raising(error: BaseException) -> Callable[[], None]:
    def app() -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (InputError("a", "b", "c"), 2, "rule: b"),
        (MemoryError(), 2, "out of memory"),
        (OSError(28, "No space left on device", "figure.png"), 2, "figure.png: No space left on device"),
        (OSError(30, "Read-only file system"), 2, "Read-only"),
        (RuntimeError("can't start new thread"), 2, "--threads"),
        (KeyboardInterrupt(), 130, ""),
        (ZeroDivisionError("a bug"), INTERNAL_ERROR, "internal error"),
        (RecursionError("a bug"), INTERNAL_ERROR, "Traceback"),
        (RuntimeError("a bug"), INTERNAL_ERROR, "internal error"),
        (SystemExit(1), 1, ""), (SystemExit(None), 0, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_every_exception_has_one_end(error: BaseException, status: int, words: str) -> None:
    found, said = call(raising(error), "theory-sim")
    assert found == status and words in said
    assert ("Traceback" in said) == (status == INTERNAL_ERROR), "a fault of the program shows where it is, nothing else does"


class _Full(io.StringIO):
    """A terminal that cannot be written to."""

    def __init__(self, errno: int) -> None:
        super().__init__()
        self.errno = errno

    def write(self, text: str) -> int:
        raise OSError(self.errno, os.strerror(self.errno))


@pytest.mark.parametrize(("errno", "status"), [(28, 2), (5, 2), (32, READER_GONE)])
def test_output_that_cannot_be_written(errno: int, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr(sys, "stdout", _Full(errno))
    monkeypatch.setattr(sys, "stderr", said)
    monkeypatch.setattr(sys, "argv", ["theory-sim", "list"])
    assert run_program(theory_sim, "theory-sim") == status
    assert ("cannot be written" in said.getvalue()) == (status == 2)


PRINTING: list[tuple[Any, list[str]]] = [
    *((theory_sim, line.split()) for line in (
        "--help", "check --preset quick", "check --preset quick --format json", "list", "preset quick",
        "preset quick --format json",
        "list studies", "list studies --format json", "run --preset quick --engine closure", "plot --help", "run --help",
    )),
    *((proofs_check, line.split()) for line in (
        "--help", "list", "show noise-variance-recursion", "verify noise-variance-recursion", "check",
        "verify noise-variance-recursion --format json",
        "verify noise-variance-recursion --format junit",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("app", "arguments"), PRINTING, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_a_closed_standard_output_is_an_error(
    app: Any, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python has None in its place; what is printed would be lost, and nobody would know."""
    monkeypatch.chdir(tmp_path)
    said = io.StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", None)
        patched.setattr(sys, "stderr", said)
        patched.setattr(sys, "argv", ["program", *arguments])
        status = run_program(app, "program")
    assert (status, "the output cannot be written: it is closed" in said.getvalue()) == (2, True), said.getvalue()


@pytest.mark.parametrize("module", ["theory_sim", "proofs_check"])
def test_closed_streams_in_a_process_of_its_own(module: str, tmp_path: Path) -> None:
    verb, cases = "list", [(">&-", 2)]
    if module == "theory_sim":
        verb, cases = "list", [(">&- 2>&-", 2), ("2>&- <&- >out", 0)]
    for closed, status in cases:
        line = f"{sys.executable} -m {module} {verb} {closed}"
        done = subprocess.run(line, shell=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
        assert done.returncode == status, line
    assert module == "proofs_check" or len((tmp_path / "out").read_text().splitlines()) > 1


def test_full_device_and_plain_terminal_in_a_process_of_its_own() -> None:
    """What Python does at its end must not change the status; letters that a terminal lacks are spelled."""
    command = [sys.executable, "-m", "theory_sim", "preset", "quick"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and "No space left" in done.stderr and "Traceback" not in done.stderr
    code = ("from theory_sim.terminal.program import run_program; import sys; "
            "sys.exit(run_program(lambda: print('§8: τ × 2 ≤ 3'), 'x'))")
    plain = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONIOENCODING": "ascii"}, text=True,
                           capture_output=True, check=False)
    assert (plain.returncode, plain.stdout) == (0, "section 8: tau x 2 <= 3\n")


TOML_VALUES = st.recursive(
    st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=5), st.sampled_from(["S", "L-S", "finite"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)), max_leaves=8,
)  # fmt: skip
SWEEP_KEYS = st.sampled_from(["name", "preset", "fields", "compare", "seeds", "engine", "product", "zip", "random", "sobol"])


@pytest.mark.parametrize(("text", "words"), [
    ("3:1", ["no seed from 3 on is below 1", "begin to end - 1", "--seeds 1:4 for the seeds 1 to 3"]),
    ("2:2", ["no seed from 2 on is below 2", "--seeds 2:3"]),
    ("0,x", ["'x' is no seed"]), ("0,٣", ["'٣' is no seed", "digits 0 to 9"]),
    ("1:2:3", ["3 numbers", "begin:end"]), ("", ["'' is no seed"]),
])  # fmt: skip
def test_seeds_are_refused_with_what_is_wrong(text: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        parse_seeds(text, "--seeds")
    assert all(word in str(caught.value) for word in words), str(caught.value)


@given(st.text(st.characters(categories=["Nd", "No", "Sm", "Pc"]), min_size=1, max_size=5))
def test_only_ascii_digits_are_numbers(text: str) -> None:
    plain = all(letter in "0123456789" for letter in text)
    assert (whole_number(text) is not None) == plain
    if plain:
        assert whole_number(text) == int(text) == real_number(text) and parse_seeds(text, "--seeds") == [int(text)]
    elif text[0] != "+":
        assert real_number(text) is None


@pytest.mark.parametrize("text", ["1", "25.", ".5", "1e-3", "-2.5E+4", " 3 "])
def test_a_real_number_is_pythons(text: str) -> None:
    assert real_number(text) == float(text)


@pytest.mark.parametrize("text", ["nan", "inf", "1_0", "٣", "1e999", "", ".", "0x1", "1e", "--1"])
def test_no_real_number(text: str) -> None:
    assert real_number(text) is None


@pytest.mark.parametrize(("text", "words"), [
    ("kernels:every_steps=99999999999999999999", ["observe.kernels.every_steps = 99999999999999999999", "from 1 to 1e9"]),
    ("kernels:every_steps=0", ["every_steps = 0", "from 1 to"]), ("kernels:every_steps=٣", ["with numbers"]),
    ("kernels:every_tau=5e-324", ["every_tau"]), ("kernels:every_tau=1e300", ["every_tau"]),
    ("kernels:every_tau=٣", ["numbers"]),
    ("kernels:at_tau=0/1e300", ["at_tau"]), ("kernels:at_tau=0/nan", ["with numbers"]),
    ("kernels:probes=1e999", ["with numbers"]), ("kernels:log_steps=101", ["log_steps"]),
])  # fmt: skip
def test_record_times_out_of_bounds_are_refused(text: str, words: list[str], tmp_path: Path) -> None:
    status, said = call(theory_sim, "theory-sim", "run", "--preset", "quick", "--observe", text, "--out", str(tmp_path / "r"))
    assert status == 2 and all(word in said for word in words), said
    assert not (tmp_path / "r").exists()


@given(st.text(max_size=60))
def test_any_text_is_a_table_or_refused(text: str) -> None:
    """Nothing but an InputError leaves the parsers of files, values and seeds."""
    for parse in (lambda: parse_toml(text, "it"), lambda: parse_value("d", text, "--set"), lambda: parse_seeds(text, "it")):
        try:
            parse()
        except InputError:
            pass


@given(st.dictionaries(st.one_of(SWEEP_KEYS, st.text(max_size=4)), TOML_VALUES, max_size=4))
def test_any_table_is_a_sweep_or_refused(table: dict[str, Any]) -> None:
    try:
        Sweep.of({"name": "s", **table})
    except TheorySimError as error:
        assert len(str(error)) < 4000


@given(st.dictionaries(st.sampled_from(sorted({info.alias or name for name, info in Experiment.model_fields.items()})),
                       TOML_VALUES, min_size=1, max_size=3))
def test_any_fields_are_an_experiment_or_refused(fields: dict[str, Any]) -> None:
    try:
        Experiment(**fields)
    except TheorySimError as error:
        assert len(str(error)) < 4000


@pytest.mark.tier2
@given(st.binary(max_size=200))
def test_any_bytes_are_a_plan_or_refused(content: bytes) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(content)
        file.flush()
        for read in (Plan.from_toml, Sweep.from_toml):
            try:
                read(file.name)
            except InputError:
                pass


@pytest.mark.parametrize(("app", "program", "arguments", "words"), [
    (theory_sim, "theory-sim", ["check", "heading.toml"], "under no heading"),
    (theory_sim, "theory-sim", ["check", "many-digits.toml"], "an integer of more than 4300 digits"),
    (theory_sim, "theory-sim", ["list", "preset"], "did you mean 'presets'?"),
    (theory_sim, "theory-sim", ["list", "plots", "--format", "jsn"], "did you mean 'json'?"),
    (theory_sim, "theory-sim", ["run", "--preset", "quik"], "did you mean 'quick'?"),
    (theory_sim, "theory-sim", ["run", "--preset", "quick", "--engine", "limt"], "did you mean 'limit'?"),
    (theory_sim, "theory-sim", ["list", "--out", "nowhere"], "nowhere exists, a link to nothing"),
    (proofs_check, "proofs-check", ["show", "noise-random-wlk"], "did you mean 'noise-random-walk'?"),
    (proofs_check, "proofs-check", ["verify", "noise-random-walk", "--level", "ful"], "did you mean 'full'?"),
])
def test_what_is_near_is_named(folder: Path, app: Any, program: str, arguments: list[str], words: str) -> None:
    (folder / "heading.toml").write_text("[experiment]\nd = 20\n")
    (folder / "nowhere").symlink_to("missing/file")
    status, said = call(app, program, *arguments)
    assert status == 2 and words in said and "set_int_max_str_digits" not in said
    assert not (folder / "missing").exists()
