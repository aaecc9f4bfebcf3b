"""Every part of every study states what its default size can decide: power of 0.9 where the share is 0.95, or why not."""

from __future__ import annotations

import re

import pytest

from theory_sim.statistics.power import deciding_power, runs_for_power
from theory_sim.studies.registry import get_study, study_names
from theory_sim.studies.study import PartPower
from theory_sim.terminal.study_tables import power_line

LEAST = 0.9


def unexplained(part: PartPower) -> bool:
    """Whether a part lacks both the power and the reason."""
    power = part.at(0.95)
    return not part.why and (power is None or power < LEAST)


@pytest.mark.parametrize("name", study_names())
def test_every_part_reaches_it_or_says_why_not(name: str) -> None:
    study = get_study(name)
    assert study.power, "a study states the power of its parts"
    assert not [part.part for part in study.power if unexplained(part)]
    seeds = sum(len(sweep.seeds) for sweep in study.plan("default").values())
    assert all(part.n is None or 0 < part.n <= seeds for part in study.power)
    for part in study.power:  # a number that is said to do is the number that does
        said = re.search(r"(\d+) reach 0\.9", part.why)
        if said is not None:
            assert int(said[1]) == runs_for_power(0.95, LEAST, level=part.level), part.part


def test_a_part_without_power_and_reason_is_noticed() -> None:
    assert unexplained(PartPower("order", 10, 1 - 0.05 / 4)) and unexplained(PartPower("order"))
    assert not unexplained(PartPower("order", 15, 1 - 0.05 / 4)) and not unexplained(PartPower("order", why="no count"))


def test_it_is_told() -> None:
    line = power_line(PartPower("order", 15, 0.95, "cheap"))
    assert line == (f"order: of 15, power {deciding_power(15, 0.95, level=0.95):.2f} at a share of 0.95, "
                    f"{deciding_power(15, 0.8, level=0.95):.2f} at 0.8; cheap")
    assert power_line(PartPower("gap", why="a mean")) == "gap: a mean"
