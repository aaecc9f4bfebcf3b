"""Mutants drawn by chance against the tests: ``python -m tests.mutants --draw 300 --seed 0``.

The tests of the first tier are first run once under coverage, to know which of them run which line. Then each mutant is put
into a copy of the project and meets the tests that run its line, the short ones first, until one fails, and
tests/mutation_check.py. Everything is kept in ``--folder``: a second call continues while the code is the same, with the
tests as they are now, and ``--report`` says what there is. The status is 1 if the share killed is below ``--least``.
"""

import argparse
import json
import os
import queue
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.durations import RECORD
from tests.mutants import ledger
from tests.mutants.copies import Copy
from tests.mutants.draw import drawn, state_of
from tests.mutants.judged import Judged, reason, stale
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
    made.add_argument("--longest", type=float, default=120.0, help="seconds of tests that a mutant may survive")
    made.add_argument("--until", type=float, help="stop after that many seconds; a second call continues")
    made.add_argument("--least", type=float, default=0.95, help="share of killed mutants below which the status is 1")
    made.add_argument("--report", action="store_true", help="report what there is, run nothing")
    made.add_argument("--mapped", action="store_true", help="take the map as it is, complete or not")
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
    with ThreadPoolExecutor(options.jobs) as pool:
        made = list(pool.map(lambda job: ready_copy(options.folder / f"copy-{job}"), range(options.jobs)))
        recorded = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
        near = Near(ROOT, Reach.read(options.folder / "reach"), made[0].waiting.tests, recorded)
        copies: queue.Queue[Copy] = queue.Queue()
        for copy in made:
            copies.put(copy)

        def one(mutant: Mutant) -> None:
            if time.monotonic() > end:
                return
            copy = copies.get()
            try:
                trial = attempt(mutant, copy, near, options.longest, again=options.again)
            finally:
                copies.put(copy)
            ledger.write(results, {"key": mutant.key, "revision": revision, **trial.as_dict()})
            print(f"{trial.seconds:6.1f} s  {trial.fate:<9}{mutant.key}  {trial.by}", flush=True)

        for _ in pool.map(one, mutants):
            pass
        for copy in made:
            copy.close()


def main(arguments: list[str]) -> int:
    """Map, draw, try, report."""
    options = parser().parse_args(arguments)
    results = options.folder / f"results-{options.seed}-{state_of(ROOT)}.jsonl"
    if not options.report:
        if not options.mapped:
            measure(ROOT, options.folder / "reach", options.jobs)
        done, judged = ledger.read(results), Judged.all()
        once_more = {key for key, result in done.items() if result["fate"] == "survived" and not reason(result, judged)}
        wanted = [mutant for mutant in drawn(ROOT, options.draw, options.seed, options.folder)
                  if mutant.key not in done or (options.again and mutant.key in once_more)]  # fmt: skip
        try_all(wanted, options, results)
    found, judged = ledger.read(results).values(), Judged.all()
    print(ledger.report(found, judged))
    for each in stale(ROOT, judged):
        print(f"judged in equivalent.toml, but no longer there: {each.before}")
    killed, number = ledger.share_killed(found, judged)
    return int(not number or killed < options.least * number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
