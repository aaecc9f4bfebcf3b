"""Numbers in the prose of the studies' pages that follow from each run's numbers, and stand in no table."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas
import pytest

from theory_sim.statistics.intervals import mean_interval
from theory_sim.studies.run_study import read_runs

PAGES: Final = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "questions"
LEVELS: Final = ("0.45", "0.5", "0.55")


def of(runs: pandas.DataFrame, **labels: object) -> pandas.DataFrame:
    """Runs with these labels, by seed."""
    found = runs
    for name, value in labels.items():
        found = found[found[name] == value]
    assert len(found) == len(set(found["seed"])) > 0, labels
    return found.set_index("seed")


def flips(large: pandas.DataFrame, small: pandas.DataFrame, level: str) -> int:
    return int(((large[f"order {level}"] == "P first") & (small[f"order {level}"] == "Q first")).sum())


def ratio(above: Sequence[float] | pandas.Series, below: Sequence[float] | pandas.Series) -> str:
    """Geometric mean and Student's interval of logarithms, as pages write them."""
    found = mean_interval(np.log(np.asarray(above, dtype=float) / np.asarray(below, dtype=float)).tolist())
    return "{:.2f} [{:.2f}, {:.2f}]".format(*np.exp([found.value, found.low, found.high]))


def listed(numbers: Sequence[int | str]) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def optimisers(runs: pandas.DataFrame) -> list[str]:
    factors = {"gradient-descent": 1.0, "heavy-ball": 0.1, "nesterov": 0.1, "rmsprop": 0.0789, "adam": 0.0789, "adamw": 0.0789}
    counts: dict[str, list[int]] = {level: [] for level in LEVELS}
    said, learnt, first = [], [], {}
    for name, factor in factors.items():
        large, small, flat = (of(runs, part=name, schedule=arm) for arm in ("L-S", "S", "constant"))
        for level in LEVELS:
            counts[level].append(flips(large, small, level))
            assert flips(flat, small, level) == counts[level][-1]  # the page: the constant rate gives the same
        at = large["annealed_tau"].dropna() / factor
        said.append(f"| {at.median():.0f} ({len(at)} of 15) |" if len(at) else "| not by 700 |")
        learnt.append(int(np.isfinite(large["tau_Q 0.5"]).sum()))
        first[name] = int((small["order 0.45"] == "P first").sum())
    assert learnt == [0, 0, 0, 14, 4, 4] and first == {**dict.fromkeys(factors, 0), "rmsprop": 5, "adam": 2, "adamw": 2}
    assert said[:3] == ["| not by 700 |"] * 3
    return [*said, f"At 0.55 the flips are {listed(counts['0.55'])} of 15", f"by the end, {listed(counts['0.45'])}.",
            "on 14 data sets with RMSProp, on 4 each with Adam and AdamW, on none",
            "P first on 5 data sets under RMSProp, and on 2 each under Adam and AdamW"]


def kernel_freezing(runs: pandas.DataFrame) -> list[str]:
    shares = ("error_at_25", "error_at_50", "error_at_75", "P_error")

    def at(arm: pandas.DataFrame, level: str) -> list[float]:
        errors = np.log(arm[list(shares)].to_numpy(dtype=float))
        times = arm[f"tau_P {level}"]
        assert times.between(300, 1200).all()
        return [float(np.exp(np.interp(tau, (300, 600, 900, 1200), row))) for tau, row in zip(times, errors, strict=True)]

    moving, stopped = (of(runs, part=part) for part in ("moving-large-rate", "stopped-at-64-large-rate"))
    for part in set(runs["part"]):
        assert len({tuple(of(runs, part=part)[f"order {level}"]) for level in LEVELS}) == 1  # the page: the same at each level
    pairs = {level: (at(stopped, level), at(moving, level)) for level in ("0.5", "0.45")}
    above = [sum(a > b for a, b in zip(*pair, strict=True)) for pair in pairs.values()]
    return [f"to 0.50 the ratio is {ratio(*pairs['0.5'])}, to 0.45 it is {ratio(*pairs['0.45'])}, on {listed(above)} of 15",
            f"{stopped['train_loss'].mean():.2f} with stopped patterns", f"{moving['train_loss'].mean():.2f} with moving ones"]


def label_noise(runs: pandas.DataFrame) -> list[str]:
    arms = {share: [of(runs, part=f"share-{share}", schedule=arm) for arm in ("pieces", "S")] for share in ("0", "0.05", "0.1")}
    counts = {share: [flips(*pair, level) for level in LEVELS] for share, pair in arms.items()}
    wrong = arms["0.1"][1]["order 0.5"]
    over = [small["equal_loss"] / large["equal_loss"] for large, small in (arms["0"], arms["0.1"])]
    flat = [int(of(runs, part=f"share-{share}", schedule="constant")["equal_loss"].notna().sum()) for share in arms]
    assert flat == [5, 0, 0] and [each[2] for each in counts.values()] == [16, 16, 16] and counts["0.05"][1] == 16
    return [f"wider on {(over[1] > over[0]).sum()} of 16", f"S learns P first on {(wrong == 'P first').sum()} of 16",
            f"(flips: {counts['0.1'][1]})", f"above it, {counts['0.05'][0]} and {counts['0.1'][0]}.",
            f"reaches it on {flat[0]} of 16 with right labels"]


def losses(runs: pandas.DataFrame) -> list[str]:
    for loss in ("logistic", "squared", "exponential", "hinge"):
        large, small = (of(runs, part=loss, schedule=arm) for arm in ("pieces", "S"))
        assert [flips(large, small, level) for level in LEVELS] == [0 if loss == "squared" else 16, 16, 16]
        assert (large["tau_P 0.55"] < large["annealed_tau"]).all()  # the page: equal loss comes before the annealing
    left = {part: 100 * of(runs, part=part, schedule="S")["left"].mean()
            for part in ("squared-large-d", "logistic-large-d", "squared", "logistic")}
    turned = of(runs, part="squared-large-d")["ignored"]
    assert (turned < 0).all()
    return [f"{left['squared-large-d']:.0f} against {left['logistic-large-d']:.0f} % of the start",
            f"it leaves less, {left['squared']:.0f} against {left['logistic']:.0f} %; not judged",
            f"above a half on {(turned.abs() > 0.5).sum()} of 16"]


def architecture(runs: pandas.DataFrame) -> list[str]:
    works: dict[str, list[int]] = {level: [] for level in LEVELS}
    pairs = {}
    for part in dict.fromkeys(runs["part"]):
        large, small = pairs[part] = [of(runs, part=part, schedule=arm) for arm in ("L-S", "S")]
        for level in LEVELS:
            right = (large[f"order {level}"] == "P first") & np.isfinite(large[f"tau_Q {level}"])
            works[level].append(int((right & (small[f"order {level}"] == "Q first")).sum()))
    assert works["0.5"][5:] == [0, 0] and works["0.55"] == [16] * 5 + [1, 0]
    assert pairs["both-layers"][0]["annealed_tau"].isna().all()  # the page: no L-S run anneals there

    def over(part: str, loss: str, sets: list[int]) -> str:
        large, small = (arm.loc[sets, f"P_error at loss {loss}"] for arm in pairs[part])
        return ratio(small, large)[:4]

    sets = {part: [seed for seed in pair[0].index if pair[0].loc[seed, "order 0.45"] == "P first"
                   and pair[1].loc[seed, "order 0.45"] == "Q first"] for part, pair in pairs.items()}
    split, shared = (over(part, "0.42", sets[part]) for part in ("split", "shared"))
    narrow = [arm["tau_Q 0.5"].median() for arm in pairs["narrow"]]
    return [f"on {listed(works['0.5'][:5])} of 16 data sets, at 0.55 on all", f"({split} and {shared} at 0.42)",
            f"({over('shared-overlap-0-5', '0.5', sets['shared-overlap-0-5'])} at 0.5)",
            f"at {narrow[0]:.0f} under L-S, at {narrow[1]:.0f} under S"]


def single_feature(runs: pandas.DataFrame) -> list[str]:
    def errors(part: str, n: int = 200) -> pandas.Series:
        return of(runs, part=part, N=n)["error_test xor"]

    large, small, decay = (errors(part) for part in ("large-rate", "small-rate", "small-rate-decay"))
    less = [int((errors("large-rate", n) < errors("small-rate", n)).sum()) for n in (40, 80, 400)]
    equal = int((errors("large-rate", 400) == errors("small-rate", 400)).sum())
    return [f"or {ratio(large, small)} times", f"{ratio(decay, small)} times; the large rate has less error than that on "
            f"{(large < decay).sum()} of 15", f"on {less[0]} and {less[1]} of 15 data sets",
            f"at 400 on {less[2]}, and {equal} are", f"go from {small.min():.2f} to {small.max():.2f}"]


def batch_size(runs: pandas.DataFrame) -> list[str]:
    for rate in (4, 16):
        parts = [part for part in set(runs["part"]) if part.startswith(f"rate-{rate}-")]
        assert len(parts) == 4
        for level in LEVELS:
            assert set(runs[runs["part"].isin(parts)][f"order {level}"]) == {"Q first"}  # the page: at each of the levels
    one, other = (of(runs, part=f"rate-{rate}-g-800", tau_0=10.0)["P_error"] for rate in (16, 4))
    return [f"standard deviation) is {np.log(one / other).std(ddof=1):.2f}, not"]


def essential_noise(runs: pandas.DataFrame) -> list[str]:
    at = runs[(runs["part"] == "batches") & (runs["engine"] == "finite")]
    large = of(at, batch_size=1, tau_0=0.3, schedule="L-S")
    return [f"anneals on {large['annealed_tau'].notna().sum()} of {len(large)} only"]


def optimisers_batches(runs: pandas.DataFrame) -> list[str]:
    names = ("gradient-descent", "heavy-ball", "nesterov", "rmsprop", "adam", "adamw")

    def at(name: str, batches: str, schedule: str) -> pandas.DataFrame:
        return of(runs, part=f"{name}-{batches}", schedule=schedule)

    def error(name: str, batches: str, schedule: str) -> float:
        return float(at(name, batches, schedule)["P_error"].median())

    over = {schedule: [error(name, "batches-of-16", schedule) / error(name, "full-batches", schedule) for name in names]
            for schedule in ("L-S", "S")}
    assert all(values[5] < 1 < min(values[:5]) and np.less(over["S"][:5], over["L-S"][:5]).all() for values in over.values())
    told = {schedule: [*(f"{value:.1f}" for value in values[:5]), f"{values[5]:.2f}"] for schedule, values in over.items()}
    at_55 = flips(at("rmsprop", "batches-of-16", "L-S"), at("rmsprop", "batches-of-16", "S"), "0.55")
    annealed = [at(name, "full-batches", "L-S")["annealed_tau"].median() * 30 / 0.0789 for name in ("rmsprop", "adamw")]
    small = at("adamw", "batches-of-16", "S")
    assert (small["order 0.5"] == "tie").all()
    times = [small[f"tau_{kind} 0.5"].median() * 30 / 0.0789 for kind in "PQ"]
    return [f"under L-S {listed(told['L-S'])} times in the table's order, under S {listed(told['S'])} times",
            f"on 2 under RMSProp ({at_55} at level 0.55", f"median times of S are {times[0]:.0f} and {times[1]:.0f}.",
            f"median τ of {annealed[0]:.0f} under RMSProp and of {annealed[1]:.0f} under AdamW"]


def optimisers_over_time(runs: pandas.DataFrame) -> list[str]:
    factors = {"gradient-descent": 1.0, "heavy-ball": 0.1, "nesterov": 0.1, "rmsprop": 0.0789, "adam": 0.0789, "adamw": 0.0789}
    works, constant, at_46 = [], {}, []
    for name in factors:
        large, small, flat = (of(runs, part=name, schedule=arm) for arm in ("L-S", "S", "constant"))

        def done(arm: pandas.DataFrame, level: str, small: pandas.DataFrame = small) -> int:
            learnt = (arm[f"order {level}"] == "P first") & np.isfinite(arm[f"tau_Q {level}"])
            return int((learnt & (small[f"order {level}"] == "Q first")).sum())

        works.append(done(large, "0.45"))
        assert done(large, "0.55") == 18
        constant[name] = done(flat, "0.55")
        if name in ("adam", "adamw"):
            at_46.append(ratio(small["P_error at loss 0.46"], large["P_error at loss 0.46"]))
        if name == "rmsprop":
            median = large["annealed_tau"].median() / factors[name]
            level = ratio(small["P_error at 1"], flat["P_error at 1"])
    assert {name for name, count in constant.items() if count} == {"rmsprop", "adam"}
    return [f"at 0.45 L-S works on {listed(works)} of 18",
            f"on {constant['rmsprop']} under RMSProp and on {constant['adam']} under",
            f"errs more than S at 0.46: {at_46[0]} and {at_46[1]}.", f"level with S at τ = 1600: {level}.",
            f"anneals at τ = {median:.0f} in the median"]


SAID: Final[dict[str, Callable[[pandas.DataFrame], list[str]]]] = {
    "architecture": architecture, "batch-size": batch_size, "essential-noise": essential_noise,
    "kernel-freezing": kernel_freezing, "label-noise": label_noise,
    "losses": losses, "optimisers": optimisers, "optimisers-batches": optimisers_batches,
    "optimisers-over-time": optimisers_over_time, "single-feature": single_feature,
}


@pytest.mark.parametrize("name", SAID)
def test_a_page_says_what_the_runs_hold(name: str) -> None:
    said = SAID[name](read_runs(PAGES / "results" / name / "runs.csv"))
    text = re.sub(r"\s+", " ", (PAGES / f"{name}.md").read_text(encoding="utf-8"))
    assert said and [phrase for phrase in said if phrase not in text] == []
