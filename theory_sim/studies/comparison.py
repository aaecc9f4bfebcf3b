"""A study's stored answer beside another run of it: estimates, intervals and verdicts, part by part."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from theory_sim.errors import InputError
from theory_sim.studies.study import Finding, Study, StudyVerdict

__all__ = ["Compared", "compare_findings", "stored_answer"]

_STORED: Final = "stored"


@dataclass(frozen=True)
class Compared:
    """One part of a statement, as stored and as found anew.

    Attributes
    ----------
    stored, fresh : Finding or None
        None where one of the two has no such part.
    """

    stored: Finding | None
    fresh: Finding | None

    @property
    def statement(self) -> str:
        """What is judged."""
        found = self.fresh or self.stored
        assert found is not None
        return found.statement

    @property
    def overlap(self) -> bool | None:
        """Whether the two intervals have a number in common; None where one of them is not known."""
        ends = [(each.low, each.high) for each in (self.stored, self.fresh) if each is not None]
        if len(ends) < 2 or any(low is None or high is None for low, high in ends):
            return None
        (a, b), (c, d) = ends
        assert a is not None and b is not None and c is not None and d is not None
        return max(a, c) <= min(b, d)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionary, for JSON and CSV: numbers of a part that has none are None."""
        row: dict[str, Any] = {"statement": self.statement}
        for name, each in (("stored", self.stored), ("fresh", self.fresh)):
            row |= {f"{name} {key}": getattr(each, key, None) for key in ("verdict", "estimate", "low", "high")}
        return {**row, "overlap": self.overlap}


def stored_answer(study: Study) -> tuple[StudyVerdict, dict[str, Any]]:
    """Verdict that is stored in this package for a study's default size, and all of its file.

    Raises
    ------
    InputError
        If there is none, as for a study of another package or one that was not run yet.

    Examples
    --------
    >>> from theory_sim import get_study
    >>> from theory_sim.studies.comparison import stored_answer
    >>> stored_answer(get_study("kernel-change"))[1]["size"]
    'default'
    """
    path = files("theory_sim.studies").joinpath(_STORED, f"{study.name}.json")
    if not path.is_file():
        raise InputError(f"no stored answer of {study.name}", "a study of this package that was run at its default size",
                         "leave the comparison out, or compare two folders' verdict.json")
    said = json.loads(path.read_text(encoding="utf-8"))
    return StudyVerdict.read(said), said


def compare_findings(stored: StudyVerdict, fresh: StudyVerdict) -> list[Compared]:
    """Parts of two verdicts by their statements, in the order of the fresh one; parts of one alone have no partner.

    Examples
    --------
    >>> from theory_sim.studies.comparison import compare_findings
    >>> from theory_sim.studies.decisions import judge_share
    >>> from theory_sim.studies.study import StudyVerdict
    >>> stored, fresh = (StudyVerdict.of([judge_share("P first", k, 10, level=0.95)], 0.95) for k in (10, 1))
    >>> [(each.statement, each.overlap) for each in compare_findings(stored, fresh)]
    [('P first', False)]
    """
    before = {each.statement: each for each in stored.findings}
    pairs = [Compared(before.pop(each.statement, None), each) for each in fresh.findings]
    return [*pairs, *(Compared(each, None) for each in before.values())]
