"""Numbers in the prose of the studies' pages and of the page of evidence are those of the stored tables and verdicts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from scipy.integrate import quad

from tests.studies.prose import interval as _interval
from tests.studies.prose import row as _row
from tests.studies.prose_over_time import (
    alpha_law_arms,
    architecture,
    changing_kernels,
    mitigation_over_time,
    optimisers,
    optimisers_batches,
    optimisers_over_time,
    placement_over_time,
    regularisation_over_time,
)
from theory_sim.studies.run_study import read_table
from theory_sim.theory.separation import J, delta, delta_pm

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def _annealing(t: pandas.DataFrame) -> list[str]:
    finite = t[t["engine"] == "finite"]
    at = _row(finite, way="threshold", **{"eta_2 / eta_1": 1 / 32})
    early, chance, late = (_row(finite, way=f"tau = {tau}") for tau in (50, 400, 1600))
    after = [row["tau_Q"] - row["annealed at tau"] for row in (at, late)]
    assert chance["share P first low"] < 0.5 < chance["share P first high"] and chance["Q first"] > 0
    assert late["P first"] == at["P first"] == 10
    return [f"from 1 to {at['level at end / before']:.2f}, not to {at['stable level after / before']:.2f}",
            f"Annealed at τ = {early['annealed at tau']:.0f}, long before P is learnt, the run learns Q first in "
            f"{early['Q first']} of {early['n']}",
            f"in the median {after[0]:.0f} after annealing at the threshold, {after[1]:.0f} after τ = 1600"]  # fmt: skip


def _essential(t: pandas.DataFrame) -> list[str]:
    rows = t[t["engine"] == "finite"].set_index("noise")
    one, ten = (rows.loc[f"batches of {batch}, tau_0 = 0.3"] for batch in (1, 10))
    none, far = rows.loc["none"], rows.loc["batches of 1, tau_0 = 10"]
    ratio = far["L-S: P error"] / far["S: P error"]
    assert one["S: P first"] == ten["S: P first"] == 10 and 244 < none["L-S: tau_Q"] < none["S: tau_Q"] < 248
    assert {one[f"{arm}: tau_Q censored"] for arm in ("L-S", "S")} == {10}
    return [f"S: {one['S: P first']} of {one['pairs']}; L-S: {one['L-S: P first']} of {one['pairs']} with batches of one",
            f"{ten['L-S: P first']} of {ten['pairs']} with batches of ten", f"{ratio:.0f} times that of S",
            f"batches of one is {far['L-S: P error']:.2f} from"]  # fmt: skip


def _regularisation(t: pandas.DataFrame) -> list[str]:
    def of(run: str, lambda_: float) -> pandas.Series:
        return _row(t[t["engine"] == "finite"], run=run, **{"lambda": lambda_})

    large, mild, noisy, quiet = of("L-S", 0.0), of("L-S", 5e-4), of("constant", 0.0), of("constant, noise annealed", 0.0)
    return [f"grows by {100 * noisy['level, end / half'] - 100:.0f} % over the second half",
            f"10 to {noisy['noise level at end']:.1f} in all",
            f"{_interval(large, 'error S / L-S')} times that of L-S", f"with the moderate λ {_interval(mild, 'error S / L-S')}",
            f"P at {large['tau_P']:.0f} in place of {mild['tau_P']:.0f}, "
            f"Q at {large['tau_Q']:.0f} in place of {mild['tau_Q']:.0f}",
            f"P is learnt at {quiet['tau_P']:.0f}, Q at {quiet['tau_Q']:.0f}",
            f"is {noisy['Q loss when P learnt']:.3f} at the constant rate", f"annealed at τ = {large['annealed at tau']:.0f}",
            f"λ = 5·10⁻³ went from 10 to {of('L-S', 5e-3)['robust']}"]  # fmt: skip


def _kernels(t: pandas.DataFrame) -> list[str]:
    def of(patterns: str, schedule: str) -> pandas.Series:
        return _row(t[t["engine"] == "finite"], patterns=patterns, schedule=schedule)

    large, small, stopped = of("moving", "L-S"), of("moving", "S"), of("frozen-at-annealing", "L-S")
    return [f"on {large['flips']} of {large['pairs']} (P at {large['tau_P']:.0f} under L-S, Q at {small['tau_Q']:.0f} under S)",
            f"earlier ({stopped['tau_Q']:.0f} in place of {large['tau_Q']:.0f})",
            f"{_interval(large, 'error S / L-S')} times that of L-S",
            f"{_interval(stopped, 'error S / L-S')} with those frozen",
            f"its loss stays at {of('redrawn', 'S')['Q loss at end']:.2f}"]  # fmt: skip


def _mitigation(t: pandas.DataFrame) -> list[str]:
    def of(engine: str, s: float, tau: float) -> pandas.Series:
        return _row(t[t["engine"] == engine], s=s, **{"annealed at tau": tau})

    judged, large = of("finite", 1.0, 700.0), _row(t[t["engine"] == "finite"], arm="L-S")
    weak, late = of("finite", 0.25, 700.0), of("finite", 0.5, 700.0)
    return [f"these are {judged['restorable']} of {judged['n']}", f"S's error is {_interval(judged, 'error S / arm')} times",
            f"{_interval(large, 'error S / arm')} times", f"{of('finite', 1.0, 200.0)['P first']} and "
            f"{of('finite', 2.0, 200.0)['P first']} of 16 at finite width", f"with s = 1/4: P at {weak['tau_P']:.0f}, "
            f"Q at {weak['tau_Q']:.0f}", f"by τ = 1200 on {late['tau_Q censored']} of 16",
            f"L-S: {large['tau_Q']:.0f}", f"its error is {_interval(weak, 'error arm / L-S')} times that of L-S at finite "
            f"width, {_interval(of('limit', 0.25, 700.0), 'error arm / L-S')} in the limit"]  # fmt: skip


def _placement(t: pandas.DataFrame) -> list[str]:
    def of(engine: str, placement: str, annealed: str) -> pandas.Series:
        return _row(t[t["engine"] == engine], noise_placement=placement, annealed=annealed)

    after, gradient = of("finite", "activations", "tau = 700"), of("finite", "gradient", "tau = 700")
    limit = of("limit", "activations", "tau = 700")
    return [f"| after the activation | {after['P first']}, {limit['P first']} |",
            f"Q at {after['tau_Q']:.0f} when the noise goes",
            f"Q learnt at {gradient['tau_Q']:.0f} ({gradient['n'] - gradient['tau_Q censored']} of {gradient['n']})",
            f"{gradient['restorable']} of {gradient['n']}", f"this {_interval(after, 'error S / arm')}"]  # fmt: skip


def _losses(t: pandas.DataFrame) -> list[str]:
    def of(loss: str, arm: str) -> pandas.Series:
        return _row(t, loss=loss, arm=arm)

    names = ("logistic", "squared", "exponential", "hinge")
    wide, small = ([of(loss, arm) for loss in names[:n]] for arm, n in (("S, large d", 2), ("S", 4)))
    assert {row["flips"] for row in small} == {16} and {of(loss, "constant")["P and Q learnt"] for loss in names} == {0}
    assert {of(loss, "annealed, no noise")["Q first"] for loss in names} == {16}
    for loss in names:
        others = [of(loss, arm)["P error"] for arm in ("annealed", "S", "annealed, no noise")]
        assert of(loss, "constant")["P error"] < min(others)
    ends = [_interval(row, "error / annealed, end") for row in small]
    equal = [f"{row['error / annealed, equal P loss']:.2f}" for row in small]
    return [f"| {_interval(wide[0], 'weight left', 3)} | {_interval(wide[1], 'weight left', 3)} |",
            f"| {_interval(wide[0], 'share left')} | {_interval(wide[1], 'share left')} |".replace("-", "−"),
            f"| error on P | {wide[0]['P error']:.4f} | {wide[1]['P error']:.4f} |",
            f"is {ends[0]} for the logistic loss, {ends[1]} for the squared, {ends[2]} for the exponential and {ends[3]} for",
            f"S over annealed is {', '.join(equal[:3])} and {equal[3]}",
            f"({of('logistic', 'S')['share left']:.2f} there, logistic)"]  # fmt: skip


def _schedules(t: pandas.DataFrame) -> list[str]:
    arms, lines = t.set_index("arm"), []
    for said, arm in (("one cut at τ = 800", "step"), ("cosine", "cosine"), ("linear", "linear"),
                      ("warm-up, stable, decay", "warm-up, stable, decay"), ("constant large rate", "constant")):
        row = arms.loc[arm]
        loss = _interval(row, "error S / arm, equal loss") if row["error S / arm, equal loss n"] else "never reached"
        lines.append(f"| {said} | {_interval(row, 'error S / arm, end')} | {loss} | {row['Q loss at end']:.2f} |")
    assert {arms.loc[arm, "works"] for arm in ("step", "linear", "cosine")} == {16} and arms.loc["cyclic", "Q learnt"] == 0
    assert arms.loc["cosine", "below step at equal loss"] == 16
    far, flat = arms.loc["step, long"], arms.loc["constant, long"]
    quarter, half, later = (f"{far[f'error S / arm, {when} %']:.2f}" for when in (25, 50, 75))
    return [*lines, f"undecided at {arms.loc['warm-up, stable, decay', 'works']:.0f} of 16",
            f"is {quarter} at τ = 1000, {half} at 2000, {later} at 3000 and turns",
            f"turns: {_interval(far, 'error S / arm, end')} at 4000",
            f"The constant rate keeps {flat['error S / arm, end']:.2f} there"]  # fmt: skip


def _scaling(t: pandas.DataFrame) -> list[str]:
    limit = t[t["engine"] == "limit"]
    large, small = (limit[limit["schedule"] == schedule].set_index("d") for schedule in ("L-S", "S"))
    gap = large["error S / L-S, equal loss"]
    return [f"on {large['flips'].sum()} of {large['pairs'].sum()} data sets",
            f"{gap[100]:.1f} times L-S's at $d=100$ ($rd={large['r d'][100]:.0f}$)",
            f"{_interval(large.loc[5000], 'error S / L-S, equal loss', 1)} at 5000", f"{gap[10_000]:.1f} on the one",
            f"{small['log tau_P / closed form'].map(lambda x: 2.718281828**x)[100]:.1f} times"]  # fmt: skip


def _alpha_law(t: pandas.DataFrame) -> list[str]:
    runs, closure = (t[(t["schedule"] == "S") & ((t["engine"] == "closure") == is_closure)] for is_closure in (False, True))
    lines = []
    for said, setting, d in (("α on [0, 1]", "alpha in [0, 1]", 562), ("α on [0, 1]", "alpha in [0, 1]", 100),
                             ("κ = 0.6", "kappa = 0.6", 562), ("q₀ = 0.5", "q_0 = 0.5", 562),
                             ("independent neurons", "independent neurons", 200)):
        row = _row(runs, setting=setting, d=d)
        lines.append(f"| {said} | {d} | {row['flips']:.0f} of {row['pairs']:.0f} | {_interval(row, 'error S / L-S, end')} |")
    lines += alpha_law_arms(t)
    for said, setting in (("α on [0, 1]", "alpha in [0, 1]"), ("κ = 0.6", "kappa = 0.6"), ("q₀ = 0.5", "q_0 = 0.5"),
                          ("α on [1/2, 1]", "alpha in [1/2, 1]")):
        rows = closure[closure["setting"] == setting]
        flip, gap = rows[rows["flips"] == 1]["d"].min(), rows[rows["error S / L-S, end"] > 10]["d"].min()
        none = f"none to {rows['d'].max():.0f}".replace("100000", "100 000")
        lines.append(f"| {said} | {flip:.0f} | {none if np.isnan(gap) else _spaced(gap)} |")
    return lines


def _spaced(number: float) -> str:
    return f"{number:,.0f}".replace(",", " ") if number >= 10_000 else f"{number:.0f}"


def _sample_complexity(t: pandas.DataFrame) -> list[str]:
    lines, network, linear = [], *(t[t["model"] == model] for model in ("network", "linear model"))
    judged = (("P", "network", network, 0), ("P", "linear model", linear, 0), ("Q", "network", network, 1))
    for kind, model, rows, digits in judged:
        needed = " | ".join(f"{rows[rows['d'] == d][f'examples for 5 %, {kind}'].iloc[0]:.{digits}f}" for d in (100, 200, 400))
        exponent = _interval(rows.iloc[0], f"exponent, {kind}").replace("-", "−")
        lines.append(f"| of {kind}, {model} | {needed} | {exponent} |")
    bound = " | ".join(f"{d * t[t['d'] == d]['bound below at 5 %'].iloc[0]:.0f}" for d in (100, 200, 400))
    first, last = (network[network["d"] == d]["examples for 5 %, P"].iloc[0] for d in (100, 400))
    eight = [f"{_row(network, d=d, N=16)['Q error']:.2f}" for d in (100, 200, 400)]
    assert (network[network["examples of a kind"] == 64]["Q error"] == 0.0).all()
    never = linear["Q error"]
    assert (linear["exponent, P low"] > 1).all() and (network["exponent, P low"] > 1).all()
    return [*lines, f"| of P, no method takes fewer than | {bound} | 1, proved |",
            f"its exponent is {lines[2].split('|')[-2].strip()}, below",
            f"reaches to {network['exponent, P high'].iloc[0]:.3f}",
            f"{eight[0]}, {eight[1]} and {eight[2]} at the three d", f"stays at {never.min():.2f} to {never.max():.2f}",
            f"{100 - 100 * np.exp(t['log linear / network, P'].iloc[0]):.0f} % fewer",
            f"by a factor {last / first:.1f} from d = 100"]


def _batch_size(t: pandas.DataFrame) -> list[str]:
    lazy = t[t["tau_0"] == 10]

    def of(rate: float, g: int) -> pandas.Series:
        return _row(lazy, eta=rate, g=g)

    def ratio(row: pandas.Series, name: str, digits: int) -> str:
        value, low, high = (f"{np.exp(row[f'{name}{end}']):.{digits}f}" for end in ("", " low", " high"))
        return f"{value} [{low}, {high}]"

    lines = []
    for rate, scales in ((4.0, (0, 100, 800, 3200)), (16.0, (0, 100, 800, 3200)), (48.0, (0, 100, 800))):
        cells = [f"{of(rate, g)['P error']:.{5 if g < 800 else 4 if g == 800 else 3}f}" for g in scales]
        lines.append(f"| {rate:.0f} | " + " | ".join(cells) + " |")
    assert (lazy[lazy["eta"] < 48]["Q first"] == 15).all() and (t[t["eta"] < 48]["Q first"] == 15).all()
    none = [of(48.0, g)["no order"] for g in (0, 100, 800)]
    return [*lines, f"factor {ratio(of(16.0, 800), 'log error / full batches', 0)}",
            f"is {ratio(of(16.0, 800), 'log error / rate 4', 2)}", f"no order on {none[0]}, {none[1]} and {none[2]} of 15"]


def _single_feature(t: pandas.DataFrame) -> list[str]:
    lines = []
    for arm in ("kernel", "small rate", "large rate", "small rate, decay", "large rate, decay"):
        errors = " | ".join(f"{_row(t, arm=arm, N=n)['error']:.3f}" for n in (40, 80, 200, 400))
        lines.append(f"| {arm} | {errors} | {_row(t, arm=arm, N=200)['pattern shift']:.3f} |")
    large, small = (_row(t, arm=f"{rate} rate", N=200) for rate in ("large", "small"))
    kernel, both = _row(t, arm="kernel", N=200), _row(t, arm="large rate, decay", N=200)
    return [*lines, f"{large['error']:.3f} against {small['error']:.3f}", f"both together {both['error']:.3f}",
            f"{small['training loss at end']:.3f} and {large['training loss at end']:.3f} without decay, "
            f"{both['training loss at end']:.3f} both with it",
            f"is {kernel['training loss at end']:.2f} for the kernel at N = 200, {small['training loss at end']:.2f} for the",
            f"on {large['below the small rate']} of 15 data sets without decay and on "
            f"{both['below the small rate, decay']} with it"]


def _kernel_freezing(t: pandas.DataFrame) -> list[str]:
    lines = []
    for arm in ("moving, large rate", "stopped at 64, large rate", "redrawn, small rate", "moving, small from 64",
                "moving, annealed at 608", "stopped at 608, annealed", "frozen, small rate"):
        row = _row(t, arm=arm)
        times = ["never" if np.isinf(row[name]) else f"{row[name]:.0f}" for name in ("tau_P", "tau_Q")]
        lines.append(f"| {arm} | {row['P first']} | {row['Q first']} | {times[0]} | {times[1]} | {row['P error']:.5f} |")
    stopped = _row(t, arm="stopped at 64, large rate")
    quarter, half, later = (f"{stopped[f'error / moving, {when} %']:.2f}" for when in (25, 50, 75))
    assert {_row(t, arm=arm)[f"{kind} first"] for arm, kind in (("moving, large rate", "P"), ("redrawn, small rate", "P"),
                                                                ("stopped at 64, large rate", "Q"))} == {15}
    return [*lines, f"is {_interval(stopped, 'error / moving, end')} times",
            f"and {quarter}, {half} and {later} times at τ = 300, 600 and 900"]


def _label_noise(t: pandas.DataFrame) -> list[str]:
    lines = []
    for share in (0.0, 0.05, 0.1):
        row = _row(t, labels="flipped once", arm="S", **{"share of wrong labels": share})
        lines.append(f"| {100 * share:.0f} % | {row['flips']:.0f} of {row['sets']:.0f} | "
                     f"{_interval(row, 'error S / annealed, end')} | {_interval(row, 'error S / annealed, equal loss')} |")

    def of(arm: str, share: float) -> pandas.Series:
        return _row(t, labels="flipped once", arm=arm, **{"share of wrong labels": share})

    anew = _row(t, labels="flipped anew at each step", arm="S, no noise")
    over = [f"{of('S', 0.1)[f'error S / annealed, {when} %']:.2f}" for when in (25, 50, 75)]
    ends = [f"{of(arm, share)['P error']:.{digits}f}" for arm in ("annealed", "S") for share, digits in ((0.0, 5), (0.1, 4))]
    assert {of("constant", share)["tau_Q censored"] for share in (0.0, 0.05, 0.1)} == {16}
    return [*lines, f"{anew['flips']:.0f} of {anew['sets']:.0f} flip",
            f"{over[0]} at τ = 300, {over[1]} at 600 and {over[2]} at 900",
            f"from {ends[0]} to {ends[1]} under the annealed rate, from {ends[2]} to {ends[3]} under S",
            f"error on P ({of('constant', 0.1)['P error']:.4f} with a tenth wrong)",
            f"errs on {of('annealed, no noise', 0.1)['P error']:.4f} there"]


def _rates(t: pandas.DataFrame) -> list[str]:
    def of(rate: float) -> pandas.Series:
        return _row(t, **{"annealed at": 800.0, "initial rate": rate})

    lines = [f"| {rate:.0f} | {of(rate)['works']} of {of(rate)['sets']} | {of(rate)['Q at branching']:.2f} | "
             f"{_interval(of(rate), 'error S / arm, end')} | {_interval(of(rate), 'error S / arm, equal loss')} |"
             for rate in (1.0, 4.0, 16.0, 48.0, 96.0)]
    far, usual = ([f"{of(rate)[f'error S / arm, {when} %']:.2f}" for when in (25, 50, 75)] for rate in (96.0, 16.0))
    assert all(of(rate)["of them P learnt and Q hidden"] == 16 for rate in (4.0, 16.0, 48.0, 96.0))
    assert max(of(rate)["error S / arm, end"] for rate in (1.0, 4.0, 16.0, 48.0, 96.0)) == of(48.0)["error S / arm, end"]
    return [*lines, f"rate 48 works on {of(48.0)['works']} of 16, rate 96 on {of(96.0)['works']},",
            f"S over rate 96 is {far[0]}, at a half {far[1]}, at three quarters {far[2]}; over rate 16 it is {usual[0]}, "
            f"{usual[1]} and {usual[2]}", f"errs by {of(48.0)['error S / arm, end']:.2f} times the best arm's error"]


PAGES: dict[str, Callable[[pandas.DataFrame], list[str]]] = {
    "alpha-law": _alpha_law, "annealing-time": _annealing, "architecture": architecture, "batch-size": _batch_size,
    "changing-kernels": changing_kernels, "essential-noise": _essential,
    "kernel-change": _kernels, "kernel-freezing": _kernel_freezing, "label-noise": _label_noise, "losses": _losses,
    "mitigation": _mitigation, "mitigation-over-time": mitigation_over_time, "noise-placement": _placement,
    "optimisers": optimisers, "optimisers-batches": optimisers_batches,
    "optimisers-over-time": optimisers_over_time, "placement-over-time": placement_over_time,
    "rates": _rates, "regularisation": _regularisation,
    "regularisation-over-time": regularisation_over_time, "sample-complexity": _sample_complexity,
    "scaling": _scaling, "schedules": _schedules, "single-feature": _single_feature,
}


def _text(page: Path) -> str:
    return re.sub(r"\s+", " ", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_its_table_holds(name: str) -> None:
    (folder,) = DOCS.glob(f"explanation/*/results/{name}")
    said, text = PAGES[name](read_table(folder / "table.csv")), _text(folder.parents[1] / f"{name}.md")
    assert said and [phrase for phrase in said if phrase not in text] == []


@pytest.mark.tier2
def test_the_kernel_fitted_to_the_end_errs_as_its_page_says() -> None:
    """Interpolation by the tangent kernel of infinite width (THEORY §6), on the study's data sets and fresh examples."""
    from theory_sim import draw_data
    from theory_sim.data import draw_test_data
    from theory_sim.studies.single_feature.study import STUDY

    def kernel(a: Any, b: Any) -> Any:
        product = a @ b.T
        cosine = np.clip(product / np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)), -1, 1)
        return product * (np.pi - np.arccos(cosine)) / (2 * np.pi)

    sweep, errors = STUDY.plan("default")["kernel"], {}
    for n in (200, 400):
        errors[n] = []
        for seed in sweep.seeds:
            e = sweep.experiment.replace(N=n, seed=seed)
            train, fresh = draw_data(e), draw_test_data(e)
            x, other = (each.x1.astype(float) for each in (train, fresh))
            output = kernel(other, x) @ np.linalg.solve(kernel(x, x), train.y)
            errors[n].append(float(np.mean(np.sign(output) != fresh.y)))
    text = _text(DOCS / "explanation" / "questions" / "single-feature.md")
    assert f"errs on {np.mean(errors[200]):.3f} at N = 200 and on {np.mean(errors[400]):.3f} at N = 400" in text
    assert f"({min(errors[400]):.2f} to {max(errors[400]):.2f} over these data sets" in text and min(errors[400]) > 0.1


def test_what_the_separation_lacks_is_of_ages_that_no_residual_has_yet() -> None:
    """The scaling page's table: of the sum over all ages, what is younger than the time at which P is learnt under L-S."""
    raw = (DOCS / "explanation" / "theorem" / "scaling.md").read_text(encoding="utf-8")
    header, *rows = (next(line for line in raw.splitlines() if line.startswith(start)) for start in (
        "| d | 100 |", r"| of $J(r)/\lambda$ |", "| measured $h$ |"))  # fmt: skip
    dimensions = [int(each.replace(" ", "")) for each in header.split("|")[2:-1]]
    shares, measured = ([float(each) for each in row.split("|")[2:-1] if each.strip()] for row in rows)
    table = read_table(DOCS / "explanation" / "theorem" / "results" / "scaling" / "table.csv")
    large = table[table["schedule"] == "L-S"]
    off = []
    for d, share, h in zip(dimensions, shares, [*measured, None], strict=True):
        same = large[(large["d"] == d) & (large["alpha"] == large["alpha"].iloc[0])]
        row = _row(same, engine="limit" if h is not None else "closure")
        found = _young_share(row["r"], row["lambda"], row["tau_P"])
        assert share == round(found, 2)
        if h is not None:
            assert h == pytest.approx(row["h / plateau"], abs=0.5 * 10.0 ** -len(str(h).partition(".")[2]) * 1.001)
            off += [row["h / plateau"] - found] if d >= 3162 else []
    (said,) = re.findall(r"the measured \$h\$ is that share to within ([\d.]+), a little above it", raw)
    assert 0 < min(off) and float(said) - 0.001 < max(off) <= float(said)


def _young_share(r: float, lambda_: float, age: float) -> float:
    """Sum of |Delta - Delta_pm| e^(-lambda u) over ages up to ``age``, of the sum over all; the root of u has no kink at 0."""
    def weight(root: float) -> float:
        rho = np.exp(-lambda_ * root**2)
        return 2 * root * abs(float(delta(rho, r) - delta_pm(rho, r))) * float(rho)

    return float(quad(weight, 0, age**0.5)[0]) * lambda_ / J(r)


def test_the_page_of_evidence_says_what_the_verdicts_are() -> None:
    def parts(name: str) -> list[str]:
        stored = json.loads((DOCS / "explanation" / "theorem" / "results" / name / "verdict.json").read_text(encoding="utf-8"))
        return [each["verdict"] for each in stored["findings"]]

    words = {1: "one", 2: "two", 3: "three", 5: "five", 7: "seven", 15: "fifteen"}
    scaling, width = parts("scaling"), parts("width")
    text = _text(DOCS / "explanation" / "evidence.md").replace("**", "")
    table = read_table(DOCS / "explanation" / "theorem" / "results" / "scaling" / "table.csv")
    row = _row(table[(table["engine"] == "limit") & (table["schedule"] == "L-S")], d=5000)
    for said in (f"Scaling (study): {words[scaling.count('refuted')]} of {words[len(scaling)]} parts is refuted.",
                 f"At d = 5000 the separation is {row['h / plateau']:.2f} of its plateau",
                 f"Finite width (study): {words[width.count('refuted')]} of {words[len(width)]} parts is refuted",
                 f"{words[width.count('undecided')]} parts are undecided"):
        assert said in re.sub(r"\[study\]\([^)]*\)", "study", text), said
    assert set(parts("theorem-c2")) == {"supported"} and "theorem-c2.md)): supported" in text


def test_the_costs_of_a_sweep_are_said_once() -> None:
    """The gallery names the time that the sweep's own file names."""
    (minutes,) = set(re.findall(r"528 runs, about (\d+) minutes on 2 cores",
                                "".join(path.read_text(encoding="utf-8") for path in (DOCS / "sweeps").glob("*.toml"))))
    pages = [_text(page) for page in (DOCS / "gallery").glob("*.md") if "528" in page.read_text(encoding="utf-8")]
    assert len(pages) == 3 and all(f"528 runs, {minutes} minutes on two cores" in page for page in pages)
