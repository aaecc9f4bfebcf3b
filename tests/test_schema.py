"""JSON Schemas of files: what the program reads is valid, and a mistake that an editor can see is none."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from theory_sim import Experiment
from theory_sim.cli import app
from theory_sim.errors import InputError
from theory_sim.experiment import preset_names
from theory_sim.experiment.choices import CHOSEN
from theory_sim.sweeps.schema import SCHEMAS

DOCS = Path(__file__).parents[1] / "docs"
VALIDATORS = {kind: jsonschema.Draft202012Validator(make()) for kind, make in SCHEMAS.items()}


def faults(kind: str, table: dict[str, Any]) -> list[str]:
    return [error.message for error in VALIDATORS[kind].iter_errors(table)]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_schema_is_one(kind: str) -> None:
    schema = SCHEMAS[kind]()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(CliRunner().invoke(app, ["schema", kind]).stdout) == schema
    with pytest.raises(InputError, match="one of experiment, sweep"):
        CliRunner().invoke(app, ["schema", "swep"], catch_exceptions=False)


@pytest.mark.parametrize("path", sorted(DOCS.glob("examples/*.toml")), ids=lambda path: path.stem)
def test_every_example_is_valid(path: Path) -> None:
    assert faults("experiment", tomllib.loads(path.read_text())) == []


@pytest.mark.parametrize("path", sorted(DOCS.glob("sweeps/*.toml")), ids=lambda path: path.stem)
def test_every_sweep_is_valid(path: Path) -> None:
    assert faults("sweep", tomllib.loads(path.read_text())) == []


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid(name: str) -> None:
    assert faults("experiment", json.loads(json.dumps(Experiment.preset(name).fields()))) == []


def test_whatever_can_be_chosen_is_valid() -> None:
    for registry in CHOSEN:
        for choice in registry:
            assert faults("experiment", {registry.kind: choice.name}) == []
            for name, info in choice.own_fields().items():
                if not info.is_required() and info.default is not None:
                    default = json.loads(json.dumps(info.default))
                    assert faults("experiment", {name: default}) == [], (registry.kind, choice.name, name)


@pytest.mark.parametrize(("kind", "table"), [
    ("experiment", {"kapa": 0.5}), ("experiment", {"d": 0}), ("experiment", {"d": 1.5}), ("experiment", {"schedule": "L-T"}),
    ("experiment", {"lambda": "1e-3"}), ("experiment", {"compare": []}), ("experiment", {"seeds": [0.5]}),
    ("experiment", {"observe": {"kernel": {}}}), ("experiment", {"q0": -0.1}), ("sweep", {"fields": {}}),
    ("sweep", {"name": "s", "produkt": {}}), ("sweep", {"name": "s", "fields": {"kapa": 1}}),
    ("sweep", {"name": "s", "preset": "x"}),
])  # fmt: skip
def test_what_an_editor_can_see_is_marked(kind: str, table: dict[str, Any]) -> None:
    assert faults(kind, table)


def test_a_value_that_the_program_refuses_by_itself_is_marked() -> None:
    """One field at a time, at its ends and beyond: the schema and the program agree."""
    fields = SCHEMAS["experiment"]()["properties"]
    looked = 0
    for name, rules in fields.items():
        for end, beyond in (("minimum", -1), ("maximum", 1)):
            if rules.get("type") in ("integer", "number") and end in rules:
                outside = rules[end] + beyond * max(1, abs(rules[end]) / 2)
                assert faults("experiment", {name: outside}), name
                with pytest.raises(InputError):
                    Experiment(**{name: outside})
                looked += 1
    assert looked > 20
