"""The experiment as a file: both schedules, so that `theory-sim run` gives the curves that the page showed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from theory_sim.errors import StoreError
from theory_sim.experiment import Experiment
from theory_sim.explore.view import SCHEDULES
from theory_sim.storage.folders import make_folder
from theory_sim.storage.writing import write_text

__all__ = ["Target", "to_toml"]


def to_toml(experiment: Experiment) -> str:
    """Text of a file that `theory-sim check` and `theory-sim run` take."""
    import tomli_w

    fields = experiment.fields()
    del fields["schedule"]  # the plan lists them
    return tomli_w.dumps({**fields, "compare": list(SCHEDULES)})


@dataclass(frozen=True)
class Target:
    """A file that the page may write.

    Attributes
    ----------
    path : Path
    force : bool
        Whether it may replace one.
    """

    path: Path
    force: bool

    def save(self, experiment: Experiment) -> None:
        """Write an experiment to it.

        Raises
        ------
        StoreError
            If something has that name and may not be replaced, or it cannot be written.
        """
        if os.path.lexists(self.path) and not (self.force and self.path.is_file()):
            raise StoreError(f"{self.path} is there already", "a file, which is never replaced unasked",
                             "move it away, start again with --force, or download the experiment")
        make_folder(self.path.parent)
        write_text(self.path, to_toml(experiment), fix="choose another")
