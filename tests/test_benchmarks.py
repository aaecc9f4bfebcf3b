"""Benchmarks: the page is what was stored, the gate finds what is slower, and exponents are fitted right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[1]
BENCHMARKS: Final = ROOT / "benchmarks"
STORED: Final = BENCHMARKS / "results.json"


@pytest.fixture(autouse=True)
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def a_ratio(value: float, **more: Any) -> dict[str, Any]:
    return {"group": "peers", "name": "a step", "unit": "ratio", "source": "numpy", "target": None, "value": value, **more}


def test_the_page_is_what_was_stored() -> None:
    import page

    assert page.PAGE.read_text(encoding="utf-8") == page.page_of(json.loads(STORED.read_text(encoding="utf-8")))


def test_every_number_is_on_the_page() -> None:
    import page

    kept = json.loads(STORED.read_text(encoding="utf-8"))
    lines = page.page_of(kept).splitlines()
    assert {record["group"] for record in kept["records"]} <= {*page._GROUPS, "cost"}
    for record in kept["records"]:
        shown = f"{record['value']:.2f} ±" if record["unit"] == "exponent" else f"{record['value']:.3g}"
        (line,) = [line for line in lines if line.startswith(f"| {record['name']} |") and f"| {shown}" in line]
        assert record["source"] in line


@pytest.mark.parametrize(("value", "target", "expected"), [
    (1.14, None, 0), (1.16, None, 1), (0.5, None, 0), (float("nan"), None, 1), (1.0, 0.9, 1), (1.0, 1.0, 0), (1.2, 0.9, 2),
])
def test_what_is_slower_than_stored_is_found(value: float, target: float | None, expected: int) -> None:
    import run

    assert len(run.faults([a_ratio(value, target=target)], [a_ratio(1.0)])) == expected


def test_only_ratios_of_the_same_two_things_are_compared() -> None:
    import run

    stored = [a_ratio(1.0)]
    for other in ({"source": "torch"}, {"name": "a run"}, {"unit": "s"}):
        assert not run.faults([a_ratio(9.0, **other)], stored)


def test_exponents_are_fitted() -> None:
    import bench_cost

    slope, error = bench_cost.fitted([1, 2, 4, 8], [5 * n**1.5 for n in (1, 2, 4, 8)])
    assert (slope, error) == (pytest.approx(1.5), pytest.approx(0.0, abs=1e-9))
    # By hand: logarithms 0, 1, 2 against 0, 1, 0, times log 2: slope 0, residuals -1/3, 2/3, -1/3, error sqrt(6/9 / 1 / 2).
    slope, error = bench_cost.fitted([1, 2, 4], [1, 2, 1])
    assert (slope, error) == (pytest.approx(0.0), pytest.approx((1 / 3) ** 0.5))


@pytest.mark.slow
def test_they_run(tmp_path: Path) -> None:
    """At a size that says nothing of speed, into other files."""
    call = [sys.executable, str(BENCHMARKS / "run.py"), "--only", "cost", "--quick", "--store", "--results",
            str(tmp_path / "results.json"), "--page", str(tmp_path / "page.md")]
    done = subprocess.run(call, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    records = json.loads((tmp_path / "results.json").read_text())["records"]
    assert [record["theory"] for record in records] == [1, 1, 1, 1, 1, 1, 2, 1, 0]
    assert all(len(record["points"]) == 3 for record in records)
    assert (tmp_path / "page.md").read_text().count("±") == len(records)


@pytest.mark.parametrize(("does", "failed"), [
    ("record(Record('peers', 'x', 1.0, 'ratio'))", False), ("", True), ("raise SystemExit(1)", True),
    ("record(Record('peers', 'x', 1.0, 'ratio')); raise ValueError", True),
    ("raise SystemExit(record(Record('peers', 'x', 1.0, 'ratio', 0.5)))", False),  # its target is missed: said elsewhere
])
def test_a_benchmark_that_breaks_is_no_missed_target(does: str, failed: bool, tmp_path: Path) -> None:
    import run

    script = tmp_path / "bench_x.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(BENCHMARKS)!r})\nfrom timing import Record, record\n{does}\n")
    assert bool(run.measured([script], [])[1]) is failed


def test_an_unknown_benchmark_is_refused() -> None:
    import run

    with pytest.raises(SystemExit) as ended:
        run.main(["--only", "none"])
    assert ended.value.code == 2


def test_the_page_on_dask_says_what_was_printed() -> None:
    """Memory at each number of runs that the table has, and processor time of a run."""
    lines = {each["runs"]: each for each in map(json.loads, (BENCHMARKS / "dask_runs.jsonl").read_text().splitlines())}
    page = " ".join((ROOT / "docs" / "how-to" / "cluster.md").read_text(encoding="utf-8").split())
    shown = (0, 100, 1000, 10_000, 20_000, 50_000, 100_000)
    for who, name in (("client", "client"), ("scheduler", "scheduler, with what watches the workers"),
                      ("worker", "each worker of `--executor dask`")):
        cells = [f"{lines[runs][who]['MB']:.0f}" for runs in shown]
        assert f"| {name} | {' | '.join(cells)} |" in page

    def each(who: str, first: int, last: int) -> float:
        return float((lines[last][who]["seconds"] - lines[first][who]["seconds"]) / (last - first) * 1e3)

    early, late = ([each(who, *ends) for who in ("client", "scheduler")] for ends in ((1000, 5000), (20_000, 100_000)))
    # Two workers in the beginning, then two more.
    (first, before), (last, then) = lines[100_000]["joined"]
    joined = (then - before) / (last - first) * 1e3
    of_workers = 2 * each("worker", 1000, 5000), 2 * each("worker", 20_000, 100_000) + joined
    assert (f"{early[0]:.1f} and {late[0]:.1f} ms in the client, {early[1]:.1f} and {late[1]:.1f} ms in the scheduler's "
            f"process, {of_workers[0]:.0f} and {of_workers[1]:.0f} ms in a worker") in page
    (first, low), (last, high) = lines[100_000]["scheduler_private"]
    assert (f"grows by {(high - low) / (last - first) * 1e3:.1f} kB a run, from {first // 1000} 000 to {last // 1000} 000 runs"
            in page)
