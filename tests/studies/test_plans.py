"""What a study runs is fixed before its first result: tests/studies/plans.json has the runs of each, by size.

A change of a plan is a decision, and needs results anew: write the file again by ``python -m tests.studies.test_plans``, and
say why in the commit.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from theory_sim.experiment.description import not_default
from theory_sim.studies.registry import get_study, study_names
from theory_sim.studies.study import SIZES, Size, Study
from theory_sim.sweeps.declaration import Sweep

PLANS: Final = Path(__file__).with_name("plans.json")
KEPT: Final = json.loads(PLANS.read_text(encoding="utf-8"))


def declared(sweep: Sweep) -> dict[str, Any]:
    """A sweep's table without what is the default, and with the seeds in short."""
    table = sweep.table()
    first, last = table["seeds"][0], table["seeds"][-1]
    assert table["seeds"] == list(range(first, last + 1))
    table["fields"] = not_default(table["fields"])
    table["seeds"] = f"{first}-{last}"
    found: dict[str, Any] = json.loads(json.dumps(table))
    return found


def plan_of(study: Study, size: Size) -> dict[str, Any]:
    return {name: declared(sweep) for name, sweep in study.plan(size).items()}


def test_every_study_and_size_has_its_plan_on_file() -> None:
    assert {(name, size) for name in study_names() for size in SIZES} == {
        (name, size) for name, sizes in KEPT.items() for size in sizes
    }


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", KEPT)
def test_a_study_runs_what_was_planned(name: str, size: Size) -> None:
    assert plan_of(get_study(name), size) == KEPT[name][size]


def test_a_changed_plan_is_noticed() -> None:
    planned = get_study("width").plan("default")["annealed"]
    changed = Sweep(planned.name, planned.experiment.replace(r=0.71), planned.blocks, planned.compare, planned.seeds[:-1],
                    planned.engines)  # fmt: skip
    kept = KEPT["width"]["default"]["annealed"]
    assert {key for key, value in declared(changed).items() if value != kept[key]} == {"fields", "seeds"}


def main() -> None:
    lines = []
    for name in study_names():
        sizes = [
            f'  "{size}": {{\n' + ",\n".join(f'   "{sweep}": {json.dumps(table)}' for sweep, table in plan.items()) + "\n  }"
            for size in SIZES for plan in [plan_of(get_study(name), size)]
        ]  # fmt: skip
        lines.append(f' "{name}": {{\n' + ",\n".join(sizes) + "\n }")
    PLANS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
