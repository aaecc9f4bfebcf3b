"""The pages that list names list all of them, and the files that they point to exist."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from theory_sim import Trajectory, learning_order
from theory_sim.engines import simulate
from theory_sim.experiment import Experiment

ROOT = Path(__file__).resolve().parent.parent


def test_trajectory_page_names_every_variable_coordinate_and_attribute() -> None:
    tiny = Experiment(d=10, N=20, m_W=20, m_V=20, n_test=10, max_tau=20.0)
    watched = {"patterns": {"every_tau": 5.0}, "kernels": {"every_tau": 5.0}, "gradients": {"every_tau": 5.0},
               "descent": {"every_tau": 5.0}, "sharpness": {"every_tau": 5.0}}
    runs = [
        simulate(tiny.replace(observe=watched)), simulate(tiny.replace(network="shared")), simulate(tiny, "closure"),
        simulate(tiny, "limit", time="flow"), simulate(tiny, "limit", spatial="mean"),
    ]
    text = (ROOT / "docs" / "reference" / "trajectory.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`{}]+)`", text))
    for run in runs:
        dataset = run.dataset
        found = {str(name) for name in [*dataset.variables, *dataset.sizes, *dataset.attrs]}
        # Of observers with own times, the page names the pattern of their coordinates.
        own = {name for name in found if re.fullmatch(r"(tau|step)_(patterns|kernels|gradients|descent|sharpness)", name)}
        assert found - own - named == set()


def test_trajectory_page_says_which_engine_gives_a_variable() -> None:
    tiny = Experiment(d=10, N=20, m_W=20, m_V=20, n_test=10, max_tau=20.0)
    runs = {name: simulate(tiny, name) for name in ("finite", "limit", "closure")}
    text = (ROOT / "docs" / "reference" / "trajectory.md").read_text(encoding="utf-8")
    table = text.partition("| variable | dimensions | meaning | given by |\n|---|---|---|---|\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()]
    said = {name.strip("`"): given.partition("(")[0].strip() for name, _, _, given in rows}
    said = {name: given for name, given in said.items() if given not in ("limit, `mean`", "limit, `flow`")}
    named = {"all": set(runs), "finite, limit": {"finite", "limit"}, "finite": {"finite"}}
    assert said["loss_test"] == "finite, limit" and said["h"] == "all", "the pattern finds them"
    wrong = [(name, given, engine) for name, given in said.items() for engine, run in runs.items()
             if is_given(run, name) != (engine in named[given])]
    assert wrong == [("pattern_shift", "finite", "limit"), ("pattern_shift", "finite", "closure")], "0 there, as the page says"


def is_given(run: Trajectory, name: str) -> bool:
    return bool(np.isfinite(run.dataset[name].values).any())


def test_pages_with_cells_name_their_language() -> None:
    """Without it a build that runs no cell warns of each, and warnings are errors."""
    pages = [text for path in (ROOT / "docs").rglob("*.md")
             if "file_format: mystnb" in (text := path.read_text(encoding="utf-8"))]
    assert len(pages) > 5 and all("\n  language: python\n" in page.split("---")[1] for page in pages)


@pytest.mark.slow
@pytest.mark.parametrize(("place", "engine"), [(0, "finite"), (1, "limit")])
def test_the_page_of_evidence_says_what_the_default_experiment_shows(place: int, engine: str) -> None:
    """Means with Student's intervals over seeds 0 to 4, in the first or the second table."""
    page = (ROOT / "docs" / "explanation" / "evidence.md").read_text(encoding="utf-8")
    table = page.split("| schedule | τ_P | τ_Q | order |")[1 + place].partition("\n\n")[0]
    for schedule, first in (("L-S", "P first"), ("S", "Q first")):
        orders = [learning_order(simulate(Experiment(schedule=schedule, seed=seed), engine)) for seed in range(5)]
        assert all(found.robust and found.order == first for found in orders)
        times = [np.array([getattr(found, name) for found in orders]) for name in ("tau_P", "tau_Q")]
        cells = [mean_with_interval(of) if np.isfinite(of).all() else "not learnt by 1000, on 5 of 5 seeds; Q-only loss "
                 f"{np.mean([found.levels[0].other_loss for found in orders]):.3f} when P is learnt" for of in times]
        (row,) = [line for line in table.splitlines() if line.startswith(f"| {schedule} |")]
        expected = f"| {schedule} | {cells[0]} | {cells[1]} | {first}, robust on 5 of 5 |"
        assert re.sub(r"[\d.]+", "#", row) == re.sub(r"[\d.]+", "#", expected)
        for said, found in zip(*(map(float, re.findall(r"\d+(?:\.\d+)?", text)) for text in (row, expected)), strict=True):
            # Another processor may round a last digit otherwise.
            assert abs(said - found) <= (1.0 if found >= 1.0 else 0.001), (row, expected)


def mean_with_interval(values: Any) -> str:
    half = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    mean = float(np.mean(values))
    return f"{mean:.0f} [{mean - half:.0f}, {mean + half:.0f}]"
