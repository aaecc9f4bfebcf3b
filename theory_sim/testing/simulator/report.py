"""What the battery says of a simulator."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from theory_sim.experiment import Experiment
from theory_sim.testing.simulator.coverage import Coverage

__all__ = ["Finding", "Report"]


_WIDTH: Final = 79
_JOINED: Final = "\ue000"  # of private use: stands for a space at which no line ends


@dataclass(frozen=True)
class Finding:
    """What one law says of a simulator.

    Attributes
    ----------
    law : str
        Name of the law.
    outcome : {"holds", "broken", "declined", "not covered"}
        "declined": the simulator declined the tasks that it would have been tested on. "not covered": the law says nothing of
        it, since it has no such part of its own, or does not follow the fields.
    detail : str
        What was tested and how finely; what is wrong; or why it could not be tested.
    experiment : Experiment or None
        Of a broken law, an experiment that shows it; of a broken step, the smallest that was found.
    mistakes : tuple of str
        Of a broken law, what the simulator most likely does.
    """

    law: str
    outcome: Literal["holds", "broken", "declined", "not covered"]
    detail: str
    experiment: Experiment | None = None
    mistakes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = f"{self.law}: {self.outcome}; {self.detail}".splitlines()
        if self.experiment is not None:
            lines += [f"  likely mistake: {'; or: '.join(self.mistakes) or 'none that is known explains it alone'}",
                      f"  shown by {self.experiment!r}"]
        return "\n".join(map(_wrapped, lines))


@dataclass(frozen=True)
class Report:
    """Findings of all laws; print it to read them.

    Attributes
    ----------
    findings : tuple of Finding
    coverage : Coverage
        Which experiments were run, and what was declined.
    held : mapping
        Fields that were held at a value.
    without_step : set of str
        Fields of which the battery knows one value alone.
    """

    findings: tuple[Finding, ...]
    coverage: Coverage = field(default_factory=Coverage)
    held: Mapping[str, Any] = field(default_factory=dict)
    without_step: frozenset[str] = frozenset()

    @property
    def verdict(self) -> Literal["holds", "broken", "incomplete"]:
        """"broken" if a law is; else "incomplete" if tasks of a law were all declined, or no law could be tested."""
        outcomes = {finding.outcome for finding in self.findings}
        if "broken" in outcomes:
            return "broken"
        return "incomplete" if "declined" in outcomes or "holds" not in outcomes else "holds"

    @property
    def ok(self) -> bool:
        """Whether no law is broken, some hold, and none went untested because its tasks were declined."""
        return self.verdict == "holds"

    @property
    def same(self) -> dict[str, Any]:
        """Fields that were not held, and yet have one value in the whole battery."""
        return {name: value for name, value in self.coverage.same().items() if name not in self.held}

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Likely mistakes that broken laws name."""
        return tuple(dict.fromkeys(mistake for finding in self.findings for mistake in finding.mistakes))

    def require(self) -> None:
        """Raise AssertionError, with the report, unless it is ok."""
        assert self.ok, str(self)

    def __str__(self) -> str:
        return "\n".join([*map(str, self.findings), *map(_wrapped, self._not_tested())])

    def _not_tested(self) -> list[str]:
        """What was not tested, in words, and what can be done about it."""
        lines = []
        if self.verdict == "incomplete":
            laws = [finding.law for finding in self.findings if finding.outcome == "declined"]
            untested = f"too few tasks were run of {', '.join(laws)}" if laws else "no law was tested"
            lines.append(f"incomplete: {untested}")
        if declined := self.coverage.declined():
            lines.append(declined)
        if free := {name: value for name, value in self.same.items() if name not in self.without_step}:
            example = 'optimiser="heavy-ball"' if "optimiser" in free else f"{next(iter(free))}=..."
            lines.append(f"every experiment had {_listed(free)}; to test another value that your simulator has, "
                         f"hold it, such as {example}, or let the adapter name what it follows by task.follows")
        for name, words in self.coverage.left_out().items():
            lines.append(f"not tested with {name} = {' | '.join(map(repr, words))}; to test one, hold it, "
                         f"such as {name}={words[0]!r}")
        if alone := {name: value for name, value in self.same.items() if name in self.without_step}:
            lines.append(f"the battery has no step for other values than {_listed(alone)}")
        return lines


def _wrapped(line: str) -> str:
    """A line in lines of a terminal, those that continue it set in; Python that it holds can still be copied.

    A name stays with its value, as in "loss = None", and an amount with what it is of, as in "2 x noise".
    """
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    kept = re.sub(r"(?<=\w) (=|x) (?=\S)", rf"{_JOINED}\1{_JOINED}", line)
    lines = textwrap.wrap(kept, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace(_JOINED, " ")


def _listed(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value!r}" for name, value in fields.items())
