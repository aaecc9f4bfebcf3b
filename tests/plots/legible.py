"""Whether a figure can be read at the size at which it is drawn: what `faults` finds is written down in words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SMALLEST: Final = 6.0
"""Points of the smallest text, in a figure that is printed 80 mm wide; indices and exponents are smaller."""
_SLACK: Final = 1.0  # pixel, at 100 a inch


def faults(figure: Figure) -> list[str]:
    """Texts that are cut, overlap or are too small, and legends and marks that hide or are hidden, each a line."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    texts = [(text, text.get_window_extent(renderer)) for text in _texts(figure)]
    found = [f"{_name(text)} has {text.get_fontsize():g} pt" for text, _ in texts if text.get_fontsize() < SMALLEST]
    found += [f"{_name(text)} is cut" for text, box in texts if not _contains(figure.bbox, box)]
    found += [f"{_name(first)} and {_name(second)} overlap" for (first, one), (second, other)
              in itertools.combinations(texts, 2) if _overlap(one, other)]
    for ax in figure.axes:
        found += _cut_marks(ax)
        found += _hidden(ax, renderer)
    return found


def _texts(figure: Figure) -> Iterator[Text]:
    """What is written, without the labels of ticks beyond an axis' ends, which are not drawn."""
    beyond = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            drawn = {id(tick) for tick in axis._update_ticks()}  # type: ignore[attr-defined]
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if id(tick) not in drawn or not (axis.get_visible() and ax.axison):
                    beyond |= {id(tick.label1), id(tick.label2)}
            if not axis.get_visible() or not ax.axison:
                beyond |= {id(axis.label), id(axis.offsetText)}
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in beyond:
            yield text


def _name(text: Text) -> str:
    return repr(text.get_text())


def _contains(outer: Bbox, inner: Bbox) -> bool:
    return bool(inner.x0 >= outer.x0 - _SLACK and inner.x1 <= outer.x1 + _SLACK
                and inner.y0 >= outer.y0 - _SLACK and inner.y1 <= outer.y1 + _SLACK)


def _overlap(one: Bbox, other: Bbox) -> bool:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(width > _SLACK and height > _SLACK)


def _cut_marks(ax: Axes) -> list[str]:
    """Marks whose centre lies within the axes and of which the axes' border cuts a part."""
    found = []
    for line in ax.lines:
        if not line.get_clip_on() or line.get_marker() in ("None", "", None):
            continue
        half = 0.5 * line.get_markersize() * ax.figure.dpi / 72 * (0.5 if line.get_marker() == "." else 1.0)
        points = line.get_transform().transform(np.column_stack([np.asarray(each, float) for each in line.get_data()]))
        inside = [point for point in points if np.isfinite(point).all() and ax.bbox.contains(*point)]
        cut = [point for point in inside if not (ax.bbox.x0 + half - _SLACK <= point[0] <= ax.bbox.x1 - half + _SLACK
                                                 and ax.bbox.y0 + half - _SLACK <= point[1] <= ax.bbox.y1 - half + _SLACK)]
        found += [f"{len(cut)} marks of {line.get_label()} are cut"] if cut else []
    return found


def _hidden(ax: Axes, renderer: Any) -> list[str]:
    """Lines below a legend of the axes' own."""
    legend = ax.get_legend()
    if legend is None:
        return []
    box = legend.get_window_extent(renderer)
    lines = [line for line in ax.lines if len(line.get_xdata()) and line.get_transform() == ax.transData]
    return [f"the legend hides {line.get_label()}" for line in lines
            if line.get_path().transformed(line.get_transform()).intersects_bbox(box, filled=False)]
