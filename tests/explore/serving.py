"""The program `theory-sim explore` under way."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

_END_SECONDS: Final = 60


class Serving:
    """The program, which has printed its address, and a line more.

    Parameters
    ----------
    *words : str
        What is typed after ``explore``.
    folder : Path
        Where it is typed.
    """

    def __init__(self, *words: str, folder: Path) -> None:
        command = [sys.executable, "-m", "theory_sim", "explore", "--no-browser", *words]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address, self.said = (self.process.stdout.readline().strip() for _ in range(2))

    def end(self) -> tuple[int, str, str]:
        """Interrupt it: its status, and what it printed after these two lines, and on standard error."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=_END_SECONDS)
        return self.process.returncode, out, err
