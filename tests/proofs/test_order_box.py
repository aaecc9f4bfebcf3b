"""Orders over boxes of parameters: bounds hold all over a cell and are near what is needed; forged certificates are refused."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from proofs_check.cli import app
from proofs_check.order.printed import folded, number, upper
from proofs_check.order_box.box import CertifiedBox, Cover, Failed, certify_box
from proofs_check.order_box.cell import cell_losses, left_out_over
from proofs_check.order_box.certificate import box_certificate
from proofs_check.order_box.grid import make_grid
from proofs_check.order_box.preconditions import _faults_of_box, box_bytes, parse_box
from proofs_check.order_box.text import box_latex, box_lines
from proofs_check.order_file import load_order
from proofs_check.recheck import recheck
from proofs_check.recheck.order.box import check_box
from proofs_check.recheck.refusal import Refused
from tests.proofs.box_cases import CELLS, SMALL, STEPS, cell_of, setting, worst_of
from theory_sim import simulate
from theory_sim.errors import InputError

BOX = {"r": (0.29, 0.31), "lambda": (4.5e-4, 5.5e-4), "eta_ratio": (0.245, 0.26)}


@cache
def _found() -> CertifiedBox:
    return certify_box(SMALL, BOX, seconds=30.0)


def _content() -> dict[str, Any]:
    return copy.deepcopy(json.loads(json.dumps(box_certificate(_found()))))


NEAR = {"r, noise slow": 0.0114, "lambda": 0.0090, "rate": 0.0154, "r and lambda": 0.0190, "all": 0.0972}
"""The largest |f^ - f~| over points of a cell, of its bound: derivatives are bounded by absolute values of their terms."""


def _as_near_as_stated(name: str, bound: Any) -> bool:
    worst = worst_of(name)
    return bool(np.all(worst <= bound)) and 0.8 * NEAR[name] < float(worst.max() / bound.max()) < 1.25 * NEAR[name]


@pytest.mark.tier2
@pytest.mark.parametrize("name", CELLS)
def test_what_is_left_out_holds_over_a_cell_and_is_as_near_as_stated(name: str) -> None:
    data, stars = setting()
    bound = left_out_over(cell_of(name), stars, data, STEPS)
    assert _as_near_as_stated(name, bound)
    assert not _as_near_as_stated(name, 1.5 * bound)  # a twin that is right, but looser
    assert not _as_near_as_stated(name, NEAR[name] * bound / 1.5)  # and one that is too tight


@pytest.mark.tier2
@pytest.mark.parametrize("name", ["all", "lambda"])
def test_losses_at_points_of_a_cell_are_enclosed(name: str) -> None:
    cell, (data, stars) = cell_of(name), setting()
    found = cell_losses(cell, stars, data, STEPS)
    rng = np.random.default_rng(0)
    for _ in range(3):
        point = {each: cell.centre[each] + cell.half[each] * rng.uniform(-1, 1) for each in cell.centre}
        run = SMALL.replace(
            schedule="constant", eta_1=point["rate"], eta_2=min(4.0, point["rate"]), r=point["r"], lambda_=point["lambda"],
            tau_0_rate=16.0, max_steps=STEPS, max_tau=1e4, record_every=point["rate"], n_test=1)
        dataset = simulate(run, "limit", tolerance=1e-12, threads=1).dataset
        assert dataset.step.values.tolist() == list(range(STEPS + 1))
        for kind in ("P-only", "Q-only"):
            loss = dataset.loss_train.sel(kind=kind).to_numpy()[:STEPS]
            assert np.all(found.low[kind] <= loss) and np.all(loss <= found.high[kind])


@pytest.mark.tier2
def test_a_box_is_certified_and_accepted_by_the_second_look() -> None:
    found = _found()
    assert found.verdict == "certified" and [each.share for each in found.covers] == [1, 1]
    assert "cells enclosed again" in check_box(_content())


def _cell(name: str, factor: float, kind: Any = float) -> Any:
    def forge(content: dict[str, Any]) -> None:
        cell = content["covers"][1]["cells"][0]
        cell[name] = kind(cell[name] * factor)
    return forge


def _wider(content: dict[str, Any]) -> None:
    """A cell, and the box, a percent wider than what is proved."""
    cover = content["covers"][1]
    cell = cover["cells"][0]
    cell["part"][0][1] += cover["size"]["r"] // 100


def _all_left(content: dict[str, Any], **more: str) -> None:
    """A schedule of which nothing is proved, with whatever else is said of its part."""
    cover = content["covers"][1]
    whole = [[0, cover["size"][name]] for name in ("r", "lambda", "rate")]
    cover.update(cells=[], left=[{"part": whole, "reason": "time is over", **more}])
    content["verdict"] = "undecided"


def _grid(name: str, key: str, by: Any) -> Any:
    def forge(content: dict[str, Any]) -> None:
        content["covers"][1][key][name] = by(content["covers"][1][key][name])
    return forge


FORGED = {
    "a cell is missing": lambda content: content["covers"][1]["cells"].pop(),
    "a cell twice": lambda content: content["covers"][1]["cells"].append(content["covers"][1]["cells"][0]),
    "a half-width a percent larger": _wider,
    "what is left out halved": _cell("remainder", 0.5),
    "the drift halved": _cell("drift", 0.5),
    "the first kind's bound lower": _cell("first", 0.98),
    "the second kind's bound higher": _cell("second", 1.02),
    "another order": lambda content: content["covers"][1]["cells"][0].update(order="Q first"),
    "fewer steps": lambda content: content["covers"][1]["cells"][0].update(step=2),
    "the box wider": lambda content: content["box"].update(r=[0.29, 0.32]),
    "the grid begins later": _grid("r", "low", lambda value: value * 1.01),
    "another unit": _grid("lambda", "unit", lambda value: value / 2),
    "another size": _grid("rate", "size", lambda value: value + 1),
    "the level higher": lambda content: content.update(level=0.6),
    "another seed": lambda content: content["experiment"].update(seed=1),
    "undecided": lambda content: content.update(verdict="undecided"),
    "max_tau shorter": lambda content: content["experiment"].update(max_tau=20.0),
    "a bound of what is not bounded": lambda content: content["covers"][1]["cells"][0].update(before=0.9),
    "a parameter without ends": lambda content: content["box"].update(eta_ratio=[]),
    "an order of what is left": lambda content: _all_left(content, order="P first"),
    "a text for a number": _cell("first", 1.0, str),
    "the other rate": lambda content: content["experiment"].update(eta_1=20.0),
}


@pytest.mark.tier2
def test_what_is_left_of_a_box_is_accepted_as_undecided() -> None:
    content = _content()
    _all_left(content)
    assert "S undecided" in check_box(content)


@pytest.mark.tier2
@pytest.mark.parametrize("name", FORGED)
def test_a_forged_box_is_refused(name: str) -> None:
    content = _content()
    FORGED[name](content)
    with pytest.raises((Refused, InputError)):
        check_box(content)


@pytest.mark.tier2
def test_the_theorem_of_a_box_in_latex_has_every_constant() -> None:
    found = _found()
    latex = folded(box_latex(found)).replace("\n  ", " ")
    assert latex.startswith(r"\begin{theorem}") and latex.count(r"\item") == 2 and latex.count("$") % 2 == 0
    assert "whose noise output vanishes" in latex and "whose noise output vanishes" in "\n".join(box_lines(found))
    assert found.digest in latex and max(map(len, folded(box_latex(found)).splitlines())) <= 79
    for symbol, (low, high) in zip(("r", r"\lambda", r"\eta_2/\eta_1"), BOX.values(), strict=True):
        assert rf"${number(low)}\le {symbol}\le {number(high)}$" in latex
    for cover in found.covers:
        assert f"{cover.schedule}: {cover.verdict}." in latex
        for name in ("remainder", "drift"):
            largest = max(getattr(each, name) for _, each in cover.proved)
            assert rf"\le {number(upper(largest))}$" in latex and float(upper(largest)) >= largest


STORED = Path(__file__).parents[2] / "docs" / "explanation" / "order_box.json"


def _stored(*schedules: str) -> dict[str, Any]:
    content = dict(load_order(STORED))
    return {**content, "covers": [cover for cover in content["covers"] if cover["schedule"] in schedules]}


def test_the_page_s_box_with_a_cell_less_is_refused() -> None:
    content = copy.deepcopy(_stored("L-S"))
    content["covers"][0]["cells"].pop()
    with pytest.raises(Refused, match="one is missing"):
        check_box(content)


@pytest.mark.slow
def test_the_page_s_box_is_accepted_under_L_S_and_not_with_a_bound_too_small() -> None:
    content = _stored("L-S")
    assert "9 cells enclosed again" in check_box(content)
    first = copy.deepcopy(content)
    first["covers"][0]["cells"][0]["remainder"] *= 0.1
    with pytest.raises(Refused, match="remainder"):
        check_box(first)


@pytest.mark.slow
def test_the_page_s_box_is_accepted() -> None:
    content = _stored("L-S", "S")
    assert content["box"] == {"r": [0.29, 0.306], "lambda": [4.8e-4, 5.2e-4], "eta_ratio": [0.031, 0.0315]}
    assert {cover["cells"][0]["order"] for cover in content["covers"]} == {"P first", "Q first"}
    assert "10 cells enclosed again" in check_box(content)


def _open(experiment: Any) -> CertifiedBox:
    """A box for which time was over at once."""
    bounds = {"r": (0.3, 0.31)}
    grid = make_grid(experiment.replace(schedule="S"), bounds)
    return CertifiedBox(experiment, "0" * 64, bounds, 0.45, (Cover("S", grid, (), (Failed(grid.whole, "time is over"),)),))


def test_a_box_that_is_open_says_so_in_latex() -> None:
    found = _open(SMALL)
    latex = folded(box_latex(found))
    assert "S: undecided (no order on $0.0\\%$ of the box, 0 cells)" in " ".join(latex.split())
    assert r"$\lambda=0.0005$, $\eta_2=4.0$" in " ".join(latex.split())
    other = _open(SMALL.replace(tau_0_rate=8.0))
    for lines, rate in ((box_latex(other), "$8.0$"), (box_lines(other), "8.0"), (box_lines(found), "16.0")):
        assert f"stationary at the rate {rate}" in " ".join(" ".join(lines).split())


@pytest.mark.tier2
def test_a_box_that_holds_both_orders_is_undecided() -> None:
    found = certify_box(SMALL, {"r": (0.3, 0.9)}, ["S"], seconds=1.0)
    assert 0 <= found.covers[0].share <= 1
    assert (found.verdict == "certified") == (not found.covers[0].failed and len(found.covers[0].orders) == 1)


@pytest.mark.parametrize("text", ["r", "r=0.3", "r=0.2:x", "r=0.2:0.3,r=0.2:0.3", "r=0.2:inf"])
def test_a_box_that_cannot_be_read(text: str) -> None:
    with pytest.raises(InputError):
        parse_box(text)


@pytest.mark.parametrize(("box", "what"), [
    ({}, "no parameter"), ({"d": (1.0, 2.0)}, "a box in d"), ({"r": (0.3, 1.2)}, "r from"), ({"r": (0.4, 0.3)}, "r from"),
    ({"r": (0.3, 0.3000001)}, "10\\^5")])
def test_a_box_that_is_not_covered(box: Any, what: str) -> None:
    with pytest.raises(InputError, match=what):
        certify_box(SMALL, box)


@pytest.mark.parametrize("change", [{"network": "shared"}, {"patterns": "frozen"}, {"batch_size": 5}])
def test_an_experiment_that_is_not_covered(change: Any) -> None:
    with pytest.raises(InputError):
        certify_box(SMALL.replace(**change), BOX)


@pytest.mark.tier2
def test_the_command(tmp_path: Any) -> None:
    toml = tmp_path / "small.toml"
    toml.write_text("d = 10\nN = 20\nmax_tau = 400.0\neta_1 = 16.0\neta_2 = 4.0\n")
    folder = tmp_path / "proofs"
    command = ["order", str(toml), "--compare", "S", "--box", "lambda=0.0005:0.00051", "--certificates", str(folder)]
    ran = CliRunner().invoke(app, command)
    assert ran.exit_code == 0, ran.output
    assert "P first at level 0.45, all over the box" in " ".join(ran.output.split())
    assert recheck(folder / "order-box-seed0.json").accepted
    for more in (["--fresh", "5"], ["--minutes", "-1"], ["--seeds", "0:2"]):
        assert isinstance(CliRunner().invoke(app, ["order", str(toml), "--box", "r=0.29:0.3", *more]).exception, InputError)
    assert isinstance(CliRunner().invoke(app, ["order", str(toml), "--minutes", "1"]).exception, InputError)


def test_a_rate_that_is_no_double_is_refused() -> None:
    assert not list(_faults_of_box(SMALL.replace(eta_1=10.0, eta_2=1.0), {"eta_ratio": (0.25, 0.25)}))
    with pytest.raises(InputError, match="no double"):
        certify_box(SMALL.replace(eta_1=10.0, eta_2=1.0), {"eta_ratio": (0.31, 0.31)}, ["S"])


def test_a_box_that_is_too_large_is_refused_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    large = SMALL.replace(d=400, N=1600, max_tau=10000.0, eta_2=0.5)
    monkeypatch.setattr("proofs_check.order_box.preconditions.available_bytes", lambda: 2.0**50)
    with pytest.raises(InputError, match="one run of 20001 steps takes about"):
        certify_box(large, {"r": (0.29, 0.31)}, ["S"], seconds=5.0)
    monkeypatch.setattr("proofs_check.order_box.preconditions.available_bytes", lambda: 2.0**30)
    assert box_bytes(SMALL.replace(schedule="constant")) < 2**29 < 2**31 < box_bytes(large.replace(schedule="S"))
    with pytest.raises(InputError, match="are available"):
        certify_box(large, {"r": (0.29, 0.31)}, ["S"], seconds=1e6)
