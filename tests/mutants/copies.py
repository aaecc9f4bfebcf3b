"""A copy of the project in which mutants live, and pytest on it: in a process that waits, or in one of its own."""

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
from functools import cached_property
from pathlib import Path
from typing import Final

import numba

from tests.mutants.collected import OPTIONS, Answer, Collected
from tests.mutants.waiting import IDLE, PRELOADED, TIMEOUT

NO_SUCH_TEST: Final = 4
"""A status of pytest, that a test could not be collected."""
WARM: Final = multiprocessing.get_context("forkserver")
"""Starts processes that have imported what takes long to import, and nothing of the project."""
WARM.set_forkserver_preload(list(PRELOADED))
ROOT: Final = Path(__file__).resolve().parents[2]
COMPILED: Final = re.compile(r"\bnumba\b|^@compiled", re.MULTILINE)
"""Found in the source of a file with compiled functions."""


class Copy:
    """The tracked files of the project in a folder of their own, which may be an older copy; one file at a time is replaced.

    Compiled Python files are checked by a source's digest, so that none is used for another source, whatever its time says.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
        names = {name for name in listed.split("\0") if name and (root / name).exists()}
        for path in [path for path in folder.rglob("*.py") if path.relative_to(folder).as_posix() not in names]:
            path.unlink()
        for name in names:
            if not (folder / name).exists() or (root / name).read_bytes() != (folder / name).read_bytes():
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

    @cached_property
    def waiting(self) -> Collected:
        return Collected(self.folder, self._settings())

    @cached_property
    def uncompiled(self) -> Collected:
        """The same with loops that are not compiled, so that a mistake can be put into them too."""
        return Collected(self.folder, self._settings(NUMBA_DISABLE_JIT="1"))

    def close(self) -> None:
        for name in ("waiting", "uncompiled"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    def _settings(self, **environment: str) -> dict[str, str]:
        return {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1",
                "NUMBA_CACHE_DIR": str(self.folder / ".numba"), **environment}  # fmt: skip

    def pytest(self, arguments: Sequence[str], limit: float, **environment: str) -> Answer:
        """Run pytest until the first failure."""
        return self.run("pytest", ["-x", *OPTIONS, *arguments], limit, **environment)

    def run(self, module: str, arguments: Sequence[str], limit: float, **environment: str) -> Answer:
        """Run a module in the copy, as ``python -m`` does; stop it, and all that it started, after ``limit`` processor seconds.

        A busy machine must not make a mutant look endless, so the clock on the wall counts only from IDLE times that limit.
        """
        settings = self._settings(**environment)
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
