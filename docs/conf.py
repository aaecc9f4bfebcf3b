"""Sphinx configuration; `python3 bootstrap.py docs` builds with warnings as errors."""

import os
import re
import sys
from pathlib import Path

from docutils import nodes
from pydantic import BaseModel
from sphinx.application import Sphinx
from sphinx.ext.autosummary import autosummary_toc
from sphinx.util import logging

import theory_sim

sys.path.insert(0, str(Path(__file__).parent))  # cell_cache, claim_role, mathml, registry_table

from cell_cache import keep_outputs
from plain_blocks import make_cells

project = "theory-sim"
author = "The theory-sim contributors"
project_copyright = "The theory-sim contributors"
release = theory_sim.__version__

extensions = ["claim_role", "registry_table", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "mathml",
              "sphinx.ext.viewcode", "numpydoc", "myst_nb"]
exclude_patterns = ["_build", "jupyter_execute", "**.ipynb_checkpoints", "explanation/*/results", "examples/probe"]
html_theme = "furo"
html_title = "theory-sim"
html_static_path = ["_static"]
html_css_files = ["gallery.css", "formulas.css"]
html_math_renderer = "mathml"

myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 3

# Outputs of a page's code cells are kept in a folder that is named after all that they depend on (cell_cache). A cell that
# fails or takes too long is a warning that names its page, with the traceback, and nothing of the page is kept: the other pages
# are built all the same, and the build fails at its end, since warnings are errors.
nb_execution_mode = "cache"
nb_execution_in_temp = True
nb_execution_raise_on_error = False
nb_execution_show_tb = True
nb_execution_timeout = int(os.environ.get("THEORY_SIM_CELL_SECONDS", "600"))
nb_merge_streams = True
# Tables, formulas and references in what a cell puts out.
nb_render_markdown_format = "myst"
os.environ.setdefault("COLUMNS", "110")
# Cells that call theory-sim get the one of this environment.
os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
# They import shell_cells.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))))

# Types that nobody reads when they are written out, by what the source calls them.
_HOME = r"~?(?:\w+\.)*"
_TYPES = {
    rf"{_HOME}_Buffer \| .*?complex \| bytes \| str\]": "ArrayLike",
    rf"{_HOME}ndarray\[(?:tuple\[{_HOME}Any, \.\.\.\], {_HOME}dtype\[{_HOME}\w+\]|{_HOME}Any, {_HOME}Any)\]": "ndarray",
}

# Public names are called as theory_sim.<name>; their modules, some of the same name, are headings.
add_module_names = False
# `name` of a docstring leads to the page of that name, if there is one.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_mock_imports = ["torch"]  # of the extra, which the documentation is built without
autodoc_typehints_format = "short"
# A page a name of reference/functions.md, made at each build below reference/generated; a parameter a line where they are many.
autosummary_generate = True
templates_path = ["_templates"]
maximum_signature_line_length = 80
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False


def escape_bars(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Keep absolute values such as |g| from being read as substitutions, outside literals and doctests."""
    for number, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = re.split(r"(``.*?``)", line)
            lines[number] = "".join(part if part.startswith("``") else part.replace("|", r"\|") for part in parts)


def shorten_signature(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Write the types of a signature as the source does, and the fields of a long model not at all."""
    if isinstance(obj, type) and issubclass(obj, BaseModel):
        fields = [f"{field}={info.default!r}" for field, info in obj.model_fields.items()]
        return f"(*, {', '.join(fields)})" if len(fields) < 10 else "(**fields)", None
    return tuple(_as_written(text) for text in (signature, returns))  # type: ignore[return-value]


def _as_written(text: str | None) -> str | None:
    for long, short in _TYPES.items():
        text = re.sub(long, short, text) if text else text
    if text and (left := re.search(r"_SupportsArray|Annotated\[", text)):
        logging.getLogger(__name__).warning("a type that nobody reads, with %s, in %s", left.group(), text)
    return text


def leave_out_of_navigation(app: Sphinx, doctree: nodes.document) -> None:
    """Keep pages of functions out of the tree of pages, which every page shows: with them it takes most of a build."""
    for node in list(doctree.findall(autosummary_toc)):
        node.parent.remove(node)


def setup(app: Sphinx) -> None:
    """Register the hooks, that of docstrings after numpydoc's own."""
    app.connect("config-inited", keep_outputs)
    app.connect("source-read", make_cells)
    app.connect("doctree-read", leave_out_of_navigation, priority=100)
    app.connect("autodoc-process-signature", shorten_signature)
    app.connect("autodoc-process-docstring", escape_bars, priority=900)
