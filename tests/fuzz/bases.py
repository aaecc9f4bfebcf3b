"""Files that cases start from: the project's own experiments, sweeps and plans, and small ones of each kind of block."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from theory_sim.experiment import Experiment
from theory_sim.experiment.description import preset_names

ROOT: Final = Path(__file__).parents[2]
TINY: Final[dict[str, Any]] = {"d": 10, "N": 40, "m_W": 20, "m_V": 40, "max_tau": 20.0, "n_test": 5}
_SWEEPS: Final = (
    'name = "s"\nseeds = "0:2"\ncompare = ["L-S", "S"]\n[fields]\nd = 10\n[product]\nr = [0.3, 0.6]\n',
    'name = "s"\nengine = {name = "limit", time = "flow"}\n[zip]\nr = [0.3, 0.6]\nd = [10, 20]\n',
    'name = "s"\nengine = ["finite", "limit"]\n[[zip]]\nr = [0.3]\nd = [10]\n[[zip]]\neta_1 = [1.0]\n',
    'name = "s"\npreset = "quick"\n[sobol]\ncount = 4\nseed = 1\nr = [0.1, 0.5]\nd = {low = 10, high = 20}\n',
    'name = "s"\n[random]\ncount = 3\nlambda = {low = 1e-5, high = 1e-3, scale = "log"}\nloss = {values = ["logistic"]}\n',
    'name = "s"\n[fields]\nschedule_clock = "step"\n[product]\nschedule = ["S"]\n',
)  # fmt: skip


@cache
def experiments() -> tuple[dict[str, Any], ...]:
    """Presets, the examples, and a tiny one with what has fields of its own."""
    examples = [tomllib.loads(path.read_text()) for path in sorted((ROOT / "docs/examples").glob("*.toml"))]
    own: list[dict[str, Any]] = [
        TINY | {"schedule": "pieces", "pieces": [[1.0, 5.0], [0.5, 10.0]]}, TINY | {"schedule": "step", "step_tau": 5.0},
        TINY | {"data_law": "arrays"}, TINY | {"observe": {"kernels": {"every_tau": 5.0, "probes": 4}}},
        TINY | {"optimiser": "heavy-ball", "momentum": 0.9}, TINY | {"batch_size": 8, "sampling": "epochs"},
        TINY | {"noise_placement": "labels", "noise_level": 0.1}, TINY | {"epsilon_2": 0.1}, {},
    ]  # fmt: skip
    return (*(Experiment.preset(name).fields() for name in preset_names()), *examples, *own)


@cache
def sweeps() -> tuple[dict[str, Any], ...]:
    """Declarations of docs/sweeps, cut to few runs, and small ones."""
    return tuple(tomllib.loads(text) for text in _SWEEPS)


@cache
def plans() -> tuple[dict[str, Any], ...]:
    """Experiments with lists of schedules and seeds."""
    return (TINY | {"compare": ["L-S", "S"], "seeds": [0, 1]}, TINY | {"seeds": "0:3"}, TINY | {"compare": ["S"]},
            {"compare": ["L-S", "S"], "seeds": [0, 1, 2], "epsilon_2": 0.1, **TINY})


@cache
def texts() -> tuple[bytes, ...]:
    """Files as bytes, for mutations that know nothing of their structure."""
    files = [*(ROOT / "docs/examples").glob("*.toml"), *(ROOT / "docs/sweeps").glob("*.toml")]
    return (*(path.read_bytes() for path in sorted(files)), *(text.encode() for text in _SWEEPS))
