"""Every part of every study states what its default size can decide: power of 0.9 where the share is 0.95, or why not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from theory_sim.errors import InputError
from theory_sim.statistics.intervals import mean_interval
from theory_sim.statistics.power import deciding_power, mean_power, runs_for_mean_power, runs_for_power
from theory_sim.studies.registry import get_study, study_names
from theory_sim.studies.study import PartPower
from theory_sim.terminal.study_tables import power_line
from theory_sim.vision.studies.base import IMAGE_STUDIES

LEAST = 0.9
PAGES = Path(__file__).resolve().parents[2] / "docs" / "explanation"


def unexplained(part: PartPower) -> bool:
    """Whether a part lacks both the power and the reason."""
    power = part.at(0.95)
    return not part.why and (power is None or power < LEAST)


@pytest.mark.parametrize("name", study_names())
def test_every_part_reaches_it_or_says_why_not(name: str) -> None:
    study = get_study(name)
    assert study.power, "a study states the power of its parts"
    assert not [part.part for part in study.power if unexplained(part)]
    seeds = sum(len(sweep.seeds) for sweep in study.plan("default").values())
    assert all(part.n is None or 0 < part.n <= seeds for part in study.power)
    for part in study.power:  # a number that is said to do is the number that does
        said = re.search(r"(\d+) reach 0\.9", part.why)
        if said is not None:
            assert int(said[1]) == runs_for_power(0.95, LEAST, level=part.level), part.part


def not_on_page(parts: Sequence[PartPower], text: str) -> list[str]:
    """Of parts that count runs and have too little power: what a page does not say, the power or the size that would do."""
    missing = []
    for part in parts:
        power = part.at(0.95)
        if power is not None and power < LEAST:
            enough = runs_for_power(0.95, LEAST, level=part.level)
            if f"with probability {power:.2f} where the share is 0.95" not in text:
                missing.append(f"{part.part}: {power:.2f}")
            if not re.search(rf"\b{enough} would reach 0\.9|would reach 0\.9\b[^.]*\b{enough}\b", text):
                missing.append(f"{part.part}: {enough}")
    return missing


@pytest.mark.parametrize("name", study_names())
def test_a_page_says_which_parts_lack_power_and_which_size_would_have_it(name: str) -> None:
    (page,) = (path for path in PAGES.glob(f"*/{name}.md") if path.parent.name in ("questions", "theorem"))
    assert not_on_page(get_study(name).power, re.sub(r"\s+", " ", page.read_text(encoding="utf-8"))) == []


def test_a_page_without_the_power_is_noticed() -> None:
    part = PartPower("level", 10, 1 - 0.05 / 3, "14 reach 0.9")
    said = "decided with probability 0.60 where the share is 0.95 (14 would reach 0.9)"
    assert not_on_page([part], said) == [] and not_on_page([part], said.replace("14", "13")) == ["level: 14"]
    assert not_on_page([part], "") == ["level: 0.60", "level: 14"] and not_on_page([PartPower("n", 15)], "") == []


def test_a_part_without_power_and_reason_is_noticed() -> None:
    assert unexplained(PartPower("order", 10, 1 - 0.05 / 4)) and unexplained(PartPower("order"))
    assert not unexplained(PartPower("order", 15, 1 - 0.05 / 4)) and not unexplained(PartPower("order", why="no count"))


def test_it_is_told() -> None:
    line = power_line(PartPower("order", 15, 0.95, "cheap"))
    assert line == (f"order: of 15, power {deciding_power(15, 0.95, level=0.95):.2f} at a share of 0.95, "
                    f"{deciding_power(15, 0.8, level=0.95):.2f} at 0.8; cheap")
    assert power_line(PartPower("gap", why="a mean")) == "gap: a mean"


@pytest.mark.parametrize("name", IMAGE_STUDIES.names())
def test_studies_on_images_state_it_too(name: str) -> None:
    """Their parts rest on means over seeds: as many parts as the rule judges, each at the rule's level."""
    study = IMAGE_STUDIES[name]
    assert f"{len(study.power)} parts".lower() in study.rule.lower().replace("five", "5").replace("two", "2")
    assert not [part.part for part in study.power if unexplained(part)]
    for part in study.power:
        said = re.search(r"(\d+) reach 0\.9", part.why)
        if part.of_mean:
            assert part.level == 1 - 0.05 / len(study.power) and said is not None
            assert int(said[1]) == runs_for_mean_power(0.95, LEAST, level=part.level)


@pytest.mark.parametrize(("n", "share", "level"), [(3, 0.95, 0.99), (10, 0.8, 0.99), (6, 0.95, 0.975), (5, 0.5, 0.95)])
def test_the_power_of_a_mean_is_how_often_its_interval_decides(n: int, share: float, level: float) -> None:
    """2000 drawn samples by the interval that the studies use: to 4 standard errors."""
    from scipy.stats import norm

    values = np.random.default_rng(0).normal(norm.ppf(share), 1.0, (2000, n))
    assert np.mean(values[:, 0] > 0) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 2000))
    power = mean_power(n, share, level=level)
    decided = np.mean([mean_interval(each.tolist(), level).low > 0.0 for each in values])
    assert decided == pytest.approx(power, abs=4 * np.sqrt(power * (1 - power) / 2000) + 1e-9)


def test_a_mean_of_one_value_decides_nothing_and_wrong_numbers_are_refused() -> None:
    assert mean_power(1, 0.95, level=0.95) == 0.0 and mean_power(4, 0.5, level=0.9) == pytest.approx(0.05)
    for n, share, level in ((-1, 0.9, 0.95), (3, 1.0, 0.95), (3, 0.9, 1.0)):
        with pytest.raises(InputError, match="share and level"):
            mean_power(n, share, level=level)
    with pytest.raises(InputError, match="tell from one half"):
        runs_for_mean_power(0.5, 0.9, level=0.95)


@pytest.mark.parametrize(("n", "ratio", "spread", "said"), [
    (15, 1.1, 0.3, "from 1.5 with probability 0.80"), (18, 1.1, 0.3, "(18 would reach 0.9)"),
    (15, 1.1, 0.475, "probability is 0.23 for 15 data sets"), (15, 1.0, 0.475, "(0.29 if the ratio is 1)"),
    (40, 1.1, 0.475, "0.90 for the full size"),
])
def test_the_power_between_two_ends_is_as_the_page_on_batches_says(n: int, ratio: float, spread: float, said: str) -> None:
    """20 000 drawn samples by Student's interval of the part's level, inside log 1.5 on both sides: to 4 standard errors."""
    from scipy.stats import t

    values = np.random.default_rng(0).normal(np.log(ratio), spread, (20_000, n))
    half = t.ppf(1 - 0.05 / 12, n - 1) * values.std(axis=1, ddof=1) / np.sqrt(n)
    found = np.mean(np.abs(values.mean(axis=1)) + half < np.log(1.5))
    assert found == pytest.approx(float(re.findall(r"0\.\d+", said)[-1]), abs=0.005 + 4 * np.sqrt(found * (1 - found) / 20_000))
    assert said in re.sub(r"\s+", " ", (PAGES / "questions" / "batch-size.md").read_text(encoding="utf-8"))
