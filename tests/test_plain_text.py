"""Lists in a terminal: no markup of the documentation, and a row for each field."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from theory_sim.cli import app
from theory_sim.cli.listing import listed_kinds
from theory_sim.experiment import Experiment
from theory_sim.terminal.plain_text import plain_text

MARKUP = re.compile(r"[\\$`]|\{ref\}|\]\(")


@pytest.mark.parametrize("kind", ["schedules", "optimisers", "losses", "noise_placements", "activations", "data_laws",
                                  "observers", "fields", "plots"])
def test_lists_are_plain(kind: str) -> None:
    assert kind in listed_kinds()
    for form in ("text", "json"):
        output = CliRunner().invoke(app, ["list", kind, "--format", form]).output
        found = MARKUP.search(output if form == "text" else " ".join(map(str, json.loads(output)["rows"])))
        assert found is None, output[max(0, found.start() - 30) : found.end() + 30]


@pytest.mark.parametrize(("markup", "text"), [
    (r"$b\leftarrow\mu b+g$, $U\leftarrow U-\gamma(g+\mu b)$", "b ← μb+g, U ← U-γ(g+μb)"),
    (r"$\epsilon_1+\hat q\,\ell(0)$", "ε_1+q_hat l(0)"), (r"$\max(z,0)+a\min(z,0)$", "max(z,0)+a min(z,0)"),
    (r"$\gamma\hat m/(\sqrt{\hat s}+\epsilon)$", "γm_hat/(sqrt(s_hat)+ε)"), (r"$K_{t,t}$ and $e^{-v}$", "K_(t,t) and e^(-v)"),
    ("beside {ref}`§6 <theory-6>`, [C.2](theorem/c2.md) [a, b]", "beside §6, C.2 [a, b]"),
    ("`[[until, rate], ...]`", "[[until, rate], ...]"),
])
def test_markup_by_hand(markup: str, text: str) -> None:
    assert plain_text(markup) == text


def test_every_field_is_listed() -> None:
    output = CliRunner().invoke(app, ["list", "fields", "--format", "json"]).output
    rows = {row["name"]: row for row in json.loads(output)["rows"]}
    assert {info.alias or name for name, info in Experiment.model_fields.items()} | {"warm_up", "leak"} <= rows.keys()
    assert rows["q0"]["default"] == "0.5" and rows["q0"]["takes"] == "a number from 0 to 1"
    assert "warm-up" in rows["warm_up"]["meaning"]
