"""Every study by its name: each registers itself in the file that defines it."""

from __future__ import annotations

from typing import Final

from theory_sim.errors import InputError
from theory_sim.plugins import Registry
from theory_sim.reading.arguments import accepts, require_fields, require_kind
from theory_sim.studies.study import SIZES, Study

__all__ = ["STUDIES", "register", "study_names", "get_study"]

STUDIES: Final[Registry[Study]] = Registry("study", "theory_sim.studies", lambda study: study.question,
                                           "theory-sim list studies describes them", home=lambda study: study.decide)
_TEXTS: Final = ("name", "brief", "question", "source", "statement", "hypothesis", "statistic", "rule", "limits")
_FUNCTIONS: Final = ("plan", "tabulate", "decide", "figure")
_TABLES: Final = ("seconds", "metrics", "paired_metrics")


def register(study: Study) -> Study:
    """Make a study known by its name; returns it.

    Raises
    ------
    InputError
        If it is no `Study`, a field is of another kind than `Study` says, or another study has the name.
    """
    require_kind("study", study, "Study")
    what = f"study {study.name!r}"
    require_fields(what, study, {**dict.fromkeys(_TEXTS, "a text"), **dict.fromkeys(_FUNCTIONS, "a function"),
                                 **dict.fromkeys(_TABLES, "a table")})
    if set(study.seconds) != set(SIZES):
        raise InputError(f"{what}: seconds of {', '.join(map(str, study.seconds)) or 'no size'}", f"of {', '.join(SIZES)}",
                         "give the cost of each size")
    return STUDIES.add(study.name, study)


def study_names() -> list[str]:
    """Names of the studies.

    Examples
    --------
    >>> from theory_sim import study_names
    >>> "kernel-change" in study_names()
    True
    """
    return STUDIES.names()


@accepts(name="a text")
def get_study(name: str) -> Study:
    """Study of a name.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> from theory_sim import get_study
    >>> study = get_study("essential-noise")
    >>> study.question
    'How important is the Gaussian noise of every step, and that it grows with the learning rate?'
    """
    return STUDIES[name]
