"""A report as one HTML file: the template, its style and its script. No number is made here."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

from theory_sim.report.colours import PAGE
from theory_sim.report.content import Chart, Grid, Report
from theory_sim.report.extra import library
from theory_sim.report.figures import DASHES
from theory_sim.report.mathematics import to_mathml
from theory_sim.terminal.safe_text import safe_text

__all__ = ["render"]

_FOLDER: Final = "page"
# How a cell with a number, an interval, or none of them begins; one that is longer is a sentence.
_NUMBER: Final = re.compile(r"[-<>]? ?[\d(\[]|-?$|not reached$")
_LONGEST_NUMBER: Final = 40


def render(report: Report) -> str:
    """The file's text. It asks for nothing outside of it, and is the same whenever it is made of the same report.

    Parameters
    ----------
    report : Report

    Raises
    ------
    InputError
        If a library of the extra is missing.
    """
    charts = [block for section in report.sections for block in section.blocks if isinstance(block, Chart)]
    scripts = [_text("page.js")]
    if charts:
        scripts.insert(0, _bokeh())
    made: str = _template().render(report=report, scripts=scripts, style=_style(), policy=_policy(scripts))
    return made


@cache
def _template() -> Any:
    jinja2 = library("jinja2")
    environment = jinja2.Environment(loader=jinja2.PackageLoader("theory_sim.report", _FOLDER), autoescape=True,
                                     undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                                     finalize=lambda value: safe_text(value) if type(value) is str else value)
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}  # Bokeh reads what is referred to before references
    safe = library("markupsafe").Markup
    environment.filters["mathml"] = lambda latex: safe(to_mathml(latex))
    environment.filters["data_uri"] = lambda svg: f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    environment.filters["sides"] = _sides
    environment.filters["dashes"] = lambda line: DASHES[line].replace("solid", "none")
    environment.filters["kind"] = lambda block: type(block).__name__
    return environment.get_template("report.html")


def _sides(block: Grid) -> list[str]:
    """To which side each column stands: numbers to the right, of which none is broken, words to the left."""
    columns = [[row[i] for row in block.rows] for i in range(len(block.head))]
    return ["number" if i and all(len(cell) <= _LONGEST_NUMBER and _NUMBER.match(cell) for cell in column) else "words"
            for i, column in enumerate(columns)]


def _text(name: str) -> str:
    return files("theory_sim.report").joinpath(_FOLDER, name).read_text(encoding="utf-8")


def _style() -> str:
    colours = "".join(f"--{name}:{colour};" for name, colour in PAGE.items())
    return f":root{{{colours}}}\n{_text('style.css')}"


@cache
def _bokeh() -> str:
    """Bokeh's script, once for all figures of a page."""
    resources = library("bokeh.resources").Resources(mode="inline", components=["bokeh"], minified=True)
    return "\n".join(resources.js_raw)


def _policy(scripts: list[str]) -> str:
    """What a browser lets the page do: run these scripts and no others, and load nothing."""
    digests = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts)
    return (f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
            "base-uri 'none'; form-action 'none'")
