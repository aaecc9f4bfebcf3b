"""Adding a study, a figure or an executor is one file: found in help and in the documentation's lists, and run.

The package that is added is another distribution, as a user would write it: three modules, declared as entry points.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from theory_sim.errors import InputError
from theory_sim.plugins import Registry

ROOT = Path(__file__).parent.parent

STUDY = """
from theory_sim.experiment import Experiment
from theory_sim.studies.decisions import judge_share
from theory_sim.studies.groups import grid_cells, group_row
from theory_sim.studies.registry import register
from theory_sim.studies.study import Study, StudyVerdict
from theory_sim.study.engine import Engine
from theory_sim.sweeps.declaration import Sweep


def _plan(size):
    return {"runs": Sweep("runs", Experiment.preset("quick").replace(d=40), (), ("S",), (0,), (Engine("closure"),))}


def _tabulate(summaries):
    import pandas

    return pandas.DataFrame([group_row(runs) for _, runs in grid_cells(summaries["runs"].dataset)])


def _decide(table):
    row = table.iloc[0]
    return StudyVerdict.of([judge_share("Q is first", int(row["Q first"]), int(row["n"]), level=0.95)], 0.95)


def _plot(table):
    from matplotlib.figure import Figure

    return Figure()


register(Study(
    name="added-study", question="Is it found?", source="-", statement="It is.", hypothesis="-", statistic="-", rule="-",
    limits="-", seconds={"small": 1, "default": 1, "full": 1}, plan=_plan, tabulate=_tabulate, decide=_decide, figure=_plot,
))
"""
FIGURE = """
from theory_sim.plots.registry import Option, Plot, register


def _draw(*, sizes, note):
    from matplotlib.figure import Figure

    print(f"{note} {sum(sizes):g}")
    return Figure()


register(Plot("added-figure", "An added figure.", "nothing", _draw,
              (Option("sizes", list[float], (1.0,), "Sizes.", "size"), Option("note", str, "sum", "A note."))))
"""
EXECUTOR = """
from theory_sim.sweeps.executors.base import register
from theory_sim.sweeps.executors.in_process import InProcess


@register
class Added(InProcess):
    name, summary = "added-executor", "an added executor"

    def submit(self, fn, /, *args, **kwargs):
        print("submitted by the added executor")
        return super().submit(fn, *args, **kwargs)
"""
USE = """
import importlib.util, sys
from pathlib import Path

from typer.testing import CliRunner

from theory_sim.cli import app


def said(*line):
    found = CliRunner(env={"COLUMNS": "200"}).invoke(app, line)
    assert found.exit_code == 0, (line, found.output, found.exception)
    return found.output


spec = importlib.util.spec_from_file_location("registry_table", sys.argv[1])
docs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(docs)

assert "added-study" in said("study", "--list")
assert ("added-study", "Is it found?") in docs.get_rows("theory_sim.studies.registry:STUDIES")
ran = said("study", "added-study", "--size", "small", "--executor", "added-executor", "--out", "out")
assert "undecided" in ran and "submitted by the added executor" in ran
assert Path("out/added-study-small/verdict.json").is_file() and Path("out/added-study-small/figure.svg").is_file()

assert "An added figure." in said("plot", "--help")
assert "--size" in said("plot", "added-figure", "--help")
assert ("added-figure", "An added figure.") in docs.get_rows("theory_sim.plots.registry:PLOTS")
assert "sum 5" in said("plot", "added-figure", "--size", "2", "--size", "3", "-o", "added.svg")
assert Path("added.svg").is_file()

for command in ("run", "resume", "extend"):
    assert "added-executor: an added executor" in said("sweep", command, "--help")
assert ("added-executor", "an added executor") in docs.get_rows("theory_sim.sweeps.executors.base:EXECUTORS")
Path("s.toml").write_text('name = "s"\\npreset = "quick"\\nengine = "closure"\\n')
assert "submitted by the added executor" in said("sweep", "run", "s.toml", "--executor", "added-executor", "--quiet")
"""


@pytest.mark.tier2
def test_one_of_each_is_found_and_run(tmp_path: Path) -> None:
    package, information = tmp_path / "lab", tmp_path / "lab-1.0.dist-info"
    package.mkdir()
    information.mkdir()
    (package / "__init__.py").write_text("")
    for name, text in (("study", STUDY), ("figure", FIGURE), ("executor", EXECUTOR)):
        (package / f"{name}.py").write_text(text)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: lab\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[theory_sim.studies]\na = lab.study\n[theory_sim.plots]\na = lab.figure\n"
        "[theory_sim.sweeps.executors]\na = lab.executor\n"
    )
    done = subprocess.run([sys.executable, "-c", USE, str(ROOT / "docs" / "registry_table.py")], cwd=tmp_path, text=True,
                          capture_output=True, check=False, env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_that_registers_is_found() -> None:
    """A file that calls `register` below a registry's package is in its list, and each list names what is there."""
    spec = importlib.util.spec_from_file_location("registry_table", ROOT / "docs" / "registry_table.py")
    assert spec is not None and spec.loader is not None
    docs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(docs)
    for package, place, pattern in (("studies", "theory_sim.studies.registry:STUDIES", "= register(Study("),
                                    ("plots", "theory_sim.plots.registry:PLOTS", "\nregister(Plot("),
                                    ("sweeps/executors", "theory_sim.sweeps.executors.base:EXECUTORS", "\n@register\n")):
        files = [path for path in (ROOT / "theory_sim" / package).rglob("*.py") if pattern in path.read_text(encoding="utf-8")]
        rows = docs.get_rows(place)
        assert len(rows) == len(files) > 1 and all(name and summary for name, summary in rows)


def test_a_name_is_given_once_and_an_unknown_one_is_refused() -> None:
    registry: Registry[int] = Registry("number", "theory_sim.statistics", str)
    registry.add("one", 1)
    with pytest.raises(InputError, match="a second number 'one'"):
        registry.add("one", 2)
    with pytest.raises(InputError, match=r"number 'two'\n.*one of one"):
        registry["two"]
    assert registry.rows() == [("one", "1")] and list(registry) == [1]
