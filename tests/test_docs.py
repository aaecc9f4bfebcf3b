"""The pages that list names list all of them, and the files that they point to exist."""

import re
from pathlib import Path

import pytest

from theory_sim.experiment import Experiment
from theory_sim.simulate import simulate

ROOT = Path(__file__).resolve().parent.parent


def test_trajectory_page_names_every_variable_coordinate_and_attribute() -> None:
    tiny = Experiment(d=10, N=20, m_W=20, m_V=20, n_test=10, max_tau=20.0)
    dataset = simulate(tiny).dataset
    named = set(re.findall(r"`([^`{}]+)`", (ROOT / "docs" / "trajectory.md").read_text(encoding="utf-8")))
    missing = {str(name) for name in [*dataset.variables, *dataset.sizes, *dataset.attrs]} - named
    assert missing == set()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/quickstart.md", "docs/index.md"])
def test_files_that_a_page_points_to_exist(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)|\{image\} (\S+)", path.read_text(encoding="utf-8"))
    targets = [first or second for first, second in links]
    assert targets, "the pattern finds links"
    assert [target for target in targets if not (path.parent / target).exists()] == []
