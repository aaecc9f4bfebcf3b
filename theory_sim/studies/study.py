"""What a study is: a statement, the runs that test it, and a rule that turns their table into a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from theory_sim.errors import InputError, nearest, repr_of, shown
from theory_sim.reading.html import html_table
from theory_sim.statistics.power import deciding_power, mean_power
from theory_sim.sweeps.collect import Summary
from theory_sim.sweeps.declaration import Sweep
from theory_sim.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["SIZES", "Asked", "Finding", "Judgement", "PartPower", "Size", "Study", "StudyVerdict", "require_size"]

Size = Literal["small", "default", "full"]
Judgement = Literal["supported", "refuted", "undecided"]
SIZES: Final = ("small", "default", "full")


@dataclass(frozen=True)
class Finding:
    """What the runs say of one statement.

    Attributes
    ----------
    statement : str
        What is judged.
    verdict : {"supported", "refuted", "undecided"}
    reason : str
        The numbers from which the verdict follows.
    estimate, low, high : float or None
        The statistic with its interval at the part's level, where the part rests on one. Two findings that say the same are
        equal without them: earlier versions stored none.
    """

    statement: str
    verdict: Judgement
    reason: str
    estimate: float | None = field(default=None, compare=False)
    low: float | None = field(default=None, compare=False)
    high: float | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionary, for JSON; without the numbers of a part that has none."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class PartPower:
    """What the design of one part of a statement can decide, stated before the runs.

    Attributes
    ----------
    part : str
        In short, as in the rule.
    n : int or None
        Independent runs, or data sets, at the default size; None for a part that rests on no count.
    level : float
        Confidence level of the part's interval: the exact one of a share, whose border is one half, or Student's of a mean.
    why : str
        For a part that rests on no count, what it rests on; for one whose power at 0.95 is below 0.9, why.
    of_mean : bool
        Whether the part rests on a mean over runs, against 0, in place of a share of them.

    Examples
    --------
    >>> from theory_sim.studies.study import PartPower
    >>> part = PartPower("order", 15, 1 - 0.05 / 4)
    >>> round(part.at(0.95), 3), round(part.at(0.8), 3)
    (0.964, 0.398)
    """

    part: str
    n: int | None = None
    level: float = 0.95
    why: str = ""
    of_mean: bool = False

    def at(self, share: float) -> float | None:
        """Probability that the part is decided where the share that shows it (or does not) is this; None without a count."""
        if self.n is None:
            return None
        return (mean_power if self.of_mean else deciding_power)(self.n, share, level=self.level)


@dataclass(frozen=True)
class StudyVerdict:
    """What a study says of its statement.

    Attributes
    ----------
    verdict : {"supported", "refuted", "undecided"}
    level : float
        Confidence level that holds for all findings together.
    reason : str
    findings : tuple of Finding
        The parts of the statement.
    """

    verdict: Judgement
    level: float
    reason: str
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, findings: Sequence[Finding], level: float) -> StudyVerdict:
        """Refuted if a part is, supported if every part is, else undecided.

        Raises
        ------
        InputError
            If there is no finding.
        """
        if not findings:
            raise InputError("no findings", "a verdict rests on at least one finding", "judge something")
        outcomes = [each.verdict for each in findings]
        verdict: Judgement = "undecided"
        if "refuted" in outcomes:
            verdict = "refuted"
        elif set(outcomes) == {"supported"}:
            verdict = "supported"
        decisive = next((each for each in findings if each.verdict == verdict), findings[0])
        reason = decisive.reason
        if len(findings) > 1:
            named = ("supported", "refuted", "undecided")
            counts = ", ".join(f"{outcomes.count(name)} {name}" for name in named if name in outcomes)
            reason = f"of {len(findings)} parts {counts}; {decisive.statement}: {decisive.reason}"
        return cls(verdict, level, reason, tuple(findings))

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, for JSON."""
        return {**asdict(self), "findings": [each.to_dict() for each in self.findings]}

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> StudyVerdict:
        """What `to_dict` gave, among other entries.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is something else.
        """
        findings = tuple(Finding(**each) for each in fields["findings"])
        texts = [fields["verdict"], fields["reason"]]
        texts += [text for each in findings for text in (each.statement, each.verdict, each.reason)]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("a part of the verdict is no text")
        numbers = [number for each in findings for number in (each.estimate, each.low, each.high) if number is not None]
        if not all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in numbers):
            raise ValueError("an estimate of the verdict is no number")
        return cls(fields["verdict"], float(fields["level"]), fields["reason"], findings)


@dataclass(frozen=True)
class Asked:
    """What every study says before its first stored result, whatever its runs are.

    Attributes
    ----------
    name : str
        Name on the command line.
    question, source, statement : str
        What was asked, where ([F n] or a section of THEORY), and what was said to it: the verdict is on this.
    hypothesis, statistic, rule : str
        What the runs would have to show if the statement is true, what is computed, and how it decides.
    limits : str
        What the answer does not cover.
    seconds : mapping
        Declared cost of each size: seconds on two processors.
    brief : str
        The question in at most 46 letters, so that a list's line has 80; left out, its beginning is shown.
    power : sequence of PartPower
        For each part of the statement, what the default size can decide.
    """

    name: str
    question: str
    source: str
    statement: str
    hypothesis: str
    statistic: str
    rule: str
    limits: str
    seconds: Mapping[Size, float]
    brief: str = field(default="", kw_only=True)
    power: Sequence[PartPower] = field(default=(), kw_only=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}: {self.question})"

    def _repr_html_(self) -> str:
        """Table for a notebook: what was asked, and how it is decided."""
        names = ("question", "source", "statement", "hypothesis", "statistic", "rule", "limits")
        return html_table(f"Study {self.name}", ("", ""), [(name, getattr(self, name)) for name in names])


@dataclass(frozen=True, repr=False)
class Study(Asked):
    """A question to which runs give the answer; hypothesis, statistic and rule are fixed before the first stored result.

    Attributes
    ----------
    name : str
        Name on the command line.
    question, source, statement : str
        What was asked, where ([F n] or a section of THEORY), and what was said to it: the verdict is on this.
    hypothesis, statistic, rule : str
        What the runs would have to show if the statement is true, what is computed, and how it decides.
    limits : str
        What the answer does not cover.
    seconds : mapping
        Declared cost of each size: seconds on two processors.
    brief : str
        The question in at most 46 letters, so that a list's line has 80.
    plan : callable
        Size to the sweeps, by a name of each.
    tabulate : callable
        What came of the sweeps, by the same names, to a table with intervals over seeds; reads finished runs only.
    decide : callable
        The rule: table to verdict. It reads nothing else, so that a stored table gives the stored verdict again.
    figure : callable
        Table to figure; a stored table gives the stored figure again.
    metrics : mapping
        Numbers of a run that the table needs beyond those that every summary has (see `collect`).
    paired_metrics : mapping
        Numbers of a finite run and what another engine makes of the same experiment (see `collect`).
    power : sequence of PartPower
        As of `Asked`.
    repeated_on : range or None
        Seeds of a second stored run of the default size by the same rule, where the first lacks power: so many that every part
        which counts runs has 0.9, or a mean at the spread that was found.

    Raises
    ------
    InputError
        If ``repeated_on`` is no range of seeds.
    """

    plan: Callable[[Size], Mapping[str, Sweep]]
    tabulate: Callable[[Mapping[str, Summary]], pandas.DataFrame]
    decide: Callable[[pandas.DataFrame], StudyVerdict]
    figure: Callable[[pandas.DataFrame], Figure]
    metrics: Mapping[str, Callable[[Trajectory], float]] = field(default_factory=dict)
    paired_metrics: Mapping[str, Callable[[Trajectory, Trajectory], float]] = field(default_factory=dict)
    repeated_on: range | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        seeds = self.repeated_on
        if seeds is not None and not (isinstance(seeds, range) and len(seeds) > 0 and seeds.start >= 0 and seeds.step == 1):
            raise InputError(f"repeated_on = {shown(repr_of(seeds))} of {self.name}", "a range of seeds from 0 on, or None",
                             "such as range(3000, 3014)")

    def plot(self, table: pandas.DataFrame) -> Figure:
        """Draw a table that `run_study` returned, or `read_table` read.

        Raises
        ------
        InputError
            If the table has no rows.
        """
        if table.empty:
            raise InputError(f"an empty table of {self.name}", "at least one row", "run the study to its end")
        return self.figure(table)

    def runs(self, size: Size) -> int:
        """Number of different runs at a size."""
        return sum(len({run.id for run in sweep}) for sweep in self.plan(require_size(size)).values())


def require_size(size: str) -> Size:
    """The size, if it is one.

    Raises
    ------
    InputError
        If it is not.
    """
    for known in SIZES:
        if size == known:
            return known
    raise InputError(f"size {size!r}", f"one of {', '.join(SIZES)}", nearest(size, SIZES))
