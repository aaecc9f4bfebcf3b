"""Runs of different experiments in one figure are told apart in words."""

from __future__ import annotations

from dataclasses import dataclass

from theory_sim.cli.plots import _differing
from theory_sim.experiment import Experiment


@dataclass
class Run:
    experiment: Experiment


def test_fields_in_which_runs_differ_are_named() -> None:
    quick = Experiment.preset("quick")
    arms = [Run(quick.replace(schedule=name, seed=seed)) for name in ("L-S", "S") for seed in (0, 1)]
    assert _differing(arms) == [], "schedules and seeds are what a figure shows"  # type: ignore[arg-type]
    other = Run(quick.replace(schedule="L-S", name="mine", r=0.25, d=100))
    assert _differing([*arms, other]) == ["d (200, 100)", "r (0.3, 0.25)"]  # type: ignore[arg-type, list-item]
