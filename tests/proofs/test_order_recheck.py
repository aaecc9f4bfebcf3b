"""The second look at certified orders accepts what is right, refuses what is forged, and each mistake of it would be found."""

from __future__ import annotations

import ast
import copy
import importlib
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from proofs_check.certificate import ChangedEvidence
from proofs_check.cli import app
from proofs_check.order.certificate import certificate
from proofs_check.order.certify import certify_order
from proofs_check.order_file import load_order, save_order
from proofs_check.recheck import recheck
from proofs_check.recheck.order.check import check_order
from proofs_check.recheck.refusal import Refused
from tests.proofs import order_examination as examination
from tests.proofs.order_cases import small_case

FOLDER = Path(__file__).parents[2] / "proofs_check" / "recheck" / "order"
MUTANTS = tomllib.loads((Path(__file__).parent / "order_mutants.toml").read_text(encoding="utf-8"))["mutant"]


@pytest.mark.parametrize("part", [examination.of_balls, examination.of_functions, examination.of_law, examination.of_outputs])
def test_enclosures_hold(part: Any) -> None:
    assert list(part(examination.ORDER)) == []


def test_nothing_is_shared_with_what_makes_certificates() -> None:
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else (
                [f"{node.module}"] if isinstance(node, ast.ImportFrom) else [])
            for name in names:
                makers = ("proofs_check.order.", "proofs_check.order_box", "proofs_check.methods", "flint", "mpmath")
                assert not name.startswith(makers), path.name
                assert name != "proofs_check.order", path.name


@pytest.mark.alternating
def test_genuine_is_accepted_and_forgeries_are_refused() -> None:
    assert list(examination.of_forgeries(examination.ORDER)) == []


def _mutated(mutant: dict[str, str], folder: Path, name: str) -> None:
    """A copy of the second look with a mistake, as a package of its own."""
    target = folder / name
    target.mkdir()
    for path in FOLDER.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.stem == mutant["module"]:
            assert text.count(mutant["find"]) == 1, mutant["name"]
            text = text.replace(mutant["find"], mutant["put"])
        (target / path.name).write_text(text.replace("proofs_check.recheck.order", name), encoding="utf-8")


def test_every_mutant_has_its_place() -> None:
    assert len(MUTANTS) >= 40 and len({each["name"] for each in MUTANTS}) == len(MUTANTS)
    for each in MUTANTS:
        assert (FOLDER / f"{each['module']}.py").read_text(encoding="utf-8").count(each["find"]) == 1, each["name"]


def _chosen(number: int) -> Any:
    # The quick parts find the first ones; those that only forged certificates show are left to the night, but a few.
    return number if number % 9 == 0 else pytest.param(number, marks=pytest.mark.slow)


@pytest.mark.tier2
@pytest.mark.parametrize("number", [_chosen(number) for number in range(len(MUTANTS))])
def test_a_mistake_is_found(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"mutated_order_{number}"
    _mutated(MUTANTS[number], tmp_path, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    try:
        assert next(examination.faults(name), None) is not None, MUTANTS[number]["name"]
    finally:
        for module in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[module]


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 40))])
def test_small_certificates_of_every_option_are_accepted(seed: int) -> None:
    experiment = small_case(seed, most=8, steps=10)
    found = certify_order(experiment, [experiment.schedule], threads=1)
    if "may amplify" in found.arms[0].reason:  # a small mini-batch's curvature: refused as it should be
        with pytest.raises(Refused, match="may amplify"):
            check_order(certificate(found))
        return
    assert "enclosed again" in check_order(json.loads(json.dumps(certificate(found))))


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "order.json"
    save_order(examination.genuine(), path)
    assert load_order(path) == examination.genuine()
    assert recheck(path).accepted
    content = copy.deepcopy(examination.genuine())
    content["level"] = 0.5
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"level": 0.45,', '"level": 0.5,', 1), encoding="utf-8")
    with pytest.raises(ChangedEvidence):
        recheck(path)
    assert CliRunner().invoke(app, ["recheck", str(path)]).exit_code == 1
