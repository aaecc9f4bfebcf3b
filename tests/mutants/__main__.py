"""Mutants drawn by chance against the tests: ``python -m tests.mutants --draw 300 --seed 0``.

The tests of both tiers are first run once under coverage, to know which of them enter which function. Then each mutant
is put into a copy of the project and meets tests/mutation_check.py and the tests that enter its function, the short ones
first, until one fails. Everything is kept in ``--folder``: a second call goes on, and ``--report`` says what there is. The
status is 1 if the share killed is below ``--least``.
"""

import argparse
import os
import queue
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants import ledger
from tests.mutants.copies import Copy
from tests.mutants.draw import draw
from tests.mutants.made import Mutant
from tests.mutants.near import Near
from tests.mutants.reach import Reach, measure
from tests.mutants.trial import attempt

ROOT = Path(__file__).resolve().parents[2]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser("python -m tests.mutants", description=__doc__.split("\n\n")[0])
    made.add_argument("--draw", type=int, default=300, help="number of mutants, over all areas")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--jobs", type=int, default=os.cpu_count(), help="mutants, or test files, at a time")
    made.add_argument("--folder", type=Path, default=ROOT / ".mutants", help="where the map and the results are kept")
    made.add_argument("--longest", type=float, default=240.0, help="seconds of tests that a mutant may survive")
    made.add_argument("--until", type=float, help="stop after that many seconds; a second call goes on")
    made.add_argument("--least", type=float, default=0.95, help="share of killed mutants below which the status is 1")
    made.add_argument("--report", action="store_true", help="report what there is, run nothing")
    made.add_argument("--again", action="store_true", help="try those once more that survived")
    return made


def ready_copy(folder: Path) -> Copy:
    """Return a copy that passes the check itself, with its loops compiled for the mutants elsewhere."""
    copy = Copy(ROOT, folder)
    answer = copy.run("tests.mutation_check", (), 600.0)
    if answer.status:
        raise SystemExit(f"without a mutant, tests/mutation_check.py fails:\n{answer.output}")
    return copy


def try_all(mutants: list[Mutant], options: argparse.Namespace, results: Path) -> None:
    """Try the mutants in their order, ``--jobs`` at a time, each job in a copy of its own."""
    end = time.monotonic() + (options.until or float("inf"))
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(options.jobs) as pool:
        made = list(pool.map(lambda job: ready_copy(Path(folder, str(job))), range(options.jobs)))
        near = Near(ROOT, Reach.read(options.folder / "reach"), made[0].known_tests())
        copies: queue.Queue[Copy] = queue.Queue()
        for copy in made:
            copies.put(copy)

        def one(mutant: Mutant) -> None:
            if time.monotonic() > end:
                return
            copy = copies.get()
            try:
                trial = attempt(mutant, copy, near, options.longest)
            finally:
                copies.put(copy)
            ledger.write(results, {"key": mutant.key, "revision": revision, **trial.as_dict()})
            print(f"{trial.seconds:6.1f} s  {trial.fate:<9}{mutant.key}  {trial.by}", flush=True)

        for _ in pool.map(one, mutants):
            pass


def main(arguments: list[str]) -> int:
    """Map, draw, try, report."""
    options = parser().parse_args(arguments)
    results = options.folder / f"results-{options.seed}.jsonl"
    if not options.report:
        measure(ROOT, options.folder / "reach", options.jobs)
        done = ledger.read(results)
        wanted = [mutant for mutant in draw(ROOT, options.draw, options.seed)
                  if mutant.key not in done or (options.again and done[mutant.key]["fate"] == "survived")]  # fmt: skip
        try_all(wanted, options, results)
    found = ledger.read(results)
    print(ledger.report(found.values()))
    killed = sum(result["fate"] != "survived" for result in found.values())
    return int(not found or killed < options.least * len(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
