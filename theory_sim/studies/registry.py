"""Every study by its name: each registers itself in the file that defines it."""

from __future__ import annotations

from typing import Final

from theory_sim.errors import InputError
from theory_sim.plugins import load_plugins
from theory_sim.studies.study import Study

__all__ = ["register", "study_names", "study_of"]

_STUDIES: Final[dict[str, Study]] = {}


def register(study: Study) -> Study:
    """Make a study known by its name; returns it.

    Raises
    ------
    InputError
        If another study has the name.
    """
    if study.name in _STUDIES:
        raise InputError(f"a second study {study.name!r}", "one study a name", "choose another name")
    _STUDIES[study.name] = study
    return study


def study_names() -> list[str]:
    """Names of the studies."""
    load_plugins("theory_sim.studies")
    return sorted(_STUDIES)


def study_of(name: str) -> Study:
    """Study of a name.

    Raises
    ------
    InputError
        If there is none.
    """
    names = study_names()
    if name not in names:
        raise InputError(f"study {name!r}", f"one of {', '.join(names)}", "theory-sim study --list describes them")
    return _STUDIES[name]
