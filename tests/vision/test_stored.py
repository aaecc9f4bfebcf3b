"""The answers of both studies on images follow from the tables that are stored with them."""

from __future__ import annotations

import json
import statistics
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas
import pytest
from scipy.stats import pearsonr

from theory_sim.statistics.intervals import mean_interval
from theory_sim.statistics.power import mean_power, runs_for_mean_power
from theory_sim.studies.run_study import read_table, read_verdict
from theory_sim.studies.study import Size
from theory_sim.theory.linear_rules import Move, step_matrices
from theory_sim.vision.plan import VisionPlan
from theory_sim.vision.studies.base import IMAGE_STUDIES, difference_of_differences, paired
from theory_sim.vision.studies.design import LARGE, SEEDS, SMALL, make_plan

DOCS = Path(__file__).resolve().parents[2] / "docs" / "explanation"


FOLDERS = {"default": DOCS / "images", "full": DOCS / "images" / "full"}


@pytest.mark.parametrize("size", FOLDERS)
@pytest.mark.parametrize("name", IMAGE_STUDIES.names())
def test_the_stored_table_gives_the_stored_answer(name: str, size: Size) -> None:
    study, folder = IMAGE_STUDIES[name], FOLDERS[size] / name
    stored, table = read_verdict(folder / "verdict.json"), read_table(folder / "table.csv")
    found = study.decide(table)
    assert json.loads(json.dumps(found.to_dict())) == {key: stored[key] for key in found.to_dict()}
    assert (stored["rule"], stored["statement"], stored["size"]) == (study.rule, study.statement, size)
    assert sorted(set(table["seed"])) == list(SEEDS[size])
    lines = [f"- *{each.verdict}*: {each.statement}: {each.reason}" for each in found.findings]
    assert (folder / "verdict.md").read_text(encoding="utf-8").splitlines() == lines
    assert f"*{found.verdict}*" in page_of(name)
    assert (folder / "verdict.md").relative_to(DOCS).as_posix() in page_of(name)


def page_of(name: str) -> str:
    return (DOCS / "questions" / f"{name}.md").read_text(encoding="utf-8").replace("−", "-")


def _column(table: pandas.DataFrame, arm: str, patch: int, column: str) -> list[float]:
    rows = table[(table["arm"] == arm) & (table["patch"] == patch)].sort_values("seed")
    return [float(value) for value in rows[column]]


def _told(values: list[float], digits: int) -> str:
    found = mean_interval(values, 0.95)
    return f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"


@pytest.mark.parametrize("size", FOLDERS)
@pytest.mark.parametrize(("name", "arm", "last"), [
    ("images", "large", ("mixed accuracy", 1, 2)), ("mitigation-on-images", "small-noise", ("patch-only accuracy", 1, 2)),
])
def test_the_pages_table_is_of_the_stored_one(name: str, arm: str, last: tuple[str, int, int], size: Size) -> None:
    """Every row, with the rounding of the page; intervals of Student."""
    table = read_table(FOLDERS[size] / name / "table.csv")
    rows = [("patch-only accuracy at annealing", 1, 2), last, ("clean accuracy", 1, 3), ("clean accuracy", 0, 3)]
    if size == "full":
        rows.append(("patch-only accuracy", 1, 2))
    for column, patch, digits in rows:
        cells = [_told(_column(table, each, patch, column), digits) for each in (arm, "small")]
        cells.append(_told(paired(table, column, arm, "small", patch=bool(patch)), digits))
        assert f"| {' | '.join(cells)} |" in page_of(name), column


def _correlation(one: list[float], other: list[float]) -> str:
    """With its interval at 95 % by Fisher's transformation."""
    found = pearsonr(one, other)
    ends = found.confidence_interval(0.95)
    return f"{found.statistic:.2f} [{ends.low:.2f}, {ends.high:.2f}]"


def test_what_the_page_says_of_ten_seeds_is_of_the_stored_table() -> None:
    """The gain, and its correlation with what L knows of the patch at the end and at epoch 8."""
    table, text = read_table(FOLDERS["full"] / "images" / "table.csv"), " ".join(page_of("images").split())
    gain = difference_of_differences(table, "clean accuracy", "large", "small")
    found = mean_interval(gain, 0.99)
    assert f"on average over seeds by {found.low:.3f} to {found.high:.3f} at 99 %" in text
    known, early = (_column(table, "large", 1, name) for name in ("patch-only accuracy", "patch-only accuracy at annealing"))
    assert f"({min(known):.2f} to {max(known):.2f} on patches alone) at a correlation of {_correlation(gain, known)}." in text
    assert f"at epoch 8 the correlation is {_correlation(gain, early)}." in text
    small = _column(table, "small", 1, "patch-only accuracy at annealing")
    assert (f"is right on {statistics.mean(small):.2f} of patches alone, the large one (L) on {statistics.mean(early):.2f}"
            in text)
    at_8 = [statistics.mean(_column(table, arm, 1, "clean accuracy at annealing")) for arm in ("small", "large")]
    assert f"ahead on clean images, too ({at_8[0]:.2f} to {at_8[1]:.2f})" in text
    names = ("flips an epoch before", "kernel drift, two times")
    flips, drift = ([statistics.mean(_column(table, arm, 1, name)) for arm in ("large", "small")] for name in names)
    both = ("noise level", "noise level by recursion")
    levels = [statistics.mean(np.divide(*(_column(table, arm, 1, name) for name in both))) for arm in ("large", "small")]
    assert (f"flips {100 * flips[0]:.0f} % under L, {100 * flips[1]:.0f} % under S, the two-time drift is {drift[0]:.2f} and "
            f"{drift[1]:.1f}, the level of the noise {levels[0]:.1f} times the recursion's under L, {levels[1]:.2f} times "
            "under S") in text


def test_what_the_page_says_of_l_annealed_at_epoch_5_is_of_the_stored_accuracies() -> None:
    """S's runs are those of the full size; the plan is the full size's but for when L is annealed."""
    page, earlier = page_of("images"), read_table(DOCS / "images" / "annealed_earlier.csv")
    text, full = " ".join(page.split()), read_table(FOLDERS["full"] / "images" / "table.csv")
    both = pandas.concat([earlier, full[full["arm"] == "small"][earlier.columns]])
    assert set(earlier["arm"]) == {"large"} and all(
        sorted(earlier[earlier["patch"] == patch]["seed"]) == list(SEEDS["full"]) for patch in (0, 1))
    early, known = (_column(earlier, "large", 1, name) for name in ("patch-only accuracy at annealing", "patch-only accuracy"))
    assert (f"chance on patches alone ({min(early):.3f} to {max(early):.3f} of 256 images), at the end at {min(known):.2f} to "
            f"{max(known):.2f}.") in text
    for patch, where in ((1, "with the patch, too"), (0, "without it")):
        large, small = (statistics.mean(_column(both, arm, patch, "clean accuracy")) for arm in ("large", "small"))
        lead = _told(paired(both, "clean accuracy", "large", "small", patch=bool(patch)), 3)
        assert f"{where} ({large:.3f}, S {small:.3f}: by {lead})" in text
    gain, before = (difference_of_differences(table, "clean accuracy", "large", "small") for table in (both, full))
    assert f"the difference of differences is {_told(gain, 3)} at 95 %" in text
    spreads = [statistics.stdev(each) for each in (before, gain)]
    seen = [mean_power(len(gain), statistics.NormalDist().cdf(0.03 / spread), level=0.95) for spread in spreads]
    assert (f"A true one of 0.03 would be seen with probability {seen[0]:.2f} at the spread of the runs above, {spreads[0]:.3f}"
            f", and with {seen[1]:.2f} at that of these, {spreads[1]:.3f}.") in text
    assert f"knows of the patch at the end is {_correlation(gain, known)}." in text
    at_8, at_end = (statistics.mean(_column(full, "large", 1, name)) for name in
                    ("patch-only accuracy at annealing", "patch-only accuracy"))
    few = _column(read_table(FOLDERS["default"] / "images" / "table.csv"), "large", 1, "patch-only accuracy")
    assert (f"(on average from {at_8:.2f} to {at_end:.2f} of patches alone; annealed at epoch 5, from "
            f"{statistics.mean(early):.2f} to {statistics.mean(known):.2f}), with 5000 not ({statistics.mean(few):.2f} at the "
            "end)") in text


def test_the_runs_annealed_at_epoch_5_are_those_of_the_full_size_but_for_that() -> None:
    plan = VisionPlan.from_toml(DOCS.parent / "examples" / "vision" / "annealed-earlier.toml")
    full = make_plan("full", (LARGE, SMALL), "npz", plan.data.path)
    assert (plan.data, plan.patch, plan.network, plan.seeds) == (full.data, full.patch, full.network, full.seeds)
    assert replace(plan.training, kernel_probes=full.training.kernel_probes) == full.training
    kept = [arm for arm in full.arms if arm.name in ("large", "large-no-patch")]
    assert [replace(arm, rate=plan.arms[0].rate) for arm in kept] == list(plan.arms)
    assert [arm.rate for arm in kept] == [((0.0, 0.4), (8.0, 0.004))] * 2
    assert plan.arms[0].rate == ((0.0, 0.4), (5.0, 0.004))


def test_the_comparison_of_noise_with_the_large_rate_is_of_the_stored_tables() -> None:
    text = " ".join(page_of("mitigation-on-images").split())
    large, noisy = (read_table(FOLDERS["full"] / name / "table.csv") for name in ("images", "mitigation-on-images"))
    for table in (large, read_table(DOCS / "images" / "annealed_earlier.csv")):
        told = [_told(list(np.subtract(_column(noisy, "small-noise", patch, "clean accuracy"),
                                       _column(table, "large", patch, "clean accuracy"))), 3) for patch in (1, 0)]
        assert f"N - L is {told[0]} with the patch, {told[1]} without it" in text
    at_8, of_s = (statistics.mean(_column(noisy, arm, 1, "patch-only accuracy at annealing"))
                  for arm in ("small-noise", "small"))
    assert f"(N) is right on {at_8:.2f} of patches alone at epoch 8" in text and f"alone (S) on {of_s:.2f}" in text
    leads = [statistics.mean(paired(noisy, "clean accuracy", "small-noise", "small", patch=patch)) for patch in (True, False)]
    assert f"ahead of S at the end, {leads[0]:.3f} with the patch and {leads[1]:.3f} *without* it" in text


def test_the_pages_levels_with_the_whole_gradient_are_of_the_stored_ones() -> None:
    """L at epoch 8: the level over the recursion's, and the variance that batches have added over that of the recursion."""
    table = read_table(DOCS / "images" / "whole_gradient.csv")
    at = table[(table["arm"] == "large") & (table["epoch"] == 8)]
    over = at["level"] / at["recursion"]
    added = (at["level"] ** 2 - at["start"] ** 2) / (at["recursion"] ** 2 - at["start"] ** 2)
    text = " ".join(page_of("images").split())
    assert len(at) == 3
    assert f"L's level at epoch 8 is {over.min():.2f} to {over.max():.2f} of the recursion's" in text
    assert f"batches have added by then, {added.min():.2f} to {added.max():.2f} is measured" in text
    more = read_table(DOCS / "images" / "independent_batches.csv")
    assert set(more["arm"]) == {"large"} and len(more) == 24
    more = more[more["epoch"] == 8]
    independent = (more["level"] ** 2 - more["start"] ** 2) / (more["recursion"] ** 2 - more["start"] ** 2)
    assert f"they have added {independent.min():.2f} to {independent.max():.2f} of it" in text
    assert f"gradient the same throughout, {left_of_cancelling(steps=80, an_epoch=10):.3f} would be left" in text
    small = table[table["arm"] == "small"]
    assert (abs(small[["level", "recursion"]].div(small["start"], axis=0) - 1.0) < 1e-3).all(axis=None)


def test_the_pages_alignments_are_of_the_stored_ones() -> None:
    table, text = read_table(DOCS / "images" / "kernel_alignment.csv"), " ".join(page_of("images").split())
    told = {(arm, name): f"{rows[name].min():.2f} to {rows[name].max():.2f}" for arm, rows in table.groupby("arm")
            for name in ("equal", "two")}
    assert (table.groupby("arm").size() == 3).all() and len(told) == 4
    assert f"is lower under L ({told['large', 'equal']}, S {told['small', 'equal']})" in text
    assert f"that of the two-time kernel is higher ({told['large', 'two']}, S {told['small', 'two']})" in text


def test_the_pages_numbers_on_flips_kernels_and_noise_are_of_the_stored_table() -> None:
    table, text = read_table(DOCS / "images" / "images" / "table.csv"), " ".join(page_of("images").split())
    columns = ("flips an epoch before", "flips an epoch after", "kernel drift, two times", "kernel drift, equal times")
    found = {(arm, name): _column(table, arm, 1, name) for arm in ("large", "small") for name in columns}
    before, after, two, equal = columns
    mean = {key: sum(values) / len(values) for key, values in found.items()}
    assert (f"flips {mean['large', before]:.0%} of the patterns under L, {mean['small', before]:.0%} under S; the second epoch "
            f"after it {mean['large', after]:.1%} under L").replace("%", " %") in text
    assert f"relative to the start's, is {mean['large', two]:.2f} under L and {mean['small', two]:.1f} under S" in text
    small, large = sorted(found["small", equal]), sorted(found["large", equal])
    assert f"has grown by {small[0]:.2g} to {small[-1]:.2g} times" .replace("6.8e+02", "680").replace("9.2e+02", "920") in text
    assert f"L's by {large[0]:.0f} to {large[-1]:.0f}" in text
    ratios = {arm: [a / b for a, b in zip(_column(table, arm, 1, "noise level"),
                                          _column(table, arm, 1, "noise level by recursion"), strict=True)]
              for arm in ("large", "small")}
    assert f"The measured level is {sum(ratios['large']) / 3:.1f} times" in text
    assert f"under L, {sum(ratios['small']) / 3:.2f} times under S" in text


@pytest.mark.parametrize(("name", "arm", "sizes"), [("images", "large", (0.01, 0.03)),
                                                    ("mitigation-on-images", "small-noise", (0.01, 0.02))])
def test_the_pages_spread_and_power_are_of_the_stored_table(name: str, arm: str, sizes: tuple[float, float]) -> None:
    """The spread of the difference of differences, the seeds that see an effect with probability 0.9, and each part's power."""
    study, table = IMAGE_STUDIES[name], read_table(DOCS / "images" / name / "table.csv")
    spread = statistics.stdev(difference_of_differences(table, "clean accuracy", arm, "small"))
    text, (part, *_) = " ".join(page_of(name).split()), study.power
    assert f"varies by {spread:.3f}" in text
    words = {6: "six"}
    seeds = [runs_for_mean_power(statistics.NormalDist().cdf(size / spread), 0.9, level=part.level) for size in sizes]
    assert (f"one of {sizes[0]} is seen at {100 * part.level:g} % with probability 0.9 by {seeds[0]} seeds, one of {sizes[1]} "
            f"by {words[seeds[1]]}") in text
    at = {(n, share): mean_power(n, share, level=part.level) for n in (3, 10) for share in (0.95, 0.8)}
    assert (f"three seeds decide a part with probability {at[3, 0.95]:.2f} where a seed's difference has the sign with "
            f"probability 0.95, and {at[3, 0.8]:.2f} where with 0.8; the full size, ten seeds, with {at[10, 0.95]:.2f} and "
            f"{at[10, 0.8]:.2f}") in text
    gain = difference_of_differences(read_table(FOLDERS["full"] / name / "table.csv"), "clean accuracy", arm, "small")
    mean, spread = statistics.mean(gain), statistics.stdev(gain)
    needed = runs_for_mean_power(statistics.NormalDist().cdf(abs(mean) / spread), 0.9, level=part.level)
    assert f"it varies by {spread:.3f}, so that one of {sizes[1]} takes " in text
    seen = runs_for_mean_power(statistics.NormalDist().cdf(sizes[1] / spread), 0.9, level=part.level)
    assert (f"takes {seen} seeds; were its mean there, {mean:.3f}, the true one, it would take {needed} seeds to decide at "
            f"{100 * part.level:g} % with probability 0.9") in text


def left_of_cancelling(*, steps: int, an_epoch: int) -> float:
    """Variance that L's batches leave over the recursion's, if those of each epoch add up to nothing and gradients stay."""
    a, b = step_matrices(Move(0.9, 1.0, 1.0, 0.0), 0.4, 1.5e-3, coupled=True)
    response = []
    for _ in range(steps):
        response.append(b[0])
        b = a @ b
    of_epochs = np.array(response[::-1]).reshape(-1, an_epoch)
    # Of an epoch's K batches any two have the covariance -1/(K - 1).
    added = (of_epochs**2).sum() * an_epoch / (an_epoch - 1) - (of_epochs.sum(axis=1) ** 2).sum() / (an_epoch - 1)
    return float(added / (of_epochs**2).sum())


def test_the_runs_with_the_whole_gradient_are_as_the_page_says() -> None:
    plan = VisionPlan.from_toml(DOCS.parent / "examples" / "vision" / "whole-gradient.toml")
    steps = plan.data.train // plan.training.batch
    assert (plan.data.train, steps, len(plan.seeds)) == (640, 10, 3)
    assert (plan.training.reference, plan.training.refresh) == (plan.data.train, steps)
    more = VisionPlan.from_toml(DOCS.parent / "examples" / "vision" / "independent-batches.toml")
    assert more.training == replace(plan.training, replacement=True, epochs=8) and more.arms == plan.arms[:1]
    assert (more.data, more.patch, more.network, more.seeds) == (plan.data, plan.patch, plan.network, plan.seeds)
