"""Adding a study, a figure, an executor or an engine is one file: found in help and in the documentation's lists, and run.

The package that is added is another distribution, as a user would write it: four modules, declared as entry points.
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
from theory_sim.engines import Engine
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
ENGINE = """
from theory_sim.engines.registry import register
from theory_sim.engines.solver import Option, Solver
from theory_sim.errors import Fault


@register
class Added(Solver):
    name, summary = "added-engine", "an added engine"
    options = (Option("stretch", 1.0, "how far rates are stretched (default 1)", least=1.0, most=2.0),
               Option("flavour", "plain", "plain (default), odd", ("plain", "odd")))
    unread = frozenset({"m_W"})

    def unsupported(self, experiment, options, observers=()):
        if experiment.network == "shared":
            return Fault("network = 'shared' in the added engine", "it has split networks", "set network = 'split'")

    def run(self, experiment, options, unfinished, *, observers, threads, progress, seconds):
        import json

        from theory_sim.data import draw_data, draw_test_data
        from theory_sim.loop import Run, deferred_interrupt
        from theory_sim.network import SplitNetwork
        from theory_sim.numeric.pool import BlockPool
        from theory_sim.observe.decomposition import Decomposition
        from theory_sim.observe.generalisation import PError
        from theory_sim.observe.losses import Losses
        from theory_sim.observe.separation import Separation

        train, test = draw_data(experiment), draw_test_data(experiment)
        watching = [Losses(), PError(experiment.g0), Decomposition(), Separation(), *observers]
        with BlockPool(threads) as pool, deferred_interrupt() as interrupted:
            network = SplitNetwork(experiment, train, pool)
            step = network.step
            network.step = lambda residual, rate, *rest, **more: step(residual, options["stretch"] * rate, *rest, **more)
            run = Run(experiment, train, test, network, watching, engine=self.name, layers=["W", "V"], progress=progress,
                      interrupted=interrupted, unfinished=unfinished, checkpoint_seconds=seconds)
            return run.complete(lambda: {self.name: json.dumps(options), "seconds": 1.0})

    def estimated_seconds(self, experiment, options, threads):
        return 3600.0
"""
USE = """
import importlib.util, os, signal, sys
from pathlib import Path

from typer.testing import CliRunner

from theory_sim import Engine, Trajectory, simulate
from theory_sim.cli import app
from theory_sim.errors import InputError


def said(*line):
    found = CliRunner(env={"COLUMNS": "200"}).invoke(app, line)
    assert found.exit_code == 0, (line, found.output, found.exception)
    return found.output


spec = importlib.util.spec_from_file_location("registry_rows", sys.argv[1])
docs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(docs)

assert "added-study" in said("list", "studies")
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
help = said("run", "--help")
assert "added-engine: an added engine" in help and "--stretch" in help and "Added-engine: how far rates" in help
assert ("added-engine", "an added engine") in docs.get_rows("theory_sim.engines.registry:ENGINES")


def refused(*line):
    found = CliRunner(env={"COLUMNS": "200"}).invoke(app, line)
    assert isinstance(found.exception, InputError), found.output
    return str(found.exception)


fields = ("d=8", "m_W=8", "m_V=20", "n_test=2", "max_tau=40", "schedule=S")
small = ["--preset", "quick", *(f"--set={field}" for field in fields)]
assert "one of added-engine, closure, finite, limit" in refused("run", *small, "--engine", "nonesuch")
assert "this is an option of added-engine" in refused("run", *small, "--stretch", "1.5")
assert "a number from 1 to 2" in refused("run", *small, "--engine", "added-engine", "--stretch", "3")
assert "one of plain, odd" in refused("run", *small, "--engine", "added-engine", "--flavour", "sour")
assert "it has split networks" in refused("run", *small, "--engine", "added-engine", "--set", "network=shared")
ran = CliRunner().invoke(app, ["run", *small, "--engine", "added-engine", "--stretch", "1.5", "--flavour", "odd"])
assert "about 60 min in all" in ran.stderr, ran.stderr
path = Path("runs/quick-S-seed0-added-engine-odd")
first = Trajectory.load(path)
assert Engine.of(first) == Engine("added-engine", {"stretch": 1.5, "flavour": "odd"})
assert "added-engine (odd, stretch 1.5)" in said("show", str(path))
assert not (simulate(first.experiment).history("g", part="total") == first.history("g", part="total")).all()


def stop(step, tau, loss):
    if tau > 20:
        os.kill(os.getpid(), signal.SIGINT)


e = first.experiment
assert simulate(e, Engine.of(first), store="again", progress=stop).outcome == "interrupted"
assert "added-engine" in said("resume", "again")
again = Trajectory.load("again")
assert again.dataset.drop_attrs().equals(first.dataset.drop_attrs())
Path("t.toml").write_text('name = "t"\\npreset = "quick"\\nengine = ["closure", {name = "added-engine", stretch = 1.5}]\\n'
                          '[fields]\\nd = 8\\nm_W = 8\\nm_V = 20\\nn_test = 2\\nmax_tau = 40.0\\n')
assert "2 of 2 runs done" in said("sweep", "run", "t.toml", "--workers", "0")
Path("s.toml").write_text('name = "s"\\npreset = "quick"\\nengine = "closure"\\n')
assert "submitted by the added executor" in said("sweep", "run", "s.toml", "--executor", "added-executor", "--quiet")
"""


@pytest.mark.tier2
def test_one_of_each_is_found_and_run(tmp_path: Path) -> None:
    package, information = tmp_path / "lab", tmp_path / "lab-1.0.dist-info"
    package.mkdir()
    information.mkdir()
    (package / "__init__.py").write_text("")
    for name, text in (("study", STUDY), ("figure", FIGURE), ("executor", EXECUTOR), ("engine", ENGINE)):
        (package / f"{name}.py").write_text(text)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: lab\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[theory_sim.studies]\na = lab.study\n[theory_sim.plots]\na = lab.figure\n"
        "[theory_sim.sweeps.executors]\na = lab.executor\n[theory_sim.engines]\na = lab.engine\n"
    )
    done = subprocess.run([sys.executable, "-c", USE, str(ROOT / "docs" / "registry_rows.py")], cwd=tmp_path, text=True,
                          capture_output=True, check=False, env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert done.returncode == 0, done.stdout + done.stderr


def _rows(place: str) -> list[tuple[str, str]]:
    """What the documentation lists."""
    spec = importlib.util.spec_from_file_location("registry_rows", ROOT / "docs" / "registry_rows.py")
    assert spec is not None and spec.loader is not None
    docs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(docs)
    rows: list[tuple[str, str]] = docs.get_rows(place)
    return rows


def test_every_module_that_registers_is_found() -> None:
    """A file that calls `register` below a registry's package is in its list, and each list names what is there."""
    for package, place, pattern in (("studies", "theory_sim.studies.registry:STUDIES", "= register(Study("),
                                    ("plots", "theory_sim.plots.registry:PLOTS", "\nregister(Plot("),
                                    ("sweeps/executors", "theory_sim.sweeps.executors.base:EXECUTORS", "\n@register\n"),
                                    ("engines", "theory_sim.engines.registry:ENGINES", "\n@register\n")):
        files = [path for path in (ROOT / "theory_sim" / package).rglob("*.py") if pattern in path.read_text(encoding="utf-8")]
        rows = _rows(place)
        assert len(rows) == len(files) > 1 and all(name and summary for name, summary in rows)


def test_a_name_is_given_once_and_an_unknown_one_is_refused() -> None:
    registry: Registry[int] = Registry("number", "theory_sim.statistics", str)
    registry.add("one", 1)
    with pytest.raises(InputError, match="a second number 'one'"):
        registry.add("one", 2)
    with pytest.raises(InputError, match=r"number 'two'\n.*one of one"):
        registry["two"]
    assert registry.rows() == [("one", "1")] and list(registry) == [1]
