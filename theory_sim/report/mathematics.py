"""Formulas: LaTeX to MathML, which browsers lay out themselves.

latex2mathml does not escape the text of ``\\text{...}`` and takes links from ``\\href``. So its result is let through only as
well-formed MathML of known elements and attributes; of anything else the LaTeX is shown as it is written.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as tree

from theory_sim.report.extra import library

__all__ = ["to_mathml"]

_LONGEST: Final = 5000
_NAMESPACE: Final = "http://www.w3.org/1998/Math/MathML"
_ELEMENTS: Final = frozenset((
    "math", "menclose", "mfrac", "mi", "mn", "mo", "mover", "mpadded", "mphantom", "mroot", "mrow", "mspace", "msqrt", "mstyle",
    "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
))  # fmt: skip
_ATTRIBUTES: Final = frozenset((
    "accent", "accentunder", "columnalign", "columnspacing", "depth", "display", "displaystyle", "fence", "form", "height",
    "linebreak", "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "rowspacing", "rspace",
    "scriptlevel", "separator", "stretchy", "symmetric", "width",
))  # fmt: skip


def to_mathml(latex: str) -> str:
    """MathML of a formula; empty if it has none that may be shown.

    Parameters
    ----------
    latex : str
        Without dollar signs.

    Returns
    -------
    str
        One ``math`` element, with the LaTeX as its label: elements and attributes of MathML alone.
    """
    if len(latex) > _LONGEST:
        return ""
    try:
        made = tree.fromstring(library("latex2mathml.converter").convert(latex, display="block"))
    except Exception:  # whatever the converter or the reader make of a text that is no formula
        return ""
    for element in made.iter():
        element.tag = element.tag.removeprefix(f"{{{_NAMESPACE}}}")
        if element.tag not in _ELEMENTS or set(element.attrib) - _ATTRIBUTES:
            return ""
        if re.search(r"\\[A-Za-z]", element.text or ""):  # a command that the converter does not know
            return ""
    made.set("aria-label", latex)
    return tree.tostring(made, encoding="unicode")
