"""Formulas as MathML, which browsers lay out themselves: pages show them without a network, and without a script.

Of a formula that the converter does not know the build says so, and fails. As in reports (`theory_sim.report.mathematics`).
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from theory_sim.report.mathematics import Display, to_mathml


def _append(translator: Any, node: nodes.Element, display: Display) -> None:
    latex = node.astext().replace(r"\vert ", "|").replace(r"\Vert ", r"\|")  # which a table's cell cannot hold
    parts = latex.split(r"\qquad") if display == "block" else [latex]
    if any(part.count("{") != part.count("}") for part in parts):
        parts = [latex]
    found = [to_mathml(part.strip(), display) for part in parts]
    if not all(found):
        logging.getLogger(__name__).warning("a formula that has no MathML: %s", latex, location=node)
        found = [f"<code>{translator.encode(latex)}</code>"]
    # Formulas that stand side by side stand below each other where the page is narrow.
    tag, name, end = ("span", "formula", "") if display == "inline" else ("div", "formulas", "\n")
    translator.body.append(f'<{tag} class="{name}">{"".join(found)}</{tag}>{end}')
    raise nodes.SkipNode


def visit_math(translator: Any, node: nodes.math) -> None:
    """A formula in a line."""
    _append(translator, node, "inline")


def visit_displaymath(translator: Any, node: nodes.math_block) -> None:
    """A formula of its own."""
    _append(translator, node, "block")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer, which ``html_math_renderer`` chooses."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
