"""Every study by its name; one is imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from theory_sim.errors import InputError
from theory_sim.study.study import Study

__all__ = ["study_names", "study_of"]

# Module below theory_sim.study that holds STUDY; the figure's module has the same place below theory_sim.plots.
_HOMES: Final = {
    "annealing-time": "questions.annealing_time",
    "essential-noise": "questions.essential_noise",
    "kernel-change": "questions.kernel_change",
    "mitigation": "questions.mitigation",
    "noise-placement": "questions.noise_placement",
    "regularisation": "questions.regularisation",
    "scaling": "theorem.scaling",
    "theorem-c2": "theorem.theorem_c2",
}


def study_names() -> list[str]:
    """Names of the studies."""
    return sorted(_HOMES)


def study_of(name: str) -> Study:
    """Study of a name.

    Raises
    ------
    InputError
        If there is none.
    """
    study: Study = import_module(f"theory_sim.study.{home_of(name)}").STUDY
    return study


def home_of(name: str) -> str:
    """Place of a study's module below theory_sim.study, and of its figure's below theory_sim.plots.

    Raises
    ------
    InputError
        If there is no such study.
    """
    if name not in _HOMES:
        raise InputError(f"study {name!r}", f"one of {', '.join(study_names())}", "theory-sim study --list describes them")
    return _HOMES[name]
