"""Sphinx configuration; `python3 bootstrap.py docs` builds with warnings as errors."""

import os
from importlib.metadata import version as version_of

project = "theory-sim"
author = "The theory-sim contributors"
project_copyright = "The theory-sim contributors"
release = version_of("theory-sim")

extensions = ["sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.viewcode", "numpydoc", "myst_nb"]
exclude_patterns = ["_build", "jupyter_execute", "**.ipynb_checkpoints"]
html_theme = "furo"
html_title = "theory-sim"
html_static_path = ["_static"]

myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 3

# Every code cell runs at every build; one that fails, fails the build.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 150
nb_merge_streams = True
# A notebook's kernel finds no other Python's settings, and the cells' shells know their width.
os.environ.setdefault("COLUMNS", "100")
os.environ.setdefault("MPLBACKEND", "agg")

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
