"""The page's two figures, by Bokeh, and the data sources behind them. No number is computed here.

What a moved slider changes in them is returned as plain data, by names of sources and figures: told with the words, in one
message, it is drawn once. As changes of Bokeh's models it would be seven messages, and drawn as they arrive.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from theory_sim.arrays import Array
from theory_sim.explore.limit_run import LimitCurves
from theory_sim.explore.plane import AXES, Plane
from theory_sim.explore.view import SCHEDULES, View
from theory_sim.plots.style import COLOURS
from theory_sim.report.colours import PAGE
from theory_sim.report.extra import library
from theory_sim.report.figures import DASHES
from theory_sim.storage.plain import make_plain
from theory_sim.sweeps.phase_boundaries import BOUNDARIES
from theory_sim.theory.conditions import ConditionId
from theory_sim.theory.crossings import LEVELS

__all__ = ["CurvesFigure", "Drawn", "Key", "PlaneFigure", "curves_legend", "plane_legend"]

_HEIGHT: Final = 320
_TEXT: Final = "13px"
_DASHES: Final = {"L-S": "solid", "S": "dashed"}
_MARKERS: Final = {"L-S": "circle", "S": "square"}
_LINES: Final[Mapping[ConditionId, tuple[str, str, float]]] = {
    "L-S-moves": ("solid", PAGE["line"], 6.0), "S-is-frozen": ("dashed", PAGE["ink"], 2.0),
    "S-learns-Q-first": ("dotted", PAGE["ink"], 2.0),
}
"""Dashes, colour and width; the first two coincide where eta_1/eta_2 is near 33, and both are to be seen."""
_LARGEST_LOSS: Final = math.log(2.0)
_MOST_POINTS: Final = 60
Columns = Mapping[str, list[Any]]
_EMPTY: Final[Mapping[str, list[float]]] = {"tau": [], "P": [], "Q": []}


@dataclass(frozen=True)
class Key:
    """An entry of a legend: a line, or a marker."""

    name: str
    colour: str
    line: str = ""
    marker: str = ""


@dataclass(frozen=True)
class Drawn:
    """What figures show.

    Attributes
    ----------
    sources : mapping
        Columns by name of the data source; None for what is not a number.
    ranges : mapping
        By name of the figure: start and end of its ``x_range`` and its ``y_range``.
    """

    sources: Mapping[str, Columns]
    ranges: Mapping[str, Mapping[str, tuple[float, float]]]


def curves_legend() -> list[Key]:
    """What the curves are."""
    kinds = ("P", "Q")
    return [*(Key(f"{kind}-only, {name}", COLOURS[kind], _DASHES[name]) for name in SCHEDULES for kind in kinds),
            *(Key(f"the same computed below, {name}", COLOURS["noise"], marker=_MARKERS[name]) for name in SCHEDULES),
            Key(f"learnt below {LEVELS[0]:g} nats", COLOURS["noise"], "dotted")]


def plane_legend(labels: Mapping[str, str]) -> list[Key]:
    """What the boundaries are, by the conditions' own labels."""
    return [Key("this experiment", COLOURS["Q"], marker="circle"),
            *(Key(labels[id], _LINES[id][1], _LINES[id][0]) for id in BOUNDARIES)]


class CurvesFigure:
    """Training losses against learning-rate time."""

    def __init__(self) -> None:
        models = library("bokeh.models", "explore")
        figure = self.figure = _figure("tau", "training loss (nats)", name="curves")
        figure.y_range.end = 1.05 * _LARGEST_LOSS
        self._closure = {name: models.ColumnDataSource(dict(_EMPTY), name=f"closure-{name}") for name in SCHEDULES}
        self._limit = {name: models.ColumnDataSource(dict(_EMPTY), name=f"limit-{name}") for name in SCHEDULES}
        figure.add_layout(models.Span(location=LEVELS[0], dimension="width", line_color=COLOURS["noise"], line_dash="dotted"))
        for name in SCHEDULES:
            for kind in ("P", "Q"):
                figure.line("tau", kind, source=self._closure[name], color=COLOURS[kind], line_width=2.5,
                            line_dash=DASHES[_DASHES[name]])
                figure.scatter("tau", kind, source=self._limit[name], marker=_MARKERS[name], size=6, fill_color=COLOURS[kind],
                               line_color="white", line_width=0.5)
        _hover(figure, [("tau", "@tau{0.}"), ("P-only", "@P{0.000}"), ("Q-only", "@Q{0.000}")])

    def show(self, view: View) -> Drawn:
        """The closure's curves."""
        losses = {name: {"tau": course.tau, "P": course.loss_P, "Q": course.loss_Q} for name, course in view.courses.items()}
        highest = max(float(np.max(loss, initial=_LARGEST_LOSS, where=np.isfinite(loss)))
                      for each in losses.values() for loss in (each["P"], each["Q"]))
        sources = {self._closure[name].name: {key: _plain(column) for key, column in each.items()}
                   for name, each in losses.items()}
        end = max(float(each["tau"][-1]) for each in losses.values())
        return Drawn(sources, {self.figure.name: {"x_range": (0.0, end), "y_range": (0.0, 1.05 * highest)}})

    def show_limit(self, curves: LimitCurves | None) -> None:
        """Draw losses that were computed over them, some points of each; None for none."""
        for name in SCHEDULES:
            columns = curves.losses[name] if curves is not None else ([], [], [])
            every = max(1, math.ceil(len(columns[0]) / _MOST_POINTS))
            self._limit[name].data = {key: column[::every] for key, column in zip(_EMPTY, columns, strict=True)}


class PlaneFigure:
    """The plane of r and lambda."""

    def __init__(self) -> None:
        models = library("bokeh.models", "explore")
        self.figure = _figure(*AXES, name="plane", scale="log")
        self._lines = {id: models.ColumnDataSource({"xs": [], "ys": []}, name=f"boundary-{id}") for id in BOUNDARIES}
        for id, source in self._lines.items():
            dashes, colour, width = _LINES[id]
            self.figure.multi_line("xs", "ys", source=source, color=colour, line_width=width, line_dash=DASHES[dashes])
        self.figure.xaxis[0].ticker = models.FixedTicker(ticks=[])
        self._here = models.ColumnDataSource({"r": [], "lambda": []}, name="here")
        self.figure.scatter("r", "lambda", source=self._here, size=12, color=COLOURS["Q"], line_color="white")

    def show(self, view: View, extent: Mapping[str, tuple[float, float]]) -> Drawn:
        """The boundaries, once they are known, and where the experiment is."""
        self.figure.xaxis[0].ticker.ticks = _ticks(*extent[AXES[0]])  # seldom changes
        e = view.experiment
        sources: dict[str, Columns] = {self._here.name: {"r": [e.r], "lambda": [e.lambda_]}}
        for line in (view.plane or Plane("", ())).lines:
            sources[self._lines[line.id].name] = {"xs": [xs for xs, _ in line.pieces], "ys": [ys for _, ys in line.pieces]}
        return Drawn(sources, {self.figure.name: {"x_range": extent[AXES[0]], "y_range": extent[AXES[1]]}})


def _plain(column: Array) -> list[float | None]:
    plain: list[float | None] = make_plain(column)
    return plain


def _figure(horizontal: str, vertical: str, *, name: str, scale: str = "linear") -> Any:
    plotting, models = library("bokeh.plotting", "explore"), library("bokeh.models", "explore")
    figure = plotting.figure(
        name=name, height=_HEIGHT, sizing_mode="stretch_width", toolbar_location=None, tools="", title=None, x_axis_type=scale,
        y_axis_type=scale, x_range=models.Range1d(0.1, 1.0), y_range=models.Range1d(0.1, 1.0),
    )
    if scale == "linear":
        figure.x_range.start = figure.y_range.start = 0.0
    for axis, label in ((figure.xaxis[0], horizontal), (figure.yaxis[0], vertical)):
        axis.axis_label = models.PlainText(text=label)
        axis.axis_label_text_font_style, axis.axis_label_text_font_size = "normal", _TEXT
        axis.major_label_text_font_size = _TEXT
        axis.axis_label_text_color = axis.major_label_text_color = PAGE["ink"]
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = PAGE["line"]
    return figure


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten within a range."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [tick for power in powers for times in (1.0, 2.0, 5.0) if low <= (tick := times * 10.0**power) <= high]


def _hover(figure: Any, told: list[tuple[str, str]]) -> None:
    lines = [each for each in figure.renderers if "line" in type(each.glyph).__name__.lower()]
    figure.add_tools(library("bokeh.models", "explore").HoverTool(renderers=lines, tooltips=told))
