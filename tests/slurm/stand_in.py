"""A stand-in of SLURM on one machine, as far as the project's scripts use it: ``sbatch``, ``srun``, ``squeue``, ``scancel``.

A job is a background process of its own session. An option that is not known here is refused, as SLURM refuses one that it does
not know. State lies in the folder SLURM_STAND_IN: of job n the script n.sh, its session n.pid, and its exit status n.status.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

STATE = Path(os.environ["SLURM_STAND_IN"])


def options(*, with_default: bool) -> argparse.ArgumentParser:
    """Options of sbatch, which may stand in the script as well."""
    parser = argparse.ArgumentParser("sbatch", allow_abbrev=False,
                                     argument_default=None if with_default else argparse.SUPPRESS)
    parser.add_argument("-J", "--job-name")
    parser.add_argument("-N", "--nodes")
    parser.add_argument("-n", "--ntasks", type=int)
    parser.add_argument("-c", "--cpus-per-task", type=int)
    parser.add_argument("--mem")
    parser.add_argument("--mem-per-cpu")
    parser.add_argument("-t", "--time")
    parser.add_argument("-o", "--output")
    parser.add_argument("-e", "--error")
    parser.add_argument("--signal")
    parser.add_argument("--parsable", action="store_true")
    return parser


def megabytes(text: str) -> int:
    """SLURM's memory, such as 2G, in its megabytes."""
    number, unit = re.fullmatch(r"(\d+)([KMGT]?)", text).groups()  # type: ignore[union-attr]
    return max(1, int(int(number) * {"K": 1 / 1024, "": 1, "M": 1, "G": 1024, "T": 1024**2}[unit]))


def seconds(text: str) -> int:
    """SLURM's time: minutes, minutes:seconds or hours:minutes:seconds."""
    parts = [int(part) for part in text.split(":")]
    return parts[0] * 60 if len(parts) == 1 else sum(part * 60**i for i, part in enumerate(reversed(parts)))


def sbatch(arguments: list[str]) -> int:
    """Submit a job script: it begins at once."""
    parser = options(with_default=False)
    parser.add_argument("rest", nargs=argparse.REMAINDER)  # the script, and what follows is its own
    own = parser.parse_args(arguments)
    rest = own.rest
    if not rest or rest[0].startswith("-"):
        parser.error(f"unknown option {rest[:1]}")
    script, *more = rest
    text = Path(script).read_text()
    if not text.startswith("#!"):
        parser.error("This does not look like a batch script")
    head = text.split("\nset ", 1)[0].splitlines()
    declared = [word for line in head if line.startswith("#SBATCH ") for word in shlex.split(line[8:], comments=True)]
    given = argparse.Namespace(**{**vars(options(with_default=True).parse_args(declared)), **vars(own)})
    own_mem = "mem" in vars(own)  # takes the place of --mem-per-cpu in the script
    job = 1 + sum(1 for _ in STATE.glob("*.sh"))
    copy = STATE / f"{job}.sh"
    shutil.copy(script, copy)
    name = given.job_name or Path(script).name
    environment = {
        **os.environ, "SLURM_JOB_ID": str(job), "SLURM_JOB_NAME": name, "SLURM_SUBMIT_DIR": os.getcwd(),
        "SLURM_NTASKS": str(given.ntasks or 1), "SLURM_CPUS_PER_TASK": str(given.cpus_per_task or 1),
    }  # fmt: skip
    if given.mem_per_cpu and not own_mem:
        environment["SLURM_MEM_PER_CPU"] = str(megabytes(given.mem_per_cpu))
    if given.mem:
        environment["SLURM_MEM_PER_NODE"] = str(megabytes(given.mem))
    output = re.sub("%[jJAx]", lambda found: name if found[0] == "%x" else str(job), given.output or "slurm-%j.out")
    again = [sys.executable, __file__, "job", str(copy), str(seconds(given.time or "60")), given.signal or "", *more]
    with open(output, "ab") as log:
        process = subprocess.Popen(again, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   start_new_session=True)
    (STATE / f"{job}.pid").write_text(str(process.pid))
    print(job if given.parsable else f"Submitted batch job {job}")
    return 0


def run_job(script: str, limit: str, warning: str, *arguments: str) -> int:
    """The job itself: the script, the warning before its time limit, and its end."""
    began = time.monotonic()
    before = int(warning.rpartition("@")[2]) if warning else 0
    process = subprocess.Popen(["bash", script, *arguments])
    while (status := process.poll()) is None:
        left = int(limit) - (time.monotonic() - began)
        if before and left < before:
            process.send_signal(signal.Signals[f"SIG{warning.partition('@')[0].rpartition(':')[2]}"])
            before = 0
        if left < 0:
            process.kill()
        time.sleep(0.05)
    Path(script).with_suffix(".status").write_text(str(status))
    os.killpg(os.getpid(), signal.SIGKILL)  # what is left of a job ends with it, this process too
    return status


def srun(arguments: list[str]) -> int:
    """Start a command once a task, and wait for all; a signal is handed on."""
    parser = argparse.ArgumentParser("srun", allow_abbrev=False)
    parser.add_argument("-n", "--ntasks", type=int, default=int(os.environ["SLURM_NTASKS"]))
    parser.add_argument("-c", "--cpus-per-task", type=int)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    tasks = [subprocess.Popen(given.command, env={**os.environ, "SLURM_PROCID": str(k)}) for k in range(given.ntasks)]

    def hand_on(number: int, frame: object) -> None:
        for task in tasks:
            task.send_signal(number)

    signal.signal(signal.SIGTERM, hand_on)
    return max(abs(task.wait()) for task in tasks)


def states() -> dict[str, str]:
    """Each job and whether it is running; those that ended are gone from the queue."""
    jobs = sorted((path.stem for path in STATE.glob("*.pid")), key=int)
    return {job: "RUNNING" for job in jobs if not (STATE / f"{job}.status").exists()}


def squeue(arguments: list[str]) -> int:
    """List the jobs that run."""
    parser = argparse.ArgumentParser("squeue", allow_abbrev=False, add_help=False)
    parser.add_argument("-j", "--jobs")
    parser.add_argument("-h", "--noheader", action="store_true")
    given = parser.parse_args(arguments)
    for job, state in states().items():
        if given.jobs in (None, job):
            print(job, state)
    return 0


def scancel(arguments: list[str]) -> int:
    """End jobs: first SIGTERM to all their processes, then SIGKILL."""
    for job in arguments:
        session = int((STATE / f"{job}.pid").read_text())
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(session, number)
            except ProcessLookupError:
                break
            time.sleep(0.2)
        (STATE / f"{job}.status").touch()
    return 0


def main(name: str, arguments: list[str]) -> int:
    """Be the program of that name."""
    if name == "job":
        return run_job(*arguments)
    return {"sbatch": sbatch, "srun": srun, "squeue": squeue, "scancel": scancel}[name](arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
