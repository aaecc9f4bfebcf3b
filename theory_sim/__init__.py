"""Why a large initial learning rate, annealed later, generalises better: simulation of the two-layer network's dynamics.

Public names are loaded when first used, so that importing the package costs little.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as typing has it, which takes time to import

if TYPE_CHECKING:
    from typing import Any

    from theory_sim.closure.mean_field.solve import MeanField, solve_mean_field
    from theory_sim.data import Data, draw_data, draw_test_data
    from theory_sim.engines import Engine, engine_names, resume, simulate
    from theory_sim.experiment import Experiment, Recording
    from theory_sim.limit.ntk import NTKRegression, ntk_regression
    from theory_sim.network import draw_initial, draw_noise
    from theory_sim.observe.base import Observer, Snapshot, Variable
    from theory_sim.observe.learning_order import LearningOrder, learning_order
    from theory_sim.regimes import Regime, regime
    from theory_sim.statistics.paired import compare_paired
    from theory_sim.studies.registry import get_study, study_names
    from theory_sim.studies.run_study import StudyResult, run_study
    from theory_sim.studies.study import Finding, Study, StudyVerdict
    from theory_sim.sweeps.adaptive import Adaptive
    from theory_sim.sweeps.blocks import Product, Random, Sobol, Zip
    from theory_sim.sweeps.branching import branch
    from theory_sim.sweeps.cases import Cases
    from theory_sim.sweeps.collect import Summary, collect
    from theory_sim.sweeps.compare import compare_sweep
    from theory_sim.sweeps.declaration import Sweep
    from theory_sim.sweeps.phase import phase_diagram
    from theory_sim.sweeps.plan import Plan
    from theory_sim.sweeps.run import run_sweep
    from theory_sim.sweeps.store import SweepStore
    from theory_sim.train.losses import Loss
    from theory_sim.train.noise import Placement
    from theory_sim.train.schedules import Schedule, schedule_from
    from theory_sim.trajectory import Trajectory

__version__ = "0.2.0"

_HOMES = {
    "Data": "data", "draw_data": "data", "draw_test_data": "data", "Experiment": "experiment",
    "draw_initial": "network", "draw_noise": "network",
    "Schedule": "train.schedules", "schedule_from": "train.schedules", "Loss": "train.losses", "Placement": "train.noise",
    "MeanField": "closure.mean_field.solve", "solve_mean_field": "closure.mean_field.solve",
    "NTKRegression": "limit.ntk", "ntk_regression": "limit.ntk",
    "Observer": "observe.base", "Snapshot": "observe.base", "Variable": "observe.base", "Recording": "experiment",
    "LearningOrder": "observe.learning_order", "learning_order": "observe.learning_order",
    "Plan": "sweeps.plan", "Regime": "regimes", "regime": "regimes",
    "Engine": "engines", "engine_names": "engines", "resume": "engines", "simulate": "engines",
    "Trajectory": "trajectory", "Sweep": "sweeps.declaration",
    "SweepStore": "sweeps.store", "branch": "sweeps.branching", "run_sweep": "sweeps.run", "collect": "sweeps.collect",
    "Summary": "sweeps.collect", "Product": "sweeps.blocks", "Zip": "sweeps.blocks",
    "Adaptive": "sweeps.adaptive", "Cases": "sweeps.cases",
    "Random": "sweeps.blocks", "Sobol": "sweeps.blocks", "phase_diagram": "sweeps.phase",
    "compare_paired": "statistics.paired", "compare_sweep": "sweeps.compare",
    "Study": "studies.study", "Finding": "studies.study", "StudyVerdict": "studies.study", "StudyResult": "studies.run_study",
    "run_study": "studies.run_study", "study_names": "studies.registry", "get_study": "studies.registry",
}

__all__ = [
    "Adaptive", "Cases",
    "Data", "Engine", "Experiment", "Finding", "LearningOrder", "Loss", "MeanField", "NTKRegression", "Observer", "Placement",
    "Plan", "Product", "Random", "Recording", "Regime", "Schedule", "Snapshot", "Sobol", "Study", "StudyResult", "StudyVerdict",
    "Summary", "Sweep", "SweepStore", "Trajectory", "Variable", "Zip", "branch", "collect", "compare_paired", "compare_sweep",
    "draw_data", "draw_initial", "draw_noise", "draw_test_data", "engine_names", "get_study", "learning_order",
    "ntk_regression", "phase_diagram", "regime", "resume", "run_study", "run_sweep", "schedule_from", "simulate",
    "solve_mean_field", "study_names",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})
