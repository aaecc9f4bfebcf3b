"""What a report holds: words, tables and figures as data. Nothing of HTML, and no statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Block", "Chart", "Claim", "Grid", "Lines", "Listing", "Picture", "Problem", "Report", "Section", "Series", "Twin"]


@dataclass(frozen=True)
class Lines:
    """Paragraphs, one a line."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes
    ----------
    title : str
    head : sequence of str
    rows : sequence of sequence of str
        Cells as long as the head; a line break in a cell is kept.
    filtered : bool
        Whether the reader may search its rows.
    folded : bool
        Whether it is shown only when it is asked for.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    filtered: bool = False
    folded: bool = False


@dataclass(frozen=True)
class Listing:
    """Text to copy: a command, or a file."""

    title: str
    text: str


@dataclass(frozen=True)
class Picture:
    """A still picture.

    Attributes
    ----------
    title : str
    alt : str
        What a reader who does not see it is told.
    svg : str
    """

    title: str
    alt: str
    svg: str


@dataclass(frozen=True)
class Series:
    """What a figure shows under one name, which the reader may hide.

    Attributes
    ----------
    name, colour : str
    line : str
        "solid", "dashed" or "dotted"; empty where it is drawn as points.
    shown : bool
        Whether it is there at first.
    """

    name: str
    colour: str
    line: str = ""
    shown: bool = True


@dataclass(frozen=True)
class Chart:
    """An interactive figure.

    Attributes
    ----------
    title : str
    alt : str
        What a reader who does not see it is told.
    series : sequence of Series
    document : mapping
        Of Bokeh: what `bokeh.embed.json_item` gives.
    """

    title: str
    alt: str
    series: Sequence[Series]
    document: Mapping[str, Any]


Block = Lines | Grid | Listing | Picture | Chart


@dataclass(frozen=True)
class Section:
    """What is told of runs of one kind, of a sweep, or of a study.

    Attributes
    ----------
    title : str
    asked : str
        The question.
    seen : sequence of str
        The answer, with its intervals.
    limits : sequence of str
        What it does not show.
    blocks : sequence of Block
        Tables, figures, parameters, and what makes it again.
    """

    title: str
    asked: str
    seen: Sequence[str]
    limits: Sequence[str]
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Twin:
    """A false version of a claim, and what came of it."""

    name: str
    outcome: str
    where: str


@dataclass(frozen=True)
class Claim:
    """A statement of the theory with its verdict, as ``proofs-check verify --format json`` has it.

    Attributes
    ----------
    id, summary, statement, source, kind, bound, expected, outcome, corrected : str
        The statement is LaTeX.
    as_expected : bool
        Whether the outcome is the expected one and every twin is refuted.
    assumptions, domain, assuming, asked, evidence : sequence of str
        Evidence in words.
    twins : sequence of Twin
    recheck : str
        Command that checks it again.
    """

    id: str
    summary: str
    statement: str
    source: str
    kind: str
    bound: str
    expected: str
    outcome: str
    corrected: str
    as_expected: bool
    assumptions: Sequence[str]
    domain: Sequence[str]
    assuming: Sequence[str]
    asked: Sequence[str]
    evidence: Sequence[str]
    twins: Sequence[Twin]
    recheck: str


@dataclass(frozen=True)
class Problem:
    """What was given and could not be told of: damaged or unfinished, with what to do."""

    what: str
    found: str
    fix: str
    damaged: bool


@dataclass(frozen=True)
class Report:
    """All of it.

    Attributes
    ----------
    title : str
    command : str
        What made this report.
    sections : sequence of Section
    claims : sequence of Claim
    claims_summary : Section or None
        Question, answer and limits of the claims.
    problems : sequence of Problem
    versions : mapping
        Of the program and the libraries that made the report.
    """

    title: str
    command: str
    sections: Sequence[Section] = ()
    claims: Sequence[Claim] = ()
    claims_summary: Section | None = None
    problems: Sequence[Problem] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
