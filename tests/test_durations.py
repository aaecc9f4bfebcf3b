"""Tests of the first tier are timed, and a slow one is told."""

import json
from pathlib import Path

import pytest

from tests import durations
from tests.conftest import DURATIONS, Durations


def test_a_slow_test_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "durations"
    record.write_text(json.dumps({"a.py::quick": 0.2, "a.py::slow": 10.01, "a.py::slower": 30.0}))
    assert durations.main(record) == 1
    told = capsys.readouterr().out
    assert told.index("30.0 s  a.py::slower") < told.index("10.0 s  a.py::slow") and "quick" not in told


def test_ten_seconds_pass_and_no_record_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "durations"
    assert durations.main(record) == 0 and "make test" in capsys.readouterr().out
    record.write_text(json.dumps({"a.py::quick": 10.0}))
    assert durations.main(record) == 0


def test_the_record_is_where_pytest_puts_it() -> None:
    assert durations.RECORD.parts[-3:] == ("v", *DURATIONS.split("/"))


def test_later_tiers_are_not_recorded_and_phases_add_up() -> None:
    class Cache:
        kept: dict[str, dict[str, float]]

        def set(self, key: str, value: dict[str, float]) -> None:
            self.kept = {key: value}

    class Config:
        cache = Cache()

    def report(name: str, seconds: float, *marks: str) -> pytest.TestReport:
        keywords = dict.fromkeys(marks, 1)
        return pytest.TestReport(name, ("a.py", 1, name), keywords, "passed", None, "call", duration=seconds)

    collected = Durations(Config())  # type: ignore[arg-type]
    for each in (report("first", 1.0), report("first", 2.0), report("later", 5.0, "tier2"), report("slow", 5.0, "slow")):
        collected.pytest_runtest_logreport(each)
    collected.pytest_sessionfinish()
    assert Config.cache.kept == {DURATIONS: {"first": 3.0}}
