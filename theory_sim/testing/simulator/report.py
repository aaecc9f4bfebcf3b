"""What the battery says of a simulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from theory_sim.experiment import Experiment

__all__ = ["Finding", "Report", "make_call"]


@dataclass(frozen=True)
class Finding:
    """What one law says of a simulator.

    Attributes
    ----------
    law : str
        Name of the law.
    outcome : {"holds", "broken", "not covered"}
    detail : str
        What was tested and how finely; what is wrong; or why it could not be tested.
    experiment : Experiment or None
        Of a broken law, an experiment that shows it; of a broken step, the smallest that was found.
    mistakes : tuple of str
        Of a broken law, what the simulator most likely does.
    """

    law: str
    outcome: Literal["holds", "broken", "not covered"]
    detail: str
    experiment: Experiment | None = None
    mistakes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.law}: {self.outcome}; {self.detail}"]
        if self.experiment is not None:
            lines += [f"  likely mistake: {'; or: '.join(self.mistakes) or 'none that is known explains it alone'}",
                      f"  shown by {make_call(self.experiment)}"]
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """Findings of all laws; print it to read them.

    Attributes
    ----------
    findings : tuple of Finding
    same : mapping
        Fields of the Experiment that have one value in the whole battery.
    """

    findings: tuple[Finding, ...]
    same: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether no law is broken, and some law could be tested."""
        outcomes = {finding.outcome for finding in self.findings}
        return "holds" in outcomes and "broken" not in outcomes

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Likely mistakes that broken laws name."""
        return tuple(dict.fromkeys(mistake for finding in self.findings for mistake in finding.mistakes))

    def require(self) -> None:
        """Raise AssertionError, with the report, unless it is ok."""
        assert self.ok, str(self)

    def __str__(self) -> str:
        not_varied = ", ".join(f"{name} = {value!r}" for name, value in self.same.items())
        return "\n".join([*map(str, self.findings), f"not covered: experiments without {not_varied}"])


def make_call(experiment: Experiment) -> str:
    """The experiment as it is written in Python, defaults left out."""
    given = {name: getattr(experiment, name) for name, info in Experiment.model_fields.items()
             if name != "observe" and getattr(experiment, name) != info.default}
    return f"Experiment({', '.join(f'{name}={value!r}' for name, value in {**given, **experiment.own_values}.items())})"
