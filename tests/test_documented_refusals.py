"""What the pages say an engine refuses is refused, and what they say it takes is taken."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from theory_sim import Engine, Experiment
from theory_sim.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
SMALL: dict[str, Any] = {"d": 6, "N": 30, "m_W": 20, "m_V": 20, "schedule": "constant"}
Case = tuple[dict[str, Any], dict[str, Any]]
"""Options of the engine, and fields of the experiment."""


def taken(engine: str, options: dict[str, Any], fields: dict[str, Any]) -> bool:
    try:
        return Engine(engine, options).unsupported(Experiment(**{**SMALL, **fields})) is None
    except InputError:
        return False


def placed(name: str) -> dict[str, Any]:
    return {"noise_placement": name, "noise_level": 0.1, **({"loss": "squared"} if name == "targets" else {})}


SAMPLED, FLOW, INDEPENDENT = {"noise": "sampled"}, {"time": "flow"}, {"neurons": "independent"}
MOMENTUM, ERF = {"optimiser": "heavy-ball", "tau_0": 1.0}, {"activation": "erf"}
PATTERNS = ("frozen", "frozen-at-annealing", "redrawn")
ON_WEIGHTS = ("gradient", "iterates", "iterates-transient", "pre-activations", "pre-activations-shared", "activations")
ON_LABELS = ("labels", "targets")
# By the start of its row in the table of docs/explanation/limit.md.
REFUSED_BY_LIMIT: dict[str, list[Case]] = {
    '`noise="sampled"` with paired neurons': [(SAMPLED, {})],
    '`noise="sampled"` with `spatial="mean"` and the shared network': [
        ({**SAMPLED, "spatial": "mean"}, {**INDEPENDENT, "network": "shared"})],
    '`time="flow"` with `noise="sampled"`': [({**FLOW, **SAMPLED}, INDEPENDENT)],
    '`noise_placement = "pre-activations"`': [({}, placed("pre-activations"))],
    'other `noise_placement` with `time="flow"`': [
        (FLOW, placed(name)) for name in (*ON_WEIGHTS, *ON_LABELS) if name != "pre-activations"],
    'noise on pre-activations or transient iterates with `noise="sampled"`': [
        (SAMPLED, {**INDEPENDENT, **placed(name)}) for name in ("pre-activations-shared", "iterates-transient")],
    '`patterns` other than `"moving"` with `kernel` or `noise="sampled"`': [
        case for name in PATTERNS
        for case in (({"kernel": "frozen"}, {"patterns": name}), (SAMPLED, {**INDEPENDENT, "patterns": name}))],
    '`activation = "erf"` with other than paired neurons': [
        *(({}, {**ERF, **more}) for more in (INDEPENDENT, {"network": "shared"}, MOMENTUM, {"patterns": "redrawn"},
                                             placed("gradient"), placed("activations"))),
        *((options, ERF) for options in ({"kernel": "frozen"}, FLOW, {"spatial": "mean"}))],
    '`sampling = "one-pass"`': [({}, {"sampling": "one-pass", "batch_size": 4})],
    '`time="flow"` with `batch_size` or `max_steps`': [(FLOW, {"batch_size": 4}), (FLOW, {"max_steps": 4})],
    '`time="flow"` with `tau_0 = 0` and moving patterns': [(FLOW, {"tau_0": 0.0})],
    '`time="flow"` with a smooth schedule': [
        *((FLOW, {"schedule": name}) for name in ("cosine", "cyclic", "exponential", "linear", "power", "warm-up")),
        (FLOW, {"schedule": "step", "step_tau": 9.0, "schedule_clock": "step"})],
    '`time="flow"` with momentum': [(FLOW, MOMENTUM), (FLOW, {"loss": "hinge"})],
    "leaky ReLU or linear with `tau_0 = 0`": [({}, {"activation": name, "tau_0": 0.0}) for name in ("leaky-relu", "linear")],
    "any other activation, biases": [({}, fields) for fields in (
        {"activation": "tanh"}, {"biases": True}, {"train_second_layer": True}, {"output_scale": 2.0},
        {"optimiser": "adam", "tau_0": 1.0}, {"data_law": "xor"})],
}
TAKEN_BY_LIMIT: list[Case] = [
    ({}, {}), (FLOW, {}), (SAMPLED, INDEPENDENT), ({**SAMPLED, "spatial": "mean"}, INDEPENDENT), ({"kernel": "frozen"}, {}),
    ({**FLOW, "kernel": "frozen"}, {"tau_0": 0.0}), ({}, {"tau_0": 0.0}), ({}, MOMENTUM),
    ({}, {**MOMENTUM, "optimiser": "nesterov"}),
    ({}, ERF), ({}, {**ERF, **placed("labels")}), ({}, {"alpha_law": "power"}), ({}, {"label_flips": 0.1}),
    *(({}, {"patterns": name, "activation": kind}) for name in PATTERNS for kind in ("relu", "leaky-relu", "linear")),
    *(({}, placed(name)) for name in (*ON_WEIGHTS, *ON_LABELS) if name != "pre-activations"),
    (FLOW, {"schedule": "step", "step_tau": 9.0}),
]  # fmt: skip


def test_every_row_of_what_the_limit_refuses_is_refused() -> None:
    text = (ROOT / "docs" / "explanation" / "limit.md").read_text(encoding="utf-8")
    table = text.partition("| refused | because |\n|---|---|\n")[2].partition("\n\n")[0]
    rows = [row.split("|")[1].strip() for row in table.splitlines()]
    cases = {row: [of for start, of in REFUSED_BY_LIMIT.items() if row.startswith(start)] for row in rows}
    assert [row for row, found in cases.items() if len(found) != 1] == [], "each row has its cases here"
    assert len(rows) == len(REFUSED_BY_LIMIT)
    assert [(row, case) for row, (of,) in cases.items() for case in of if taken("limit", *case)] == []
    assert [case for case in TAKEN_BY_LIMIT if not taken("limit", *case)] == []


CLOSURE = {
    "mini-batches": {"batch_size": 4}, "placed noise": placed("gradient"), "noise on labels": placed("labels"),
    "the shared network": {"network": "shared"}, "observers": {"observe": {"kernels": {}}},
    "flipped labels": {"label_flips": 0.1},
    "biases": {"biases": True}, "a trained second layer": {"train_second_layer": True},
    "an output scale": {"output_scale": 2.0}, "any loss": {"loss": "squared"}, "optimiser": MOMENTUM,
    "data": {"data_law": "xor"}, "law of $\\alpha$": {"alpha_law": "fixed"},
    "any activation but ReLU, leaky ReLU and linear": ERF,
}  # fmt: skip


def test_what_the_closure_refuses_is_said_and_refused() -> None:
    text = re.sub(r"\s+", " ", (ROOT / "docs" / "explanation" / "limit.md").read_text(encoding="utf-8"))
    (said,) = re.findall(r"It refuses what its averages are not of: ([^.]*)\.", text)
    assert [words for words in CLOSURE if words not in said] == []
    assert [words for words, fields in CLOSURE.items() if taken("closure", {}, fields)] == []
    kinds = ({}, {"activation": "leaky-relu"}, {"activation": "linear"}, INDEPENDENT, {"tau_0": 0.0}, {"schedule": "cyclic"},
             *({"patterns": name} for name in PATTERNS))  # fmt: skip
    assert [fields for fields in kinds if not taken("closure", {}, fields)] == []


BEYOND = ({"activation": "tanh"}, {"activation": "leaky-relu"}, {"biases": True}, {"train_second_layer": True},
          {"output_scale": 2.0}, {"data_law": "xor"})  # fmt: skip


@pytest.mark.parametrize("beyond", BEYOND, ids=str)
def test_what_is_of_the_relu_network_on_the_mixture(beyond: dict[str, Any]) -> None:
    """At finite width placed noise but that on labels and targets, other patterns, and all observers but sharpness."""
    refused = [*map(placed, ON_WEIGHTS), *({"patterns": name} for name in PATTERNS),
               *({"observe": {name: {}}} for name in ("patterns", "kernels", "gradients", "descent"))]  # fmt: skip
    others = [*map(placed, ON_LABELS), {"observe": {"sharpness": {}}}, {"sampling": "one-pass", "batch_size": 3}]
    assert [fields for fields in refused if taken("finite", {}, {**beyond, **fields})] == []
    assert [fields for fields in others if not taken("finite", {}, {**beyond, **fields})] == []
    assert [fields for fields in (*refused, *others) if not taken("finite", {}, fields)] == []
    optimisers = [{"optimiser": name, "tau_0": 1.0} for name in ("heavy-ball", "nesterov", "rmsprop", "adam", "adamw")]
    trained = "train_second_layer" in beyond  # by gradient descent alone
    assert [fields for fields in optimisers if taken("finite", {}, {**beyond, **fields}) == trained] == []
