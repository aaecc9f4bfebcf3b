"""Varied runs of each engine, a few hundred megabytes each and of few steps, by what they are to show of memory.

``python -m tests.memory_cases`` measures all of them, or those that are named, and stores their peaks in memory_measured.csv.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.memory_use import Case, measure
from tests.result_table import read_table, write_table

__all__ = ["ALL", "CLOSURE", "FINITE", "LIMIT", "MEAN_FIELD", "stored_peaks"]

_TABLE: Final = Path(__file__).with_name("memory_measured.csv")

_STEPS: Final[dict[str, Any]] = {"max_steps": 2, "n_test": 50}


def _finite(**fields: Any) -> Case:
    return Case({"d": 1500, "N": 5000, "m_W": 3000, "m_V": 10000, **_STEPS, **fields})


def _general(**fields: Any) -> Case:
    return Case({"d": 500, "N": 4000, "m_W": 4000, "m_V": 4000, **_STEPS, **fields})


def _watching(observe: dict[str, Any], **fields: Any) -> Case:
    """Few neurons and examples beside what is observed."""
    return Case({"d": 300, "N": 6000, "m_W": 1000, "m_V": 1000, **_STEPS, "observe": observe, **fields})


_OFTEN: Final = {"every_steps": 1}

FINITE: Final[dict[str, Case]] = {
    "float32": _finite(),
    "float64": _finite(dtype="float64"),
    "shared": _finite(network="shared"),
    "mini-batch": _finite(N=9000, batch_size=500),
    "independent neurons": _finite(neurons="independent"),
    "many fresh examples": _finite(d=1000, m_W=1000, n_test=10000),
    "fresh examples alone": Case({"d": 5, "N": 60, "m_W": 8, "m_V": 8, "max_steps": 2, "n_test": 1_000_000}),
    "fresh examples alone, shared": Case({"d": 5, "N": 60, "m_W": 8, "m_V": 8, "max_steps": 2, "n_test": 700_000,
                                          "network": "shared"}),
    "fresh examples alone, tanh": Case({"d": 5, "N": 60, "m_W": 8, "m_V": 8, "max_steps": 2, "n_test": 500_000,
                                        "activation": "tanh"}),
    "patches alone": Case({"d": 4000, "N": 5000, "m_W": 8, "m_V": 8, "max_steps": 2, "n_test": 2}),
    "batches alone": Case({"d": 3, "N": 60, "p0": 0.4, "m_W": 2, "m_V": 2, "max_steps": 2, "n_test": 2,
                           "sampling": "one-pass", "batch_size": 1_000_000}),
    "training examples alone": Case({"d": 5, "N": 1_000_000, "p0": 0.4, "m_W": 8, "m_V": 8, "max_steps": 2, "n_test": 2}),
    "wide second layer": _finite(d=100, m_W=500, m_V=4_000_000),
    "adam": _finite(optimiser="adam", eta_1=0.01, eta_2=0.001, tau_0=0.01),
    "heavy ball": _finite(optimiser="heavy-ball", eta_1=1.0, eta_2=0.1),
    "two threads": Case({"d": 6000, "N": 3000, "p0": 0.3, "m_W": 2000, "m_V": 1000, **_STEPS}, threads=2),
    "frozen patterns": _finite(patterns="frozen"),
    "redrawn patterns": _finite(patterns="redrawn"),
    "noise on pre-activations": _finite(noise_placement="pre-activations", noise_level=0.01, d=500),
    "noise on labels": _finite(noise_placement="labels", noise_level=0.05, d=1000),
    "noise on iterates": _finite(noise_placement="iterates", noise_level=0.01, d=1000),
    "tanh": _general(activation="tanh"),
    "biases and gelu": _general(activation="gelu", biases=True),
    "both layers": _general(train_second_layer=True),
    "both layers, shared, float64": _general(train_second_layer=True, network="shared", dtype="float64"),
    "weak and strong": _general(data_law="weak-and-strong"),
    "xor": _general(data_law="xor", N=8000, eta_1=1.0),
    "one pass": _general(sampling="one-pass", batch_size=4000),
    "kernels of many probes": _watching({"kernels": {"probes": 1500, **_OFTEN}}),
    "kernels at many times": _watching({"kernels": {"probes": 500, **_OFTEN}}, max_steps=30, N=2000, max_tau=1e5, d=100),
    "patterns of many probes": _watching({"patterns": {"probes": 3000, **_OFTEN}}, m_W=8000, d=200),
    "sharpness by Lanczos": _watching({"sharpness": {}}, m_W=1500, d=600),
    "sharpness of tanh": _watching({"sharpness": {}}, activation="tanh", N=3000),
    "descent": _watching({"descent": {}}, m_W=3000),
    "gradients": _watching({"gradients": {}}, d=3000, N=12000, p0=0.1, m_W=100),
    "many records": Case({"d": 10, "N": 20, "m_W": 4, "m_V": 4, "n_test": 2, "p0": 0.4, "max_steps": 12000, "max_tau": 1e6,
                          "record_every": 1e-3}),
}


def _limit(*, noise: str = "vanishing", **changed: Any) -> Case:
    options = {name: changed.pop(name) for name in ("spatial", "time", "kernel", "tolerance") if name in changed}
    if noise != "vanishing":
        options["noise"] = noise
    fields = {"d": 1000, "N": 9000, "n_test": 50, **({} if options.get("time") == "flow" else {"max_steps": 2}), **changed}
    return Case(fields, "limit", options)


LIMIT: Final[dict[str, Case]] = {
    "float32": _limit(),
    "float64": _limit(N=7000, dtype="float64"),
    "shared": _limit(network="shared"),
    "mini-batch": _limit(batch_size=500),
    "many fresh examples": _limit(N=5000, n_test=10000),
    "fresh examples alone": _limit(d=5, N=60, p0=0.4, n_test=300_000, spatial="mean"),
    "mean": _limit(N=40000, spatial="mean"),
    "mean, shared, float64": _limit(N=20000, d=500, spatial="mean", network="shared", dtype="float64"),
    "mean of few": _limit(N=8000, d=100, p0=0.5, spatial="mean"),
    "flow": _limit(time="flow", max_tau=0.2, record_every=0.2),
    "flow, mean": _limit(N=30000, d=500, time="flow", spatial="mean", max_tau=0.2, record_every=0.2),
    "frozen kernel": _limit(kernel="frozen"),
    "independent kernel": _limit(kernel="independent"),
    "loose tolerance": _limit(d=100, N=4000, tolerance=1e-4),
    "tight tolerance": _limit(d=1000, tolerance=1e-11),
    "low dimension": _limit(d=10, N=2500, p0=0.1),
    "lower dimension": _limit(d=3, N=1000, p0=0.1),
    "low dimension, mean": _limit(d=10, N=3000, p0=0.1, spatial="mean"),
    "sampled noise": _limit(d=800, N=3000, noise="sampled", neurons="independent"),
    "sampled noise, shared": _limit(d=800, N=1800, noise="sampled", neurons="balanced", network="shared"),
    "sampled noise, mean": _limit(d=300, N=60000, noise="sampled", neurons="independent", spatial="mean"),
    "heavy ball": _limit(d=50, N=5000, max_steps=3000, max_tau=1e6, optimiser="heavy-ball", eta_1=1.0, eta_2=0.1,
                         spatial="mean"),
    "leaky": _limit(activation="leaky-relu"),
    "erf": _limit(d=500, N=6000, activation="erf"),
    "noise on pre-activations": _limit(noise_placement="pre-activations-shared", noise_level=0.01),
    "kernels of many probes": _limit(d=300, N=4000, observe={"kernels": {"probes": 1500, **_OFTEN}}),
    "patterns": _limit(d=1000, observe={"patterns": {"probes": 4000}}),
    "gradients": _limit(d=3000, N=10000, spatial="mean", observe={"gradients": {}}),
    "many records": _limit(d=10, N=20, p0=0.4, n_test=2, max_steps=12000, max_tau=1e6, record_every=1e-3),
}

CLOSURE: Final[dict[str, Case]] = {
    name: Case(fields, "closure") for name, fields in {
        "default": {}, "small rate": {"schedule": "S"}, "constant": {"schedule": "constant"},
        "cosine": {"schedule": "cosine"}, "long": {"max_tau": 20000.0}, "short": {"max_tau": 30.0},
        "large d": {"d": 5000}, "few examples": {"d": 20, "N": 60}, "many examples": {"kappa": 0.1},
        "no Q": {"q0": 0.0, "p0": 1.0}, "no P": {"q0": 1.0, "p0": 0.0}, "more noise": {"tau_xi": 0.03},
        "no noise": {"tau_xi": 0.0, "tau_0": 0.05}, "wide angle": {"r": 0.9}, "large ridge": {"lambda": 0.01},
        "frozen patterns": {"patterns": "frozen"}, "redrawn patterns": {"patterns": "redrawn"},
        "large rate": {"eta_1": 60.0}, "warm up": {"schedule": "warm-up"},
    }.items()
}



def _mean_field(nodes: int = 100, particles: int = 4096, **fields: Any) -> Case:
    return Case({"schedule": "S", **fields}, "mean-field", {"nodes": nodes, "particles": particles})


MEAN_FIELD: Final[dict[str, Case]] = {
    "default": _mean_field(schedule="L-S"),
    "small rate": _mean_field(),
    "few particles": _mean_field(nodes=300, particles=64),
    "many particles": _mean_field(nodes=40, particles=65536),
    "many particles and nodes": _mean_field(nodes=150, particles=32768),
    "many nodes": _mean_field(nodes=250),
    "more nodes": _mean_field(nodes=330, particles=1024),
    "most responses": _mean_field(nodes=400, particles=512),
    "each step a node": _mean_field(schedule="cosine", eta_1=8.0, max_tau=500.0),
}

ALL: Final[dict[str, Case]] = {
    f"{case.engine}: {name}": case for cases in (FINITE, LIMIT, CLOSURE, MEAN_FIELD) for name, case in cases.items()
}


@dataclass(frozen=True)
class Peak:
    """Most that a run of a case has held, in bytes: as `measure` says."""

    case: str
    peak: int


def stored_peaks() -> dict[str, int]:
    """Peak of each case that was measured."""
    return {row["case"]: int(row["peak"]) for row in read_table(_TABLE)}


def main(names: list[str]) -> None:
    """Measure cases, all by default, and store their peaks with those of the others."""
    peaks = stored_peaks() if _TABLE.exists() else {}
    for name in names or list(ALL):
        found = measure(ALL[name])
        print(f"{name}: {found.peak / 1e6:.1f} MB, estimated {found.estimated / found.peak:.2f} of it, {found.seconds:.1f} s",
              flush=True)
        peaks[name] = found.peak
        write_table([Peak(case, peaks[case]) for case in ALL if case in peaks], Peak, _TABLE)


if __name__ == "__main__":
    main(sys.argv[1:])
