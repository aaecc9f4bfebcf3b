"""Tables of the documentation, in Markdown, made from what fields, things chosen by name, and observers declare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from theory_sim.experiment.choices import CHOSEN, NO_PLACEMENT, OBSERVERS, PLACEMENTS, SCHEDULES
from theory_sim.experiment.description import Experiment
from theory_sim.experiment.field_rules import get_rule

__all__ = ["choice_table", "field_rows", "field_table", "observer_table", "placement_table", "schedule_table"]


def field_rows() -> list[dict[str, str]]:
    """Every field: name, default, what it takes, what it means, and which schedules or placements read it, if not all do."""
    rows = []
    chosen = [each for registry in CHOSEN for each in registry]
    own = {name: info for each in chosen for name, info in each.own_fields().items()}
    for name, info in {**Experiment.model_fields, **own}.items():
        default = "" if info.default is None or info.is_required() or name == "observe" else str(info.default)
        rows.append({"name": info.alias or name, "default": default, "takes": get_rule(info),
                     "meaning": f"{info.description}{_readers(name)}"})
    return rows


def field_table() -> str:
    """`field_rows` in Markdown."""
    rows = [(f"`{row['name']}`", f"`{row['default']}`" if row["default"] else "–", row["takes"], row["meaning"])
            for row in field_rows()]
    return _table(("field", "default", "takes", "meaning"), rows)


def schedule_table() -> str:
    """Every schedule with its law and the fields that it reads."""
    rows = [(f"`{chosen.name}`", chosen.summary, _fields([*chosen.reads, *chosen.fields])) for chosen in SCHEDULES]
    return _table(("`schedule`", "learning rate", "reads"), rows)


def placement_table() -> str:
    """Every placement of noise with what it does at each step, and the unit of its level."""
    rows = [(f"`{NO_PLACEMENT}`", "nothing", "")]
    rows += [(f"`{chosen.name}`", chosen.summary, getattr(chosen, "unit", "")) for chosen in PLACEMENTS]
    return _table(("`noise_placement`", "what is done at each step", "unit of `noise_level`"), rows)


def choice_table(kind: str) -> str:
    """Everything that the field of a kind, such as ``loss``, can choose, with what it is and the fields that it reads."""
    (registry,) = [registry for registry in CHOSEN if registry.kind == kind]
    rows = [(f"`{chosen.name}`", chosen.summary, _fields([*chosen.reads, *chosen.fields])) for chosen in registry]
    if not any(row[2] for row in rows):
        return _table((f"`{kind}`", "what it is"), [row[:2] for row in rows])
    return _table((f"`{kind}`", "what it is", "reads"), rows)


def observer_table() -> str:
    """Every observer that a file can name, with what it adds."""
    return _table(("`observe`", "what it adds"), [(f"`{chosen.name}`", chosen.summary) for chosen in OBSERVERS])


def _readers(field: str) -> str:
    for registry in CHOSEN:
        readers = registry.readers(field)
        if readers and len(readers) < len(registry.names()) and not field.startswith("max_"):
            return f" (read by {_fields(readers)})"
    return ""


def _fields(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"

