"""Run the benchmarks, and compare what they measure with what is stored: ``python benchmarks/run.py [--store] [--only NAME]``.

Every ``bench_*.py`` runs in a process of its own. Exit status 1 if a target is missed, or a ratio is more than 15 % above the
stored one: seconds differ between machines, ratios of two measurements in one run far less. ``--store`` keeps the numbers in
results.json and makes docs/reference/benchmarks.md of them; ``--only cost`` runs bench_cost.py alone; all else goes to
the scripts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from page import PAGE, page_of
from timing import RECORDS

HERE: Final = Path(__file__).parent
STORED: Final = HERE / "results.json"
TOLERANCE: Final = 0.15


def machine() -> dict[str, Any]:
    """What the numbers depend on."""
    import psutil

    from theory_sim.loop import environment

    return {
        "processors": psutil.cpu_count(), "memory in GiB": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}", "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None, **environment(),
    }  # fmt: skip


def measured(scripts: Sequence[Path], arguments: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """What the scripts record, and those that failed."""
    found: list[dict[str, Any]] = []
    failed = []
    with tempfile.TemporaryDirectory() as scratch:
        records = Path(scratch) / "records"
        records.touch()
        for script in scripts:
            print(f"== {script.name}", flush=True)
            before = len(found)
            done = subprocess.run([sys.executable, str(script), *arguments], env={**os.environ, RECORDS: str(records)})
            found = [json.loads(line) for line in records.read_text(encoding="utf-8").splitlines()]
            # A missed target is a fault of its own; any other end of a script is one too.
            if len(found) == before or (done.returncode and not faults(found[before:], [])):
                failed.append(script.name)
    return found, failed


def faults(new: Sequence[Mapping[str, Any]], stored: Sequence[Mapping[str, Any]], tolerance: float = TOLERANCE) -> list[str]:
    """Targets that are missed, and ratios that are so much larger than the stored ones.

    Parameters
    ----------
    new, stored : sequence of mapping
        Fields of `timing.Record`.
    tolerance : float
        Largest relative increase of a ratio.
    """
    found = [f"{each['name']}: {each['value']:.3g} {each['unit']}, target {each['target']:g}" for each in new
             if each["target"] is not None and not each["value"] <= each["target"]]
    before = {(each["name"], each["source"]): each["value"] for each in stored if each["unit"] == "ratio"}
    for each in new:
        old = before.get((each["name"], each["source"]))
        if each["unit"] == "ratio" and old is not None and not each["value"] <= old * (1 + tolerance):
            found.append(f"{each['name']}: {each['value']:.3g} times {each['source']}, stored {old:.3g}")
    return found


def main(arguments: list[str]) -> int:
    """Run, compare, perhaps store; return the exit status."""
    parser = argparse.ArgumentParser("benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--store", action="store_true", help="keep the numbers, and make the page of them")
    parser.add_argument("--only", metavar="NAME", action="append", help="run bench_NAME.py alone; may be given several times")
    parser.add_argument("--results", type=Path, default=STORED, help="file with the stored numbers")
    parser.add_argument("--page", type=Path, default=PAGE, help="page that --store makes")
    given, rest = parser.parse_known_args(arguments)
    scripts = sorted(HERE.glob("bench_*.py"))
    if given.only:
        scripts = [script for script in scripts if script.stem.removeprefix("bench_") in given.only]
        if len(scripts) != len(set(given.only)):
            known = ", ".join(sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py")))
            parser.error(f"--only {' '.join(given.only)}: the benchmarks are {known}")
    began = time.monotonic()
    new, failed = measured(scripts, rest)
    stored = json.loads(given.results.read_text(encoding="utf-8")) if given.results.exists() else {"records": ()}
    found = [*(f"{name} failed" for name in failed), *faults(new, stored["records"])]
    for line in found:
        print(f"benchmarks: {line}")
    print(f"benchmarks: {len(new)} numbers in {time.monotonic() - began:.0f} s, {len(found)} faults")
    if given.store and not failed:
        options = [*(f"--only {name}" for name in given.only or ()), *rest]
        kept = {"machine": machine(), "options": options, "records": new}
        given.results.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        given.page.write_text(page_of(kept), encoding="utf-8")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
