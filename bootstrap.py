"""From a fresh clone to a running program: ``python3 bootstrap.py demo|test|tier2|check|docs|mutants|bench|probe``.

Needs nothing but a Python (3.7 or newer to start this file, 3.11 or newer somewhere on the machine). It finds
a fitting Python, makes a virtual environment, installs the project into it, and runs the verb there:

    demo    theory-sim demo: the default preset under both schedules, over five seeds
    test    pytest, one worker a processor, the first tier of the tests: minutes
    tier2   pytest, the second tier: kills, mutants, small studies
    check   ruff, mypy, and whether a test of the first tier took too long when the tests ran last
    docs    Sphinx, into docs/_build/html; with --no-execute no cell runs (THEORY_SIM_CELL_SECONDS: limit of one)
    mutants mutants drawn by chance against the tests (--draw, --seed; --help says more)
    bench   every benchmarks/bench_*.py (installs PyTorch, a peer that is measured against), compared with what is stored
    probe   pytest, the tests of theory_sim.probe and vision, which need PyTorch (installs it); the others skip them without it

Arguments after the verb go to what is run. The environment variable THEORY_SIM_VENV names the directory of the
virtual environment; without it, it is .venv beside this file. The exit status is that of the command.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST = (3, 11)
TRIED = ("python3.14", "python3.13", "python3.12", "python3.11")
EXTRAS = {
    "demo": (),
    "test": ("test", "worstcase", "distributed", "slurm", "report", "explore"),
    "tier2": ("test", "worstcase", "distributed", "slurm", "report", "explore", "browser"),
    "check": ("test",),
    "docs": ("docs", "report", "explore"),
    "mutants": ("test", "worstcase", "distributed", "slurm", "report", "explore", "mutants"),
    "bench": ("bench", "distributed"),
    "probe": ("test", "torch", "vision"),
}
# A worker with nothing left takes half of what another has, so that none waits for one long file; neighbours stay together,
# and share their fixtures. "logical": "auto" counts cores, not processors.
PARALLEL = ("-n", "logical", "--dist", "worksteal", "--durations", "15")
# Lies in each environment made here, from before anything else does.
MARKER = "made-by-theory-sim-bootstrap.txt"
# What decides which packages are installed; the environment is brought up to date when one of them changes.
DECIDING = ("setup.cfg", "pyproject.toml", "constraints.txt")


class BootstrapError(Exception):
    """A step that cannot continue; the message says what was found and what to do."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def version_of(python: str) -> tuple[int, ...] | None:
    """Return (major, minor) of an interpreter, or None if it does not run."""
    command = [python, "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        return tuple(int(part) for part in answer.stdout.split())
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


def find_python() -> str:
    """Return the path of a Python that is new enough: this one, or else the newest on PATH."""
    if sys.version_info[:2] >= OLDEST:
        return sys.executable
    for name in TRIED:
        path = shutil.which(name)
        # A version manager may put a name on PATH that runs nothing, so being there is not enough.
        if path is not None and (version_of(path) or (0,)) >= OLDEST:
            return path
    raise BootstrapError(
        f"this is Python {sys.version.split()[0]}, and none of {', '.join(TRIED)} on PATH runs; "
        "theory-sim needs Python 3.11 or newer; install it (Debian, Ubuntu: apt-get install python3.11 "
        "python3.11-venv; macOS: brew install python@3.11; Windows: winget install Python.Python.3.11) "
        "and run this command again"
    )


def run(command: list[str], fix: str, environment: dict[str, str] | None = None) -> None:
    """Run a command in the root of the project; raise BootstrapError if it fails."""
    try:
        status = subprocess.run(command, cwd=ROOT, env=environment).returncode
    except OSError as error:
        raise BootstrapError(f"cannot run {' '.join(command)}: {error}; {fix}") from error
    if status != 0:
        # A process ended by signal n has status -n here, and 128 + n in a shell.
        status = status if status > 0 else 128 - status
        raise BootstrapError(f"exit status {status} from: {' '.join(command)}; {fix}", status)


def make_environment(directory: Path) -> str:
    """Return the Python of the virtual environment in `directory`, making the environment if need be."""
    inside = directory / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if (version_of(str(inside)) or (0,)) >= OLDEST and pip_works(str(inside)):
        return str(inside)
    # An environment that was made here and runs no more is made anew; anything else is not ours to delete.
    if os.path.lexists(str(directory)):
        if directory.is_symlink() or not directory.is_dir():
            raise BootstrapError(f"{directory} is a link or a file; name another directory in THEORY_SIM_VENV")
        if any(directory.iterdir()) and not (directory / MARKER).is_file():
            raise BootstrapError(
                f"{directory} is not empty, runs no Python {'.'.join(map(str, OLDEST))} with pip, and was not made by this "
                "program; name another directory in THEORY_SIM_VENV, or delete this one if you need nothing of it"
            )
        shutil.rmtree(directory)
    python = find_python()
    print(f"bootstrap: making the virtual environment {directory}", file=sys.stderr, flush=True)
    found = []
    for module in ("venv", "virtualenv"):
        directory.mkdir(parents=True)
        (directory / MARKER).write_text("This environment was made by bootstrap.py, which may replace it.\n")
        made = subprocess.run([python, "-m", module, str(directory)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if made.returncode == 0 and pip_works(str(inside)):
            return str(inside)
        found.append(f"{python} -m {module}: " + made.stdout.decode(errors="replace").strip())
        shutil.rmtree(directory, ignore_errors=True)
    version = ".".join(str(part) for part in version_of(python) or OLDEST)
    raise BootstrapError(
        "\n".join(found) + "\ncannot make a virtual environment; install one of the two and run this command again: "
        f"apt-get install python{version}-venv (Debian, Ubuntu), or {python} -m pip install --user virtualenv"
    )


def pip_works(python: str) -> bool:
    """Tell whether an interpreter has a pip that runs."""
    quiet = subprocess.DEVNULL
    return subprocess.run([python, "-m", "pip", "--version"], stdout=quiet, stderr=quiet).returncode == 0


def fingerprint() -> str:
    """Return a digest of the files that decide what is installed, and of where the project lies."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in DECIDING:
        digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return digest.hexdigest()


def install(python: str, directory: Path, extras: tuple[str, ...]) -> None:
    """Install the project, editable, with `extras`, unless this was done and nothing has changed since."""
    stamp = directory / "theory-sim-installed.json"
    installed: set[str] = set()
    try:
        record = json.loads(stamp.read_text())
        if record["fingerprint"] == fingerprint():
            installed = set(record["extras"])
            if installed >= set(extras):
                return
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no stamp, or one that cannot be read: install
    wanted = sorted(installed | set(extras))
    print("bootstrap: installing theory-sim and what it needs (a few minutes)", file=sys.stderr, flush=True)
    # Without the stamp, a broken installation is not taken for a finished one.
    if stamp.exists():
        stamp.unlink()
    target = "." + (f"[{','.join(wanted)}]" if wanted else "")
    flags = ["--quiet", "--no-input", "--disable-pip-version-check"]
    run(
        [python, "-m", "pip", "install", *flags, "--constraint", "constraints.txt", "--editable", target],
        "check the network and pip's settings, or delete the virtual environment "
        f"{directory}, and run this command again",
    )
    stamp.write_text(json.dumps({"fingerprint": fingerprint(), "extras": wanted}))


def commands(verb: str, python: str, arguments: list[str]) -> list[list[str]]:
    """Return the commands that a verb stands for."""
    if verb == "demo":
        return [[str(Path(python).with_name("theory-sim")), "demo", *arguments]]
    if verb in ("test", "tier2"):
        tier = ("-m", "tier2 and not slow") if verb == "tier2" else ()
        return [[python, "-m", "pytest", *PARALLEL, *tier, *arguments]]
    if verb == "check":
        return [
            [python, "-m", "ruff", "check", *arguments, "."],
            [python, "-m", "mypy", *arguments],
            [python, "-m", "tests.durations"],
        ]
    if verb == "docs":
        # -E: all pages anew, so that what was wrong with one is said again; outputs of cells are kept (docs/cell_cache.py).
        flags = ["-E", "-j", "auto", "-W", "--keep-going", "-q", "-b", "html"]
        if "--no-execute" in arguments:
            arguments = [argument for argument in arguments if argument != "--no-execute"]
            flags += ["-D", "nb_execution_mode=off"]
        return [[python, "-m", "sphinx", *flags, *arguments, "docs", str(Path("docs", "_build", "html"))]]
    if verb == "probe":
        return [[python, "-m", "pytest", "tests/probe", "tests/vision", *arguments]]
    if verb == "mutants":
        return [[python, "-m", "pytest", "-q", "tests/mutants"], [python, "-m", "tests.mutants", *arguments]]
    return [[python, str(Path("benchmarks", "run.py")), *arguments]]


def main(arguments: list[str]) -> int:
    """Run one verb; return the exit status."""
    if not arguments or arguments[0] not in EXTRAS:
        found = f"'{arguments[0]}'" if arguments else "no verb"
        print(f"bootstrap: {found} given; the verb is one of {', '.join(EXTRAS)}\n\n{__doc__}", file=sys.stderr)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    verb = arguments[0]
    directory = Path(os.environ.get("THEORY_SIM_VENV") or ROOT / ".venv").expanduser().absolute()
    try:
        python = make_environment(directory)
        install(python, directory, EXTRAS[verb])
        environment = dict(os.environ)
        # As after "activate": commands that look for theory-sim on PATH find this one.
        environment["PATH"] = str(Path(python).parent) + os.pathsep + environment.get("PATH", "")
        environment["VIRTUAL_ENV"] = str(directory)
        for command in commands(verb, python, arguments[1:]):
            run(command, "its own output above says why", environment)
    except BootstrapError as error:
        print(f"bootstrap: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
