"""Mutants: what is made and what is left out, which tests they meet, and that a copy tells a killed one from a survivor."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("cosmic_ray", reason="installed by make mutants")
pytest.importorskip("coverage", reason="installed by make mutants")

from tests.mutants import ledger
from tests.mutants.collected import Answer, Collected
from tests.mutants.draw import draw, drawn
from tests.mutants.functions import Source
from tests.mutants.judged import Judged, stale
from tests.mutants.made import Mutant, by_place, changes, mutants
from tests.mutants.near import Near
from tests.mutants.reach import Reach, digest
from tests.mutants.swapped import Held, swap
from tests.mutants.trial import Trying, batches, difference
from tests.mutants.waiting import TIMEOUT, UNFIT

ROOT = Path(__file__).parents[2]
TEXT = """
__all__ = ["f"][0:1]
LEVEL: Final[int | None] = 3

@cache(maxsize=2)
def f(x: Array | float, **options) -> float | None:
    if x < 0:
        raise InputError(x + 1)
    assert x != 5, 2 * x
    axes.plot(x, linewidth=2)
    g(**options)
    return x * LEVEL
"""


def of(text: str) -> list[str]:
    changed = [mutant.source(text) for mutant in mutants("physics", "f", text) if changes(mutant, text)]
    return [difference(text, mutant, "f").split("\n")[-1] for mutant in changed]


def test_mutants_are_made_of_what_counts_and_of_nothing_else() -> None:
    found = of(TEXT)
    assert "+    return x / LEVEL" in found and "+    if x <= 0:" in found and "+    if x < 1:" in found
    changed = {line.strip("+ ").split()[0] for line in found}
    assert changed == {"LEVEL:", "if", "assert", "return"}
    assert {line for line in found if line.startswith("+LEVEL")} == {
        "+LEVEL: Final[int | None] = 4",
        "+LEVEL: Final[int | None] = 2",
    }
    assert not any("|" in line and "LEVEL:" not in line for line in found), "an arithmetic operator made a bitwise one"


def test_a_place_is_one_place() -> None:
    places = by_place(mutants("physics", "f", TEXT))
    assert sorted(len(place) for place in places if place[0].operator.startswith("ReplaceBinary")) == [6]


def test_a_draw_is_repeatable_balanced_and_without_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"clock": ("theory_sim/train/clock.py",), "rates": ("theory_sim/train/schedules/*.py",)}
    monkeypatch.setattr("tests.mutants.areas.AREAS", small)
    drawn = draw(ROOT, 12, 5)
    assert len({mutant.key for mutant in drawn}) == 12
    assert all({first.area, second.area} == {"clock", "rates"} for first, second in zip(drawn[::2], drawn[1::2], strict=True))
    assert draw(ROOT, 12, 5) == drawn != draw(ROOT, 12, 6)


def reach() -> Reach:
    made = Reach()
    made.entered["theory_sim/old/place.py", "Clock.step"][1].add("tests/old/test_clock.py::test_step[1]")
    made.entered["theory_sim/train/clock.py", "Clock.start"][1] |= {"tests/test_run.py::*", "tests/test_run.py::test_slow"}
    made.seconds |= {"tests/old/test_clock.py::test_step[1]": 2.0, "tests/test_run.py::test_slow": 9.0}
    made.seconds |= {"tests/test_run.py::test_fast": 0.1}
    made.failed.add("tests/test_run.py::test_broken")
    return made


CLOCK = "class Clock:\n def start(self):\n  return 1 + 2\n def step(self):\n  return 1 + 2\n"


def tree(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> Path:
    """A tree whose only area is those files, named by their place with a comma for the slash."""
    monkeypatch.setattr("tests.mutants.areas.AREAS", {"physics": tuple(name.replace(",", "/") for name in files)})
    monkeypatch.setattr("tests.mutants.areas.LEFT_OUT", ())
    for name, text in files.items():
        path = folder / name.replace(",", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_tests_are_found_by_function_also_after_a_move_the_shortest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [
        "tests/new/test_clock.py::test_step[1]",
        *(f"tests/test_run.py::test_{name}" for name in ("slow", "fast", "broken")),
    ]
    near = Near(tree(tmp_path, monkeypatch, **{"theory_sim,train,clock.py": CLOCK}), reach(), known)
    found = {mutant.function: near.tests(mutant) for mutant in mutants("physics", "theory_sim/train/clock.py", CLOCK)}
    assert found["Clock.step"] == [("tests/new/test_clock.py::test_step[1]", 2.0)]
    assert found["Clock.start"] == [("tests/test_run.py::test_fast", 0.1), ("tests/test_run.py::test_slow", 9.0)]


LINES = """LEVEL = 1 + 2

def f(x, y=3 + 4):
    if x > 5:
        return (x +
                6)
    return x * 7

def g(x):
    return LEVEL * x
"""


def test_only_tests_that_run_the_line_are_near_and_new_ones_of_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ran(lines: str, *, new_first: bool = False) -> dict[int, list[str]]:
        made, source = Reach(), Source(lines)
        for function, line, test in (("f", 1, "large"), ("f", 2, "large"), ("f", 1, "small"), ("f", 4, "small"), ("g", 1, "g")):
            made.entered["a.py", function][line].add(f"tests/test_a.py::test_{test}")
        made.digests |= {("a.py", name): digest(source, name) for name in "fg"}
        made.seconds |= {f"tests/test_a.py::test_{name}": 1.0 for name in ("large", "small", "g")}
        known = [*made.seconds, "tests/test_a.py::test_new", "tests/test_b.py::test_other"]
        near = Near(tree(tmp_path, monkeypatch, **{"a.py": LINES}), made, known)
        return {mutant.line: [test.rpartition("_")[2] for test, _ in near.tests(mutant, new_first=new_first)]
                for mutant in mutants("physics", "a.py", LINES)}  # fmt: skip

    assert ran(LINES) == {
        1: ["g", "new"], 3: ["large", "small", "new"], 4: ["large", "small", "new"], 5: ["large", "new"], 6: ["large", "new"],
        7: ["small", "new"], 10: ["g", "new"],
    }  # fmt: skip
    assert ran(LINES.replace("* 7", "* 8"))[7] == ["large", "small", "new"], "the function has changed since"
    assert ran(LINES, new_first=True)[7] == ["new", "small"]


def test_a_function_that_no_test_is_known_to_enter_takes_the_tests_that_name_its_module() -> None:
    known = [
        "tests/test_schedules.py::test_rates",
        "tests/theory/test_noise_law.py::test_level",
        "tests/test_run.py::test_slow",
    ]
    near = Near(ROOT, reach(), known)
    text = "def tau_new():\n  return 1 + 2\n"
    assert near.tests(mutants("theory", "theory_sim/theory/noise_law.py", text)[0]) == [
        ("tests/theory/test_noise_law.py::test_level", 1.0)
    ]


def test_a_test_that_fails_without_a_mutant_kills_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = ["tests/test_run.py::test_slow", "tests/test_run.py::test_fast"]
    near = Near(tree(tmp_path, monkeypatch, **{"clock.py": CLOCK}), reach(), known)
    asked = []

    def run(test: str) -> Answer:
        asked.append(test)
        return Answer(int(test.endswith("fast")), "")

    for _ in range(2):
        assert near.passes("tests/test_run.py::test_slow", run) and not near.passes("tests/test_run.py::test_fast", run)
    assert near.passes("Segmentation fault", run)
    assert asked == ["tests/test_run.py::test_slow", "tests/test_run.py::test_fast"]
    start = mutants("physics", "clock.py", CLOCK)[0]
    assert near.tests(start) == [("tests/test_run.py::test_slow", 9.0)]


def test_batches_grow_and_end() -> None:
    tests = [("a", 0.5), ("b", 1.5), ("c", 8.0), ("d", 50.0), ("e", 60.0), ("f", 500.0)]
    assert [[name for name, _ in batch] for batch in batches(tests, 200.0)] == [["a", "b"], ["c"], ["d", "e"]]


def test_the_first_failure_is_named() -> None:
    output = "..F\nFAILED tests/a.py::test_b[x-y] - AssertionError: 1 - 2\n1 failed"
    assert Answer(1, output).failed_test == "tests/a.py::test_b[x-y]"
    assert Answer(-11, "Segmentation fault").failed_test == "Segmentation fault"


def result(number: int, fate: str) -> dict[str, Any]:
    mutant = {"area": "physics", "file": "a.py", "line": 3, "function": "f", "operator": "NumberReplacer"}
    return {"key": str(number), "mutant": mutant, "fate": fate, "tests": 7, "left": 0, "seconds": 6.0,
            "difference": f"@@ -3 +3 @@\n-    x = {number}\n+    x = 0"}  # fmt: skip


def test_report_counts_and_shows_survivors(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    for number, fate in enumerate(["killed"] * 18 + ["timeout", "survived", "survived"]):
        ledger.write(path, result(number, fate))
    with path.open("a") as file:
        file.write(json.dumps({"key": "cut"})[:-3])
    results = ledger.read(path).values()
    judged = [Judged("f", "x =  20", "x = 0", "x is not read")]
    text = ledger.report(results, judged)
    # 19 of 20 and of 21 by the tables of Clopper and Pearson.
    assert "all                   18           1           1           1    95.0%  75.1% to 99.9%" in text
    assert "90.5%  69.6% to 98.8%" in text and "21 mutants, 2 minutes" in text
    assert "physics: a.py:3 in f, NumberReplacer; passed 7 tests\n@@ -3 +3 @@\n-    x = 19" in text
    assert text.endswith("+    x = 0\nequivalent: x is not read") and text.count("equivalent: ") == 1
    assert ledger.share_killed(results, judged) == (19, 20)


def test_each_judgement_says_why_and_those_of_lines_that_are_gone_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(len(judged.reason) > 20 and judged.before != judged.after for judged in Judged.all())
    kept, gone = Judged("f", "x *  7", "x / 7", "never read"), Judged("f", "x * 8", "x / 8", "never read")
    assert stale(tree(tmp_path, monkeypatch, **{"a.py": LINES}), [kept, gone]) == [gone]


def test_a_draw_is_kept_and_made_anew_where_the_code_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(tmp_path, monkeypatch, **{"a.py": LINES})
    first = drawn(root, 2, 0, tmp_path / "kept")
    assert drawn(root, 2, 0, tmp_path / "kept") == first == draw(root, 2, 0)
    (root / "a.py").write_text("def other(x):\n    return x * 9\n")
    assert {mutant.function for mutant in drawn(root, 1, 0, tmp_path / "kept")} == {"other"}


HELD = """
from functools import cache

LEVEL = 1

def f(x, y=5):
    def inner():
        return x + 2
    return inner

@cache
def g():
    return 3

class Clock:
    def step(self):
        return [i * 4 for i in (1, 1)]

held = f(10)
"""


@pytest.mark.parametrize(("find", "put", "fits", "now"), [
    ("x + 2", "x - 2", True, (8, -2, 3, [4, 4])), ("return 3", "return 3 + 10", True, (12, 2, 13, [4, 4])),
    ("i * 4", "i + 4", True, (12, 2, 3, [5, 5])), ("LEVEL = 1", "LEVEL = 2", False, None), ("y=5", "y=6", False, None),
])  # fmt: skip
def test_functions_take_the_code_of_another_text(
    find: str, put: str, fits: bool, now: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "theory_sim.py"  # caches of the project alone are emptied
    path.write_text(HELD)
    specification = spec_from_file_location("theory_sim.held", path)
    assert specification is not None and specification.loader is not None
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    held, clock = module.held, module.Clock()
    assert module.g() == 3
    assert swap(path, HELD, HELD.replace(find, put), Held()) is fits
    if fits:
        assert (held(), module.f(0)(), module.g(), clock.step()) == now


@pytest.mark.tier2
def test_a_mutant_is_found_by_a_process_that_has_collected_the_tests(tmp_path: Path) -> None:
    (tmp_path / "tests" / "mutants").mkdir(parents=True)
    for name in ("__init__", "mutants/__init__", "mutants/waiting", "mutants/swapped"):
        shutil.copy(ROOT / "tests" / f"{name}.py", tmp_path / "tests" / f"{name}.py")
    module, text = tmp_path / "small.py", "def f(x):\n    return x + 1\n\nLEVEL = 2\n"
    module.write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    tier2\n    slow\n    benchmark\n")
    (tmp_path / "tests" / "test_small.py").write_text(
        "from small import LEVEL, f\n\ndef test_f():\n    assert f(1) == LEVEL\n\ndef test_0():\n    assert f(0)\n"
    )
    collected = Collected(tmp_path, {"PYTHONPATH": str(tmp_path)})
    both = ["tests/test_small.py::test_0", "tests/test_small.py::test_f"]

    def run(put: str) -> Answer:
        module.write_text(text.replace("x + 1", put))
        try:
            return collected.run(both, 1.0, module, text)
        finally:
            module.write_text(text)

    try:
        assert set(collected.tests) == set(both) and collected.run(both, 5.0).status == 0
        assert run("x + 2").failed_test == both[1] and run("x - 0").failed_test == both[0] and run("1 + x").status == 0
        assert run("f(x)").status == 1 and run("sum(iter(int, 1))").status == TIMEOUT
        module.write_text(text.replace("LEVEL = 2", "LEVEL = 3"))
        assert collected.run(both, 5.0, module, text).status == UNFIT
        assert collected.run(both, 5.0).status == 0, "a mutant leaves nothing behind"
    finally:
        collected.close()


@pytest.mark.parametrize(("fails", "fate"), [({"a": "mutant"}, "killed"), ({"b": "always"}, "survived"), ({}, "survived"),
                                             ({"b": "always, compiled with the mutant"}, "killed")])  # fmt: skip
def test_what_cannot_run_uncompiled_is_met_compiled(fails: dict[str, str], fate: str, tmp_path: Path) -> None:
    """A test that fails uncompiled without the mutant too says nothing there: it is not left out, but met compiled."""
    mutated: list[bool] = []

    def uncompiled(names: list[str], limit: float, *mutant: object) -> Answer:
        failed = [name for name in names if name in fails and ("always" in fails[name] or mutant)]
        return Answer(1, f"FAILED {failed[0]}") if failed else Answer(0, "")

    def compiled(names: list[str], limit: float, **environment: str) -> Answer:
        met.append(names)
        failed = [name for name in names if mutated and "compiled" in fails.get(name, "")]
        return Answer(1, f"FAILED {failed[0]}") if failed else Answer(0, "")

    @contextlib.contextmanager
    def putting(file: str, text: str) -> Iterator[None]:
        mutated.append(True)
        yield
        mutated.pop()

    met: list[list[str]] = []
    copy: Any = SimpleNamespace(folder=tmp_path, mutated=putting, uncompiled=SimpleNamespace(run=uncompiled), pytest=compiled)
    near: Any = SimpleNamespace(imported=set(), passes=lambda test, run: True)
    mutant = Mutant("statistics", "theory_sim/statistics/a.py", "NumberReplacer", 0, 1, 0, "f")
    trying = Trying(mutant, "", "", copy, near, True)
    assert trying.meet([("a", 0.1), ("b", 0.1), ("c", 0.1)], 1.0)[0] == fate
    assert met == ([["b"]] if "b" in fails else [])
    assert fate == "killed" or trying.run == 3


@pytest.mark.parametrize("compiled", [False, True])
def test_a_process_that_waits_has_not_imported_the_mistake(compiled: bool, tmp_path: Path) -> None:
    """It is started by the first mutant that needs it: while the file is still as it was."""
    mutated: list[bool] = []
    started: list[bool] = []

    class Lazy:
        folder = tmp_path

        @property
        def waiting(self) -> Any:
            started.append(bool(mutated))
            return SimpleNamespace(run=lambda *_: Answer(0, ""))

        uncompiled = waiting

        @contextlib.contextmanager
        def mutated(self, file: str, text: str) -> Iterator[None]:
            mutated.append(True)
            yield
            mutated.pop()

        def pytest(self, names: list[str], limit: float, **environment: str) -> Answer:
            return Answer(0, "")

    near: Any = SimpleNamespace(imported=set(), passes=lambda test, run: True)
    mutant = Mutant("statistics", "theory_sim/statistics/a.py", "NumberReplacer", 0, 1, 0, "f")
    copy: Any = Lazy()
    assert Trying(mutant, "", "", copy, near, compiled).meet([("a", 0.1)], 1.0)[0] == "survived"
    assert started and not any(started)
