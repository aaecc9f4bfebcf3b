"""Which experiment a command is about, and which command takes it further."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

__all__ = ["command_on", "experiment_heading"]


def experiment_heading(name: str, file: Path | None, preset: str | None = None, *, changed: bool = False) -> str:
    """An experiment's name, and whether a file or a preset was read.

    Parameters
    ----------
    name : str
    file : Path, optional
        What was read; otherwise the preset was.
    preset : str, optional
        The preset; "default" where none was named.
    changed : bool
        Whether ``--set`` changed it.

    Examples
    --------
    >>> experiment_heading("mine", Path("mine.toml"))
    'experiment mine, from mine.toml'
    >>> experiment_heading("weak", None, "quick", changed=True)
    'experiment weak, from the preset quick and --set'
    """
    source = f"the preset {preset or 'default'}" if file is None else str(file)
    return f"experiment {name}, from {source}{' and --set' if changed else ''}"


def command_on(verb: str, file: Path | None, preset: str | None = None, options: Sequence[str] = ()) -> str:
    """A command on the same experiment.

    Examples
    --------
    >>> command_on("proofs-check check", Path("mine.toml"))
    'proofs-check check mine.toml'
    >>> command_on("theory-sim run", None, "quick", ["--compare", "L-S,S"])
    'theory-sim run --preset quick --compare L-S,S'
    """
    start = ["--preset", preset or "default"] if file is None else [str(file)]
    return f"{verb} {shlex.join([*start, *options])}"
