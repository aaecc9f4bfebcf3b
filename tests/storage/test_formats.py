"""Versions of what is stored: which are read, and what is said of the others."""

from pathlib import Path

import pytest

from theory_sim.errors import StoreError
from theory_sim.storage import formats
from theory_sim.storage.formats import RUN, SWEEP_MANIFEST, SWEEP_SUMMARY, UNFINISHED_RUN, StoredFormat

PLACE = Path("runs/a")
MADE = StoredFormat("made", 4, oldest=2, difference="it says less")


def test_versions_between_the_oldest_and_the_newest_are_read() -> None:
    for version in range(2, 5):
        MADE.require(version, PLACE, fix="make it again")
    with pytest.raises(StoreError, match=r"runs/a has version 1 of made: it says less\n.*version 2 or later\n.*make it again"):
        MADE.require(1, PLACE, fix="make it again")
    with pytest.raises(StoreError, match=r"runs/a has version 5 of made\n.*at most 4.*\n.*update theory_sim"):
        MADE.require(5, PLACE, fix="make it again")


@pytest.mark.parametrize("version", ["2", 2.0, True, None, 0, -1, [2]])
def test_what_is_no_version_is_refused(version: object) -> None:
    with pytest.raises(ValueError, match="is no whole number"):
        MADE.require(version, PLACE, fix="make it again")


def test_a_dataset_of_another_schema_is_refused() -> None:
    MADE.require_attributes(MADE.attributes, PLACE, fix="make it again")
    with pytest.raises(ValueError, match="not made"):
        MADE.require_attributes({**MADE.attributes, "schema": "another"}, PLACE, fix="make it again")


def test_what_was_stored_stays_readable() -> None:
    """As they stand in stores that exist: a change of one of these is a change of what users can read."""
    known = {"theory_sim.Trajectory": (1, 1), "theory_sim.Sweep": (2, 2), "an unfinished run": (2, 2),
             "a sweep's manifest": (2, 1)}
    stored = (RUN, SWEEP_SUMMARY, UNFINISHED_RUN, SWEEP_MANIFEST)
    assert {each.name: (each.version, each.oldest) for each in stored} == known
    assert len(stored) == len(formats.__all__) - 1
    assert all(each.difference for each in stored if each.oldest > 1)
