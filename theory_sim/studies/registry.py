"""Every study by its name: each registers itself in the file that defines it."""

from __future__ import annotations

from typing import Final

from theory_sim.plugins import Registry
from theory_sim.reading.arguments import accepts
from theory_sim.studies.study import Study

__all__ = ["STUDIES", "register", "study_names", "get_study"]

STUDIES: Final[Registry[Study]] = Registry("study", "theory_sim.studies", lambda study: study.question,
                                           "theory-sim list studies describes them")


def register(study: Study) -> Study:
    """Make a study known by its name; returns it.

    Raises
    ------
    InputError
        If another study has the name.
    """
    return STUDIES.add(study.name, study)


def study_names() -> list[str]:
    """Names of the studies."""
    return STUDIES.names()


@accepts(name="a text")
def get_study(name: str) -> Study:
    """Study of a name.

    Raises
    ------
    InputError
        If there is none.
    """
    return STUDIES[name]
