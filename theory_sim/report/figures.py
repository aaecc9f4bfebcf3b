"""Interactive figures, by Bokeh: of the libraries that draw in a file without a network its script is the smallest.

bokeh.min.js has 1.3 MB, plotly.min.js 4.8 MB (Bokeh 3.9, plotly 7.1); Vega's scripts come with vl-convert alone, 33 MB to
install. The script stands in a page once. What is drawn is given; no number is computed here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from theory_sim.report.colours import PAGE
from theory_sim.report.content import Chart, Series
from theory_sim.report.extra import library

__all__ = ["DASHES", "Axis", "Drawn", "chart"]

_HEIGHT: Final = 340
_TEXT: Final = "13px"
_MOST_EXACT: Final = 2**53
DASHES: Final = {"solid": "solid", "dashed": "8 4", "dotted": "2 4"}
"""Lengths of what is drawn and left out, in pixels: Bokeh's own are others for a boundary than for a line."""
_EDGES: Final = ("left", "right", "bottom", "top")


@dataclass(frozen=True)
class Axis:
    """Label of an axis, and whether it is logarithmic."""

    label: str
    logarithmic: bool = False


@dataclass(frozen=True)
class Drawn:
    """Some of what a series shows.

    Attributes
    ----------
    series : Series
        Whose colour, and whose box the reader ticks.
    columns : mapping
        ``x`` and ``y``, and what is shown of a point that is pointed at; of an interval ``low`` and ``high`` too, of a cell
        ``left``, ``right``, ``bottom`` and ``top``. Of a boundary the values of the axes, and ``z`` (y, x), whose zero line is
        drawn.
    how : str
        "line", "interval", "cells", "boundary", or one of Bokeh's markers, such as "circle".
    thick : float
        Width of a line, or size of a point.
    """

    series: Series
    columns: Mapping[str, Sequence[Any] | np.ndarray[Any, Any]]
    how: str = "line"
    thick: float = 2.0


def chart(title: str, alt: str, drawn: Sequence[Drawn], axes: tuple[Axis, Axis]) -> Chart:
    """A figure of series over two axes; pointing at a part shows its columns.

    Parameters
    ----------
    title, alt : str
    drawn : sequence of Drawn
    axes : (Axis, Axis)
        Horizontal, vertical.
    """
    plotting, models = library("bokeh.plotting"), library("bokeh.models")
    horizontal, vertical = axes
    figure = plotting.figure(
        height=_HEIGHT, sizing_mode="stretch_width", toolbar_location="above", output_backend="svg", title=None,
        tools="pan,box_zoom,wheel_zoom,reset,save", active_drag="box_zoom", active_scroll=None,
        x_axis_type="log" if horizontal.logarithmic else "linear", y_axis_type="log" if vertical.logarithmic else "linear",
        x_range=models.DataRange1d(only_visible=True), y_range=models.DataRange1d(only_visible=True),
    )
    figure.toolbar.logo = None
    for axis, declared in ((figure.xaxis[0], horizontal), (figure.yaxis[0], vertical)):
        # A text alone is read as TeX where it has dollar signs; a name of the user's may.
        axis.axis_label = models.PlainText(text=declared.label)
        axis.axis_label_text_font_style, axis.axis_label_text_font_size = "normal", _TEXT
        axis.major_label_text_font_size = _TEXT
        axis.axis_label_text_color = axis.major_label_text_color = PAGE["ink"]
        if declared.logarithmic:  # within a power of ten Bokeh's own has too few numbers
            axis.ticker.mantissas = [1, 2, 5]
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = PAGE["line"]
    for each in drawn:
        _draw(figure, each)
    series = list(dict.fromkeys(each.series for each in drawn))
    return Chart(title, alt, series, _named_anew(library("bokeh.embed").json_item(figure)))


def _draw(figure: Any, drawn: Drawn) -> None:
    models = library("bokeh.models")
    colour = drawn.series.colour
    if drawn.how == "boundary":
        zero = figure.contour(drawn.columns["x"], drawn.columns["y"], drawn.columns["z"], levels=[0.0], line_color=colour,
                              line_width=drawn.thick, line_dash=DASHES[drawn.series.line])
        zero.name, zero.visible = drawn.series.name, drawn.series.shown
        return
    source = models.ColumnDataSource({name: _exact(values) for name, values in drawn.columns.items()})
    given: dict[str, Any] = {"source": source, "name": drawn.series.name, "visible": drawn.series.shown}
    if drawn.how == "line":
        made = [figure.line("x", "y", color=colour, line_width=drawn.thick, line_dash=DASHES[drawn.series.line or "solid"],
                            line_alpha=1.0 if drawn.thick > 1 else 0.45, **given)]
    elif drawn.how == "cells":
        made = [figure.quad(**{edge: edge for edge in _EDGES}, fill_color=colour, line_color=PAGE["soft"], line_width=0.5,
                            **given)]
    else:
        made = [figure.scatter("x", "y", size=drawn.thick, marker="circle" if drawn.how == "interval" else drawn.how,
                               fill_color=colour, fill_alpha=0.75, line_color=PAGE["soft"], **given)]
        if drawn.how == "interval":
            made.append(figure.segment("x", "low", "x", "high", color=colour, line_width=2, **given))
    told = [(name, f"@{{{name}}}") for name in drawn.columns if name not in _EDGES]
    figure.add_tools(models.HoverTool(renderers=made[:1], tooltips=told))


def _exact(values: Sequence[Any] | np.ndarray[Any, Any]) -> list[Any]:
    """Values as a browser holds them: a whole number that no float has, such as a seed of 64 bits, as a text."""
    return [str(each) if isinstance(each, (int, np.integer)) and abs(int(each)) > _MOST_EXACT else each for each in values]


def _named_anew(item: Mapping[str, Any]) -> dict[str, Any]:
    """Names of models counted from 1 in every figure: Bokeh counts on from figure to figure, and no two calls would agree.

    A digest of the figure stands before them, so that two figures of a page share none.
    """
    counted = _renamed(json.loads(json.dumps({"root_id": item["root_id"], "doc": item["doc"], "version": item["version"]})), "")
    digest = hashlib.sha256(json.dumps(counted).encode()).hexdigest()[:8]
    return {**_renamed(counted, f"{digest}-"), "target_id": None}


def _renamed(item: dict[str, Any], prefix: str) -> dict[str, Any]:
    names: dict[str, str] = {}

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: names.setdefault(each, f"{prefix}{len(names) + 1}")
                    if key in ("id", "root_id") and isinstance(each, str) else walk(each) for key, each in value.items()}
        return [walk(each) for each in value] if isinstance(value, list) else value

    renamed: dict[str, Any] = walk(item)
    return renamed
