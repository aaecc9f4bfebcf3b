"""Nobody compares the name of a thing but the file that declares it: what a thing is or can is asked of it.

Found in the source: names of what is registered and chosen by name, words of an Experiment's fields beside the field to which
they belong, and names of the fields. Not covered: names that are put together, and tables by name.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, get_args, get_origin

import pytest

from proofs_check.problem.base import kinds
from theory_sim import Experiment
from theory_sim.engines.registry import ENGINES
from theory_sim.experiment.choices import CHOSEN, OBSERVERS
from theory_sim.plots.registry import PLOTS
from theory_sim.studies.registry import STUDIES
from theory_sim.sweeps.block_tables import BLOCKS
from theory_sim.sweeps.executors.base import EXECUTORS

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for package in ("theory_sim", "proofs_check") for path in (ROOT / package).rglob("*.py"))
# Words that other things are called by as well: a comparison with one says nothing.
COMMON: Final = {"runs", "value", "positive", "identity", "none", "all", "linear", "sampled"}

# Where a name is compared all the same: the start of the path, what is compared ("" for all), and why.
ALLOWED: Final = {
    ("theory_sim/experiment/", ""): "declares the fields and the rules between them",
    ("theory_sim/studies/", ""): "a study names the arms, the fields and the parts that it varies itself, and knows them again",
    ("theory_sim/testing/simulator/rule.py", ""): "the battery's own step, written once more from the definitions",
    ("theory_sim/testing/simulator/optimiser_rule.py", ""): "the battery's own step, written once more from the definitions",
    ("theory_sim/testing/simulator/placed_draws.py", ""): "the battery's own draws, in the form of each placement",
    ("theory_sim/testing/simulator/mistakes/", ""): "a known mistake is one of a part that it names",
    ("theory_sim/testing/drawn_fields.py", ""): "draws the words of these fields itself, before there is an experiment",
    ("theory_sim/testing/simulator/runs.py", "schedule"): "of a design, that which says whether the loss anneals",
    ("theory_sim/testing/simulator/coverage.py", "observe"): "simulators have no observers to be counted",
    ("theory_sim/theory/", ""): "the floor below: its functions have arguments of these names, and words for them",
    ("theory_sim/network/layer.py", ""): "what the law of the second layer is",
    ("theory_sim/precision.py", "float32"): "what each precision resolves",
    ("theory_sim/sweeps/axis.py", ""): "declares the axes of every sweep",
    ("theory_sim/sweeps/blocks.py", "seed"): "a key of a block's own table",
    ("theory_sim/closure/names.py", ""): "words of the engines of means, for them and for what predicts, below their floor",
    ("theory_sim/closure/predicted.py", ""): "the two that predict, below the floor where engines are registered",
    ("theory_sim/trajectory.py", "step"): "the number of the step, a coordinate of records",
    ("theory_sim/sweeps/cases.py", "schedule"): "a key of an entry of compare",
    ("theory_sim/train/schedules/base.py", ""): "declares which fields are rates where a schedule says nothing",
    ("theory_sim/train/schedules/cyclic.py", "cosine"): "a word of its own field",
    ("proofs_check/recheck/order/", ""): "knows schedules itself, and shares nothing with what it looks at",
    ("proofs_check/order_box/", ""): "a box is of two schedules, and of a noise that may be stationary",
    ("theory_sim/regimes.py", "stationary"): "where U_0 has the level of the noise, that level is one",
    ("theory_sim/cli/plots.py", "schedule"): "a figure tells schedules apart, and nothing else",
    ("proofs_check/claims/batch_noise.py", "finite"): "a parameter of a claim, by which its twins differ",
}


def _own_files() -> dict[str, set[Path]]:
    """Files in which each name is declared."""
    found: dict[str, set[Path]] = {}
    for registry in (*CHOSEN, OBSERVERS, EXECUTORS):
        for name in registry.names():
            found.setdefault(name, set()).add(Path(inspect.getfile(registry[name])))
    for name in ENGINES.names():
        found.setdefault(name, set()).add(Path(inspect.getfile(type(ENGINES[name]))))
    for plot in PLOTS:
        found.setdefault(plot.name, set()).add(Path(inspect.getfile(plot.draw)))
    for study in STUDIES:
        found.setdefault(study.name, set()).add(Path(inspect.getfile(study.plan)))
    for name, each in (*kinds().items(), *BLOCKS.items()):
        found.setdefault(name, set()).add(Path(inspect.getfile(each)))
    return {name: files for name, files in found.items() if name not in COMMON}


def _words() -> dict[str, set[str]]:
    """Words of each field of an Experiment that takes some."""
    def literals(annotation: object) -> Iterator[str]:
        if get_origin(annotation) is Literal:
            yield from (word for word in get_args(annotation) if isinstance(word, str))
        else:
            for part in get_args(annotation):
                yield from literals(part)

    return {name: words for name, info in Experiment.model_fields.items() if (words := set(literals(info.annotation)))}


NAMES: Final = frozenset(ENGINES.names())
OWN: Final = _own_files()
WORDS: Final = _words()
FIELDS: Final = {info.alias or name for name, info in Experiment.model_fields.items()} - {"name", "loss"}


def _constants(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return [text for each in node.elts for text in _constants(each)]
    return [text for each in (node.body, node.orelse) for text in _constants(each)] if isinstance(node, ast.IfExp) else []


def _last_name(node: ast.expr) -> str:
    """What a side is called: ``e.network``, ``row["network"]``, ``given.get("network")`` and ``network`` are network."""
    if isinstance(node, ast.Attribute):
        return node.attr.lstrip("_")
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Subscript):
        return next(iter(_constants(node.slice)), "")
    if isinstance(node, ast.Call) and node.args:
        return next(iter(_constants(node.args[0])), "")
    return ""


def compared(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, word and why it counts, of every comparison with a name in a module's text; engines' labels and tables, too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            asked = any(isinstance(op, ast.In | ast.NotIn) for op in node.ops) and not _constants(node.comparators[-1])
            called = {_last_name(side) for side in sides}
            for word in (word for side in sides for word in _constants(side)):
                if asked and not any(isinstance(side, ast.Call) for side in sides):
                    continue  # whether a container has it is asked of the container
                if any(word in WORDS.get(name, ()) for name in called):
                    yield node.lineno, word, f"a word of {' or '.join(sorted(called & WORDS.keys()))}"
                elif word in FIELDS:
                    yield node.lineno, word, "a field"
                elif word.partition(" (")[0] in OWN:
                    yield node.lineno, word.partition(" (")[0], "a name"
        elif isinstance(node, ast.MatchValue):
            yield from ((node.lineno, word, "a name") for word in _constants(node.value) if word in OWN)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("sel", "startswith"):
            for side in (*node.args, *(keyword.value for keyword in node.keywords)):
                yield from ((node.lineno, word, "a name") for word in _constants(side)
                            if word.partition(" (")[0] in NAMES)
        elif isinstance(node, ast.Dict) and node.keys:
            keys = [next(iter(_constants(key)), "") if key is not None else "" for key in node.keys]
            if all(key in NAMES for key in keys):  # a document may have the key "limit" among others
                yield from ((node.lineno, key, "a table by engine") for key in keys)


def _allowed(path: Path, word: str) -> list[tuple[str, str]]:
    name = path.relative_to(ROOT).as_posix()
    return [key for key in ALLOWED if name.startswith(key[0]) and key[1] in ("", word)]


def test_names_are_compared_in_their_own_files_alone() -> None:
    used, found = set(), []
    for path in SOURCES:
        for line, word, why in compared(path.read_text(encoding="utf-8")):
            if path in OWN.get(word, ()):
                continue
            reasons = _allowed(path, word)
            used.update(reasons)
            if not reasons:
                found.append(f"{path.relative_to(ROOT)}:{line} {word!r}, {why}")
    assert len(SOURCES) > 300 and len(OWN) > 70 and len(WORDS) > 6
    assert found == []
    assert used == set(ALLOWED), f"nothing needs {set(ALLOWED) - used} any more"


@pytest.mark.parametrize("planted", [
    'rows[rows["engine"] == "finite"]', 'data.sel(engine="limit")', 'if run.engine in ("limit", "closure"): ...',
    '{"limit": 1}', 'label.startswith("limit")', 'rows["against"] != "limit (frozen)"',
    'e.schedule == "L-S"', 'if e.optimiser in ("adam", "adamw"): ...', 'e.alpha_law != "uniform"', 'kind == "zip"',
    'e.network == "shared"', 'given.get("neurons") != "paired"', 'counts == "exact"', 'self._annealing.dtype == "float32"',
    'name in ("N", "d")', 'field == "lambda"', '"L-S" in runs.schedules()', 'match name:\n    case "heavy-ball": ...',
])
def test_a_planted_comparison_is_found(planted: str) -> None:
    assert list(compared(planted))


@pytest.mark.parametrize("fine", [
    "e.shared_filters", '"pieces" in SCHEDULES[name].reads', 'variable.dims == ("record",)', 'SCHEDULES["L-S"]',
    'state == "done"',
])
def test_what_asks_the_thing_is_left_alone(fine: str) -> None:
    assert not list(compared(fine))
