"""A copy of the project in which mutants live, and pytest on it."""

import contextlib
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

NO_SUCH_TEST, TIMEOUT = 4, -1
"""A status of pytest, that a test could not be collected; and ours, that it took too long."""
IDLE: Final = 10.0
TIERS: Final = ("-m", "not slow and not benchmark")
"""The first tier of the tests and the second."""
COMPILED: Final = re.compile(r"\bnumba\b|^@compiled", re.MULTILINE)
"""Found in the source of a file with compiled functions."""


@dataclass(frozen=True)
class Answer:
    """How a command ended: its status, TIMEOUT if it was stopped, and its output."""

    status: int
    output: str

    @property
    def failed_test(self) -> str:
        """The first test that pytest reports as failed, or the output's last line."""
        found = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", self.output, re.MULTILINE)
        return found[1] if found else (self.output.strip().splitlines() or [""])[-1]


class Copy:
    """The tracked files of the project in a folder of their own, where one at a time is replaced.

    Compiled Python files are checked by a source's digest, so that none is used for another source, whatever its time says.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
        for name in filter(None, listed.split("\0")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
        sources = ("theory_sim", "proofs_check", "tests")
        subprocess.run([sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", *sources],
                       cwd=folder, check=True)  # fmt: skip

    @contextlib.contextmanager
    def mutated(self, file: str, text: str) -> Iterator[None]:
        """Replace a file by ``text`` for a while."""
        path = self.folder / file
        times = path.stat()
        original = path.read_text(encoding="utf-8")
        path.write_text(text, encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(original, encoding="utf-8")
            # numba trusts a file's time and size.
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def known_tests(self) -> list[str]:
        """Return the names of the tests of both tiers."""
        answer = self.pytest(["--collect-only", "tests"], limit=600.0)
        return [line for line in answer.output.splitlines() if "::" in line and not line.startswith(("ERROR", "FAILED"))]

    def pytest(self, arguments: Sequence[str], limit: float, **environment: str) -> Answer:
        """Run pytest until the first failure."""
        options = ("-q", "-x", "--tb=line", "-p", "no:cacheprovider", "-p", "no:xdist", *TIERS)
        return self.run(["-m", "pytest", *options, *arguments], limit, **environment)

    def run(self, arguments: Sequence[str], limit: float, **environment: str) -> Answer:
        """Run Python in the copy; stop it, and all that it started, after ``limit`` seconds of the processor.

        A busy machine must not make a mutant look endless, so the clock on the wall counts only from IDLE times that limit.
        """
        settings = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1",
                    "NUMBA_CACHE_DIR": str(self.folder / ".numba"), **environment}  # fmt: skip
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", *arguments], cwd=self.folder, env=settings, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            try:
                psutil.Process(process.pid).rlimit(psutil.RLIMIT_CPU, (math.ceil(limit), math.ceil(limit)))
                status = process.wait(IDLE * limit)
                status = TIMEOUT if status in (-signal.SIGXCPU, -signal.SIGKILL) else status
            except subprocess.TimeoutExpired:
                status = TIMEOUT
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            output.seek(0)
            return Answer(status, output.read())
