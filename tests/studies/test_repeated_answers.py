"""Studies whose first run lacks power are answered a second time, on data sets that give every part that counts runs 0.9."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.studies.store import DOCS, REPEATED, compared, repeated
from theory_sim.errors import InputError, StoreError
from theory_sim.statistics.power import deciding_power, runs_for_power
from theory_sim.studies.fresh_seeds import get_seeds
from theory_sim.studies.registry import get_study, study_names
from theory_sim.studies.run_study import read_table, table_of_runs
from theory_sim.studies.study import Study

LEAST = 0.9
NAMES = [name for name in study_names() if get_study(name).repeated_on is not None]


def lacking(study: Study) -> list[str]:
    """Parts that count too few runs in the first run of the default size and, as far as there is one, in the second."""
    most = len(get_seeds(study.plan("default")))
    times = 1.0 if study.repeated_on is None else len(study.repeated_on) / most
    return [part.part for part in study.power if part.n is not None and not part.of_mean
            and deciding_power(int(times * part.n), 0.95, level=part.level) < LEAST]  # fmt: skip


@pytest.mark.parametrize("name", study_names())
def test_every_part_that_counts_runs_has_its_power_in_one_of_the_two(name: str) -> None:
    assert lacking(get_study(name)) == []


def test_a_second_run_that_is_too_short_is_noticed() -> None:
    study = get_study("annealing-time")
    parts = [part.part for part in study.power]
    enough = runs_for_power(0.95, LEAST, level=study.power[0].level)
    assert study.repeated_on is not None and enough == len(study.repeated_on) == 14
    assert lacking(replace(study, repeated_on=range(3000, 3013))) == parts == lacking(replace(study, repeated_on=None))


@pytest.mark.parametrize("seeds", [5, "abc", range(0), range(-3, 3), range(0, 8, 2), [3000, 3001]], ids=str)
def test_what_is_no_range_of_seeds_is_refused(seeds: Any) -> None:
    with pytest.raises(InputError, match="a range of seeds from 0 on"):
        replace(get_study("width"), repeated_on=seeds)


def test_runs_of_other_seeds_say_where_the_seeds_are() -> None:
    (answer,) = (answer for answer in repeated() if answer.parent.name == "annealing-time")
    for seeds in (None, range(3001, 3015)):
        with pytest.raises(StoreError, match=r"this size and these seeds(.|\n)*verdict\.json"):
            table_of_runs("annealing-time", answer / "runs.csv", seeds=seeds)
    again = table_of_runs("annealing-time", answer / "runs.csv", seeds=iter(range(3000, 3014)))
    assert again.to_csv(index=False) == (answer / "table.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_its_data_sets_are_new(name: str) -> None:
    study = get_study(name)
    assert study.repeated_on is not None
    own = {seed for size in ("small", "default", "full") for sweep in study.plan(size).values() for seed in sweep.seeds}
    assert not own & set(study.repeated_on)


def test_each_is_stored() -> None:
    assert [answer.parent.name for answer in repeated()] == sorted(NAMES, key=lambda n: (n in ("theorem-c2", "width"), n))


def parts_told(name: str) -> dict[str, str]:
    """The answer's verdict and counts as its page has to say them."""
    (answer,) = (answer for answer in repeated() if answer.parent.name == name)
    said = json.loads((answer / "verdict.json").read_text(encoding="utf-8"))
    seeds = said["seeds"]
    outcomes = [each["verdict"] for each in said["findings"]]
    kinds = ("supported", "refuted", "undecided")
    counts = ", ".join(f"{outcomes.count(kind)} {kind}" for kind in kinds if kind in outcomes)
    return {"verdict": f"*{said['verdict']}*", "seeds": f"seeds {seeds[0]} to {seeds[-1]}", "parts": f"({counts})"}


@pytest.mark.parametrize("answer", repeated(), ids=lambda path: path.parent.name)
def test_it_follows_from_its_runs_by_the_same_rule(answer: Path) -> None:
    study = get_study(answer.parent.name)
    seeds = list(study.repeated_on or ())
    table = read_table(answer / "table.csv")
    again = table_of_runs(study, answer / "runs.csv", seeds=seeds)
    assert again.to_csv(index=False) == (answer / "table.csv").read_text(encoding="utf-8")
    said = json.loads((answer / "verdict.json").read_text(encoding="utf-8"))
    found = json.loads(json.dumps(study.decide(table).to_dict()))
    assert found == {key: said[key] for key in found}
    assert (said["seeds"], said["size"], said["rule"], said["statement"]) == (seeds, "default", study.rule, study.statement)
    assert said["runs"]["failed"] == said["runs"]["pending"] == 0
    assert (answer / "comparison.md").read_text(encoding="utf-8") == compared(answer)


@pytest.mark.parametrize("name", NAMES)
def test_its_page_has_it(name: str) -> None:
    (page,) = (path for path in DOCS.glob(f"*/{name}.md") if path.parent.name in ("questions", "theorem"))
    (section,) = re.findall(r"^## Repeated on other data sets\n(.*?)(?=^## |\Z)", page.read_text(encoding="utf-8"), re.S | re.M)
    assert f"```{{include}} results/{name}/{REPEATED}/comparison.md\n```" in section
    assert f"(results/{name}/{REPEATED}/runs.csv)" in section
    told = re.sub(r"\s+", " ", section)
    assert {what: text for what, text in parts_told(name).items() if text not in told} == {}
