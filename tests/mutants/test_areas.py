"""The areas name files that there are, the functions of a file are found, and what a file moved to is noticed."""

from pathlib import Path

import pytest

from tests.mutants import areas
from tests.mutants.areas import AREAS, NothingFitsError, files_of_areas
from tests.mutants.functions import Source

ROOT = Path(__file__).parents[2]


def test_each_pattern_fits_and_no_file_is_in_two_areas() -> None:
    found = files_of_areas(ROOT)
    assert set(found) == set(AREAS) and all(found.values())
    files = [file for area in found.values() for file in area]
    assert len(files) == len(set(files)) > 100


def test_a_pattern_that_fits_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AREAS, "physics", (*AREAS["physics"], "theory_sim/moved/*.py"))
    with pytest.raises(NothingFitsError, match=r"'theory_sim/moved/\*\.py' fits no file .* tests/mutants/areas\.py"):
        files_of_areas(ROOT)
    assert areas.__file__ == str(ROOT / "tests" / "mutants" / "areas.py")


SOURCE = Source("""LEVEL = 1

class Clock:
    START = 0

    def step(self):
        def inner():
            return LEVEL
        return inner

def other():
    "Text: τ."; return LEVEL
""")


@pytest.mark.parametrize(("line", "name"), [
    (1, ""), (4, ""), (6, ""), (8, "Clock.step.inner"), (9, "Clock.step"), (12, "other"),
])  # fmt: skip
def test_functions_are_found_by_line(line: int, name: str) -> None:
    assert SOURCE.function_at(line) == name


def test_a_default_is_of_its_function() -> None:
    assert [SOURCE.function_at(line, signature=True) for line in (6, 7, 11)] == ["Clock.step", "Clock.step.inner", "other"]


def test_columns_are_counted_in_characters() -> None:
    text = SOURCE.text.split("\n")[11]
    column = text.index("return")
    assert SOURCE.place(12, len(text[:column].encode())) == (12, column)
