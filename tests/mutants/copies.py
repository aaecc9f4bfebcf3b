"""A copy of the project in which mutants live, and pytest on it."""

import contextlib
import math
import multiprocessing
import os
import re
import resource
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numba

NO_SUCH_TEST, TIMEOUT = 4, -1
"""A status of pytest, that a test could not be collected; and ours, that it took too long."""
IDLE: Final = 10.0
"""Times that a process may take on the clock what it may take on the processor."""
WARM: Final = multiprocessing.get_context("forkserver")
"""Starts processes that have imported what takes long to import, and nothing of the project."""
WARM.set_forkserver_preload([
    "cosmic_ray.mutating", "coverage", "flint", "hypothesis", "matplotlib", "mpmath", "numba", "numpy", "pandas", "pydantic",
    "pytest", "rich", "scipy.optimize", "scipy.stats", "sympy", "typer", "xarray", "zarr",
])  # fmt: skip
ROOT: Final = Path(__file__).resolve().parents[2]
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
        # Plug-ins of libraries were imported before pytest could rewrite their assertions, of which no test needs to know.
        options = ("-q", "-x", "--tb=line", "-p", "no:cacheprovider", "-p", "no:xdist", *TIERS,
                   "-W", "ignore::pytest.PytestAssertRewriteWarning")  # fmt: skip
        return self.run("pytest", [*options, *arguments], limit, **environment)

    def run(self, module: str, arguments: Sequence[str], limit: float, **environment: str) -> Answer:
        """Run a module in the copy, as ``python -m`` does; stop it, and all that it started, after ``limit`` processor seconds.

        A busy machine must not make a mutant look endless, so the clock on the wall counts only from IDLE times that limit.
        """
        settings = {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1",
                    "NUMBA_CACHE_DIR": str(self.folder / ".numba"), **environment}  # fmt: skip
        with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as output:
            process = WARM.Process(
                target=run_here, args=(self.folder, module, arguments, settings, math.ceil(limit), output.name)
            )
            process.start()
            process.join(IDLE * limit)
            late = process.is_alive()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid or 0, signal.SIGKILL)
            process.join()
            late = late or process.exitcode in (-signal.SIGXCPU, -signal.SIGKILL)
            return Answer(TIMEOUT if late else process.exitcode or 0, output.read())


def run_here(
    folder: Path, module: str, arguments: Sequence[str], settings: dict[str, str], limit: int, output: str,
) -> None:  # fmt: skip
    """Become, in a process that has imported the libraries and nothing of the project, a run of ``module`` in ``folder``."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    with open(output, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(folder)
    os.environ.update(settings)
    numba.config.reload_config()
    # The project is nowhere but in the copy: not where this tool came from, nor where it is installed.
    for name in [name for name in sys.modules if name.split(".")[0] in ("theory_sim", "proofs_check", "tests")]:
        del sys.modules[name]
    sys.path[:] = [str(folder), *(path for path in sys.path if path and Path(path).resolve() != ROOT)]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
