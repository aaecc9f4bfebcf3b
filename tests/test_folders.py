"""Where results go: folders that cannot be made, names of runs, and memory in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from theory_sim import Experiment, simulate
from theory_sim.errors import StoreError
from theory_sim.scope import has_order
from theory_sim.storage.folders import make_folder
from theory_sim.train.schedules import Schedule
from theory_sim.train.schedules.small import Small
from theory_sim.train.stability import lengths_of_curvature

SMALL = Experiment(d=4, N=12, m_W=4, m_V=4, n_test=2, max_tau=3.0, tau_0=0.2, eta_1=1.0, eta_2=0.5, record_every=1.0)


def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for folder in (link, link / "below"):
        with pytest.raises(FileNotFoundError, match="a link to nothing") as caught:
            make_folder(folder)
        assert caught.value.filename == str(link)
    with pytest.raises(StoreError, match="a link to nothing"):
        simulate(SMALL, store=link / "run", threads=1)
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_run_named_after_its_schedule_says_it_once() -> None:
    assert SMALL.replace(name="S", schedule="S").run_name == "S-seed0"
    assert SMALL.replace(name="S", schedule="L-S").run_name == "S-L-S-seed0"
    assert SMALL.replace(name="my-S", schedule="S", seed=3).run_name == "my-S-S-seed3"


def test_an_order_is_predicted_of_two_schedules(monkeypatch: pytest.MonkeyPatch) -> None:
    from theory_sim.experiment.choices import SCHEDULES

    assert [each.name for each in SCHEDULES if issubclass(each, Schedule) and each.has_order] == ["L-S", "S"]
    assert has_order(SMALL) and not has_order(SMALL.replace(schedule="constant"))
    monkeypatch.setattr(SCHEDULES, "_things", dict(SCHEDULES._things))
    SCHEDULES.register(type("Mine", (Small,), {"__module__": "mine", "name": "mine"}))
    assert not has_order(SMALL.replace(schedule="mine"))


def test_ends_of_the_law_whose_curvature_is_known() -> None:
    assert lengths_of_curvature(SMALL) == (SMALL.alpha_min, SMALL.alpha_max)
    assert lengths_of_curvature(SMALL.replace(alpha_law="fixed")) == (SMALL.alpha_max, SMALL.alpha_max)


def test_fields_that_a_schedule_sets_are_not_hard_coded() -> None:
    assert Experiment.fields_of_one_schedule() == ["step_tau", "pieces"]
