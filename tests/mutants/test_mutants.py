"""Mutants: what is made and what is left out, which tests they meet, and that a copy tells a killed one from a survivor."""

import json
from pathlib import Path

import pytest

pytest.importorskip("cosmic_ray", reason="installed by make mutants")
pytest.importorskip("coverage", reason="installed by make mutants")

from tests.mutants import ledger
from tests.mutants.copies import Answer
from tests.mutants.draw import draw
from tests.mutants.made import by_place, changes, mutants
from tests.mutants.near import Near
from tests.mutants.reach import Reach
from tests.mutants.trial import batches, difference

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
    made.entered["theory_sim/old/place.py", "Clock.step"].update({"tests/old/test_clock.py::test_step[1]"})
    made.entered["theory_sim/train/clock.py", "Clock.start"].update({"tests/test_run.py::*", "tests/test_run.py::test_slow"})
    made.seconds |= {"tests/old/test_clock.py::test_step[1]": 2.0, "tests/test_run.py::test_slow": 9.0}
    made.seconds |= {"tests/test_run.py::test_fast": 0.1}
    made.failed.add("tests/test_run.py::test_broken")
    return made


def test_tests_are_found_by_function_also_after_a_move_the_shortest_first() -> None:
    known = [
        "tests/new/test_clock.py::test_step[1]",
        *(f"tests/test_run.py::test_{name}" for name in ("slow", "fast", "broken")),
    ]
    near = Near(ROOT, reach(), known)
    clock = "class Clock:\n def start(self):\n  return 1 + 2\n def step(self):\n  return 1 + 2\n"
    found = {mutant.function: near.tests(mutant) for mutant in mutants("physics", "theory_sim/train/clock.py", clock)}
    assert found["Clock.step"] == [("tests/new/test_clock.py::test_step[1]", 2.0)]
    assert found["Clock.start"] == [("tests/test_run.py::test_fast", 0.1), ("tests/test_run.py::test_slow", 9.0)]


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


def test_a_test_that_fails_without_a_mutant_kills_none() -> None:
    near = Near(ROOT, reach(), ["tests/test_run.py::test_slow", "tests/test_run.py::test_fast"])
    asked = []

    def run(test: str) -> Answer:
        asked.append(test)
        return Answer(int(test.endswith("fast")), "")

    for _ in range(2):
        assert near.passes("tests/test_run.py::test_slow", run) and not near.passes("tests/test_run.py::test_fast", run)
    assert near.passes("Segmentation fault", run)
    assert asked == ["tests/test_run.py::test_slow", "tests/test_run.py::test_fast"]
    start = mutants("physics", "clock.py", "class Clock:\n def start(self):\n  return 1 + 2\n")[0]
    assert near.tests(start) == [("tests/test_run.py::test_slow", 9.0)]


def test_batches_grow_and_end() -> None:
    tests = [("a", 1.0), ("b", 8.0), ("c", 8.0), ("d", 50.0), ("e", 60.0), ("f", 500.0)]
    assert [[name for name, _ in batch] for batch in batches(tests, 200.0)] == [["a", "b"], ["c"], ["d", "e"]]


def test_the_first_failure_is_named() -> None:
    output = "..F\nFAILED tests/a.py::test_b[x-y] - AssertionError: 1 - 2\n1 failed"
    assert Answer(1, output).failed_test == "tests/a.py::test_b[x-y]"
    assert Answer(-11, "Segmentation fault").failed_test == "Segmentation fault"


def test_report_counts_and_shows_survivors(tmp_path: Path) -> None:
    mutant = {"area": "physics", "file": "a.py", "line": 3, "function": "f", "operator": "NumberReplacer"}
    path = tmp_path / "results.jsonl"
    for number, fate in enumerate(["killed"] * 18 + ["timeout", "survived"]):
        result = {"key": str(number), "mutant": mutant, "fate": fate, "tests": 7, "left": 0, "difference": f"+ {number}"}
        ledger.write(path, result)
    with path.open("a") as file:
        file.write(json.dumps({"key": "cut"})[:-3])
    text = ledger.report(ledger.read(path).values())
    # 19 of 20 by the tables of Clopper and Pearson.
    assert "all               18        1         1   95.0%  75.1% to 99.9%" in text
    assert "physics: a.py:3 in f, NumberReplacer; passed 7 tests\n+ 19" in text
