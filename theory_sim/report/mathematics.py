"""Formulas: LaTeX to MathML, which browsers lay out themselves.

latex2mathml does not escape the text of ``\\text{...}`` and takes links from ``\\href``. So its result is let through only as
well-formed MathML of known elements and attributes; of anything else the LaTeX is shown as it is written.
"""

from __future__ import annotations

import re
from typing import Final, Literal
from xml.etree import ElementTree as tree

from theory_sim.report.extra import library

__all__ = ["Display", "to_mathml"]

Display = Literal["block", "inline"]

_LONGEST: Final = 5000
_NAMESPACE: Final = "http://www.w3.org/1998/Math/MathML"
_ELEMENTS: Final = frozenset((
    "math", "menclose", "mfrac", "mi", "mn", "mo", "mover", "mpadded", "mphantom", "mroot", "mrow", "mspace", "msqrt", "mstyle",
    "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
))  # fmt: skip
_ROWS: Final = frozenset(("math", "mpadded", "mphantom", "mrow", "msqrt", "mstyle", "mtd"))
_FUNCTIONS: Final = frozenset(("arccos", "arcsin", "arctan", "cos", "cosh", "exp", "ln", "log", "sin", "sinh", "tan", "tanh"))
_THIN: Final = "0.167em"
_ATTRIBUTES: Final = frozenset((
    "accent", "accentunder", "columnalign", "columnspacing", "depth", "display", "displaystyle", "fence", "form", "height",
    "linebreak", "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "rowspacing", "rspace",
    "scriptlevel", "separator", "stretchy", "symmetric", "width",
))  # fmt: skip


def to_mathml(latex: str, display: Display = "block") -> str:
    """MathML of a formula; empty if it has none that may be shown.

    Parameters
    ----------
    latex : str
        Without dollar signs.
    display : {"block", "inline"}
        Whether it stands on a line of its own.

    Returns
    -------
    str
        One ``math`` element, with the LaTeX as its label: elements and attributes of MathML alone.
    """
    if len(latex) > _LONGEST:
        return ""
    try:
        made = tree.fromstring(library("latex2mathml.converter").convert(latex, display=display))
    except Exception:  # whatever the converter or the reader make of a text that is no formula
        return ""
    for element in made.iter():
        element.tag = element.tag.removeprefix(f"{{{_NAMESPACE}}}")
        if element.tag not in _ELEMENTS or set(element.attrib) - _ATTRIBUTES:
            return ""
        if re.search(r"\\[A-Za-z]", element.text or ""):  # a command that the converter does not know
            return ""
    _space(made)
    made.set("aria-label", latex)
    return tree.tostring(made, encoding="unicode")


def _space(made: tree.Element) -> None:
    """What browsers cannot know: thin spaces beside a function's name, as in 2 log 2, and which bar opens and which closes."""
    for row in [each for each in made.iter() if each.tag in _ROWS]:
        for bar in ("|", "‖"):
            bars = [each for each in row if each.tag == "mo" and each.text == bar]
            for number, each in enumerate(bars if len(bars) % 2 == 0 else []):
                each.set("form", "postfix" if number % 2 else "prefix")
        spaced: list[tree.Element] = []
        for child in row:
            if spaced and _beside(spaced[-1], child):
                spaced.append(tree.Element("mspace", width=_THIN))
            spaced.append(child)
        row[:] = spaced


def _beside(left: tree.Element, right: tree.Element) -> bool:
    """Whether one is a function's name and the other no sign or space, but for a closing bracket before the name."""
    before = left.tag not in ("mo", "mspace") or left.text in (")", "]")
    return (_is_function(left) and right.tag not in ("mo", "mspace")) or (_is_function(right) and before)


def _is_function(element: tree.Element) -> bool:
    base = element[0] if element.tag in ("msub", "msubsup", "msup") else element
    return base.tag == "mi" and base.text in _FUNCTIONS
