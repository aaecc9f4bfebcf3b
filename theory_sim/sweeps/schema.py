"""JSON Schemas of the files that ``theory-sim run`` and ``theory-sim sweep`` read, for editors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from theory_sim.engines import ENGINES
from theory_sim.experiment.choices import SCHEDULES
from theory_sim.experiment.presets import PRESETS
from theory_sim.experiment.schema import DRAFT, experiment_schema
from theory_sim.sweeps.block_tables import BLOCKS

__all__ = ["SCHEMAS", "plan_schema", "sweep_schema"]

_SEEDS: Final = {"description": "seeds: a list, or a range such as \"0:5\", without its end",
                 "anyOf": [{"type": "array", "items": {"type": "integer"}, "minItems": 1}, {"type": "string"}]}


def plan_schema() -> dict[str, Any]:
    """Schema of an experiment's file, with the schedules to compare and the seeds.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.
    """
    schema = experiment_schema()
    listed = {"type": "array", "minItems": 1, "items": {"enum": sorted(SCHEDULES.names())}, "description": "schedules, in turn"}
    return {**schema, "properties": {**schema["properties"], "compare": listed, "seeds": _SEEDS}}


def sweep_schema() -> dict[str, Any]:
    """Schema of a sweep's declaration; of what varies, the blocks' names alone.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.
    """
    schema = experiment_schema()
    fields = {"type": "object", "properties": schema["properties"], "additionalProperties": False,
              "description": "fields of the experiment that do not vary"}
    schedule = {"anyOf": [{"enum": sorted(SCHEDULES.names())}, {"type": "object", "required": ["schedule"]}]}
    engine = {"anyOf": [{"enum": sorted(ENGINES.names())}, {"type": "object", "required": ["name"]}]}
    blocks = {kind: {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]} for kind in BLOCKS}
    own = {
        "name": {"type": "string", "description": "name of the sweep, and of its folder"},
        "preset": {"enum": sorted(PRESETS), "description": "experiment to start from"}, "fields": fields,
        "compare": {"type": "array", "items": schedule, "description": "schedules; a table has fields of its own"},
        "seeds": _SEEDS, "engine": {"anyOf": [*engine["anyOf"], {"type": "array", "items": engine}]},
        "adaptive": {"type": "object", "description": "refinement where the learning order changes"},
    }
    return {"$schema": DRAFT, "title": "Sweep of theory-sim", "type": "object", "properties": {**own, **blocks},
            "required": ["name"], "additionalProperties": False, "$defs": schema["$defs"]}


SCHEMAS: Final[Mapping[str, Callable[[], dict[str, Any]]]] = {"experiment": plan_schema, "sweep": sweep_schema}
"""Kind of file to its schema."""
