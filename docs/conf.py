"""Sphinx configuration; `python3 bootstrap.py docs` builds with warnings as errors."""

import os
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

import theory_sim

sys.path.insert(0, str(Path(__file__).parent))  # cell_cache, registry_table

from cell_cache import keep_outputs

project = "theory-sim"
author = "The theory-sim contributors"
project_copyright = "The theory-sim contributors"
release = theory_sim.__version__

extensions = ["registry_table", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax", "sphinx.ext.viewcode",
              "numpydoc", "myst_nb"]
exclude_patterns = ["_build", "jupyter_execute", "**.ipynb_checkpoints", "explanation/*/results"]
html_theme = "furo"
html_title = "theory-sim"
html_static_path = ["_static"]

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

# Public names are called as theory_sim.<name>; their modules, some of the same name, are headings.
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
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


def setup(app: Sphinx) -> None:
    """Register the hooks, that of docstrings after numpydoc's own."""
    app.connect("config-inited", keep_outputs)
    app.connect("autodoc-process-docstring", escape_bars, priority=900)
