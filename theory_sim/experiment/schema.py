"""JSON Schema of an experiment's file, for editors: names, types, ranges, and what can be chosen by name."""

from __future__ import annotations

from typing import Any, Final

import pydantic

from theory_sim.experiment.choices import CHOSEN, OBSERVERS
from theory_sim.experiment.description import Experiment

__all__ = ["DRAFT", "experiment_schema"]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_WANTED: Final = {
    "default", "description", "type", "anyOf", "items", "minItems", "maxItems", "prefixItems", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "enum", "const", "additionalProperties", "$ref",
}


def experiment_schema() -> dict[str, Any]:
    """Schema of the fields of an experiment, those that one choice alone has among them.

    It knows each field by itself; what two fields may not be together is told when the file is read.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12. What other packages register is in it.

    Examples
    --------
    >>> experiment_schema()["properties"]["d"]["minimum"]
    1
    """
    found = Experiment.model_json_schema(by_alias=True)
    fields = {name: _plain(each) for name, each in found["properties"].items()}
    for registry in CHOSEN:
        fields[registry.kind]["enum"] = sorted({fields[registry.kind]["default"], *registry.names()})
        for choice in registry:
            for name, info in choice.own_fields().items():
                adapter = pydantic.TypeAdapter[object](choice.fields[name])
                own = {**_plain(adapter.json_schema()), "description": info.description}
                known = fields.get(name)
                fields[name] = own if known in (None, own) else {"anyOf": [*known.get("anyOf", [known]), own]}
    fields["observe"]["propertyNames"] = {"enum": sorted(OBSERVERS.names())}
    of_recording = {name: _plain(each) for name, each in found["$defs"]["Recording"]["properties"].items()}
    recording = {"type": "object", "properties": of_recording}  # and an observer's own fields
    return {"$schema": DRAFT, "title": "Experiment of theory-sim", "type": "object", "properties": fields,
            "additionalProperties": False, "$defs": {"Recording": recording}}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """What an editor reads of a field; TOML has no null."""
    kept = {name: value for name, value in schema.items() if name in _WANTED and (name, value) != ("default", None)}
    kinds = [_plain(each) for each in kept.pop("anyOf", []) if each.get("type") != "null"]
    return kept if not kinds else {**kept, **kinds[0]} if len(kinds) == 1 else {**kept, "anyOf": kinds}
