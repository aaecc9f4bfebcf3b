"""Where outputs of code cells are kept between builds: in a folder that is named after all that they depend on.

jupyter-cache knows a page's cells again by their text alone. The digest in the folder's name stands for the rest: another
source file, library or Python, or another table or experiment that a cell may read, is another folder, so that no output of
other code is shown.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from jupyter_cache import get_cache
from sphinx.application import Sphinx
from sphinx.config import Config

import proofs_check
import theory_sim

_FOLDER = "cells-"
_HERE = Path(__file__).parent
_HELPERS = ("conf.py", "plain_blocks.py", "shell_cells.py")
_PACKAGES = tuple(Path(str(package.__file__)).parent for package in (theory_sim, proofs_check))


def keep_outputs(app: Sphinx, config: Config) -> None:
    """Name the folder, beside the built pages, and remove that of other code."""
    # Cells import the helpers and read the files.
    read = [*map(_HERE.joinpath, _HELPERS), *(_HERE / "examples").glob("*.toml"), *(_HERE / "explanation").rglob("*.csv")]
    folder = Path(app.outdir).parent / f"{_FOLDER}{make_digest((*_PACKAGES, *sorted(read)))}"
    for other in folder.parent.glob(f"{_FOLDER}*"):
        if other != folder:
            shutil.rmtree(other)
    config.nb_execution_cache_path = str(folder)
    if config.nb_execution_mode == "cache":
        # Pages are read in several processes, which must not make the same data base at once.
        get_cache(str(folder)).list_cache_records()


def make_digest(places: Iterable[Path]) -> str:
    """Digest of Python, the libraries installed, and every file at or below the places; 16 digits."""
    found = hashlib.sha256(sys.version.encode())
    found.update("\n".join(sorted(f"{each.name} {each.version}" for each in metadata.distributions())).encode())
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(f"\n{path.relative_to(place.parent)} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]
