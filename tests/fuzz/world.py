"""A folder with something of everything that a verb takes, and things that no verb takes."""

from __future__ import annotations

import os
from pathlib import Path

import tomli_w

from proofs_check.certificate import save
from proofs_check.claim import find
from proofs_check.verify import judge
from tests.fuzz.bases import TINY
from theory_sim import Experiment, simulate
from theory_sim.engines import Engine
from theory_sim.sweeps.blocks import Product
from theory_sim.sweeps.collect import collect
from theory_sim.sweeps.declaration import Sweep
from theory_sim.sweeps.run import run_sweep
from theory_sim.sweeps.store import SweepStore

CLAIM = "noise-random-walk"


def make_world(folder: Path, engine: str = "closure") -> Path:
    """Make it in a folder that is there, with a run of an engine; the closure alone needs no compiled function."""
    (folder / "tiny.toml").write_text(tomli_w.dumps(TINY))
    (folder / "sweep.toml").write_text('name = "small"\nengine = "closure"\n' + tomli_w.dumps({"fields": TINY}))
    (folder / "taken.txt").write_text("somebody's")
    (folder / "empty.toml").write_text("")
    (folder / "binary.toml").write_bytes(bytes(range(256)))
    (folder / "bad.toml").write_text("d = 0\nseeds = 3\n")
    (folder / "empty").mkdir()
    (folder / "nowhere").symlink_to("missing/file")
    os.mkfifo(folder / "pipe")
    simulate(Experiment(name="tiny", **TINY), engine, store=folder / "run", threads=1 if engine == "finite" else None)
    make_sweep(folder / "swept")
    save(judge(find(CLAIM), level="quick"), folder / "evidence.json")
    return folder


def make_sweep(folder: Path) -> None:
    """A computed sweep: two schedules at two places, by the closure."""
    declared = Sweep("swept", Experiment(**TINY), (Product({"r": [0.3, 0.6]}),), ("L-S", "S"), (0,), (Engine("closure"),))
    store = SweepStore.create(folder, declared)
    run_sweep(store, workers=0)
    collect(store)
