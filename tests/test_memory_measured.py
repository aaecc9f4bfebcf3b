"""Estimates of memory against the peaks that were measured and stored (tests/memory_measured.csv): what they are made of.

tests/test_memory_use.py measures them again, at night.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.memory_cases import ALL, stored_peaks
from tests.memory_use import Case, counted
from theory_sim import Engine, Experiment
from theory_sim.engines.resources import needed_parts
from theory_sim.memory import Bytes, total

WITHIN: Final = 1.25


def parts_of(case: Case) -> dict[str, Bytes]:
    """What a case's estimate is added up from."""
    engine = Engine(case.engine, case.options)
    parts = needed_parts(engine.solver, Experiment(**case.fields), engine.all_options, case.threads)
    return {name: part for name, part in parts.items() if counted(case, name)}


def beyond(parts: dict[str, Bytes], peak: int) -> bool:
    return not 1 / WITHIN < total(parts.values()) / peak < WITHIN


@pytest.fixture(scope="module")
def estimates() -> dict[str, tuple[dict[str, Bytes], int]]:
    peaks = stored_peaks()
    assert peaks.keys() == ALL.keys()
    return {name: (parts_of(ALL[name]), peak) for name, peak in peaks.items()}


def test_all_are_within_a_quarter_of_what_was_measured(estimates: dict[str, tuple[dict[str, Bytes], int]]) -> None:
    wrong = {name: total(parts.values()) / peak for name, (parts, peak) in estimates.items() if beyond(parts, peak)}
    assert not wrong


def test_a_part_that_is_left_out_is_missed(estimates: dict[str, tuple[dict[str, Bytes], int]]) -> None:
    """Of each engine, and what is held, passes and is there while it is made apart, if it is a quarter of any case."""
    matter: set[tuple[str, str, str]] = set()
    missed: set[tuple[str, str, str]] = set()
    for name, (parts, peak) in estimates.items():
        for part, size in parts.items():
            for term in Bytes._fields:
                without = {**parts, part: size._replace(**{term: 0.0})}
                key = name.partition(":")[0], part, term
                if total(without.values()) < 0.75 * total(parts.values()):
                    matter.add(key)
                if beyond(without, peak):
                    missed.add(key)
    assert len(matter) >= 20 and matter <= missed, matter - missed


@pytest.mark.parametrize("name", ["finite: patches alone", "finite: batches alone", "finite: fresh examples alone, tanh"])
def test_runs_of_one_large_part_are_within_a_tenth(name: str, estimates: dict[str, tuple[dict[str, Bytes], int]]) -> None:
    """Of copies of the patches, three, and of what a fresh example takes beside its patches, neither may be missing."""
    parts, peak = estimates[name]
    assert 1 / 1.1 < total(parts.values()) / peak < 1.1
