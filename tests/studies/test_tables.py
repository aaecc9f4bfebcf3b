"""What each study's table makes of runs: counts of outcomes that are written by hand, each place with a number of its own."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas
import pytest
from rich.console import Console

from tests.studies.made_up import summaries_of
from theory_sim.studies.registry import get_study, study_names
from theory_sim.sweeps.sweep_run import SweepRun
from theory_sim.terminal.study_tables import studies_table
from theory_sim.terminal.sweep_tables import summary_table

P_FIRST = {"tau_P": 300.0, "tau_Q": 500.0}
Q_FIRST = {"tau_P": 500.0, "tau_Q": 300.0}


def _place(run: SweepRun, name: str) -> tuple[Any, ...]:
    e = run.experiment
    return name, run.engine.name, e.schedule, e.seed


def _row(table: pandas.DataFrame, **labels: Any) -> pandas.Series:
    found = table
    for name, value in labels.items():
        found = found[found[name] == value]
    assert len(found) == 1, labels
    return found.iloc[0]


def test_annealing_time_counts_runs_that_fall_and_learn_after_it() -> None:
    stable = {8.0: 0.7064, 2.0: 0.3529, 0.5: 0.1764}

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, finite = run.experiment, run.engine.name == "finite"
        more = 0 if finite else 1
        if name == "unannealed":
            return {}
        annealed = e.pieces[0][0] if name == "tau" else 800.0  # type: ignore[index]
        # 3 (limit 4) runs learn Q before the annealing, one never, the others after; the level falls by more than half of its
        # own logarithmic factor on 2 (3), motion on 6 (7): far less than half of the rate's on the rest.
        tau_Q = 0.5 * annealed if e.seed < 3 + more else math.inf if e.seed == 9 else 1.5 * annealed
        level, motion = stable[e.eta_2], e.eta_2 / 16
        return {"tau_Q": tau_Q, "annealed_tau": annealed if e.seed != 8 or name != "threshold" else math.nan,
                "ratio_level": level ** (0.55 if e.seed < 2 + more else 0.45),
                "ratio_motion": motion ** (0.55 if e.seed < 6 + more else 0.45), "ratio_end": 0.9}  # fmt: skip

    study = get_study("annealing-time")
    table = study.tabulate(summaries_of(study, outcome))
    assert len(table) == 16
    for _, row in table.iterrows():
        more = 0 if row["engine"] == "finite" else 1
        counts = [row[name] for name in ("annealed", "runs level", "runs motion", "runs epoch")]
        if row["way"] in ("constant", "S"):
            assert counts == [0, 0, 0, 0]
        elif row["way"] == "threshold":  # seed 8 was not annealed: its tau_Q comes after nothing
            assert counts == [9, 2 + more, 6 + more, 6 - more]
        else:
            assert counts == [10, 2 + more, 6 + more, 7 - more]
        assert row["tau_Q censored"] == (1 if row["annealed"] else 0)
    assert _row(table, way="tau = 400", engine="finite")["eta_2 / eta_1"] == 1 / 32


def test_essential_noise_pairs_each_small_rate_with_its_own_large_one() -> None:
    shares = {"scaled": 7, "none": 2, "per-step": 5}
    settings = {(1, 10.0): 1, (1, 0.3): 2, (10, 10.0): 3, (10, 0.3): 4}

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, more = run.experiment, 0 if run.engine.name == "finite" else 2
        if e.schedule == "S":  # the first data set never flips under noise per tau: S learns P first there
            return P_FIRST if name == "per-tau" and e.seed < 1 else Q_FIRST
        first = settings[e.batch_size, e.tau_0_value] if name == "batches" else shares[name]  # type: ignore[index]
        return P_FIRST if e.seed < first + more else Q_FIRST

    study = get_study("essential-noise")
    table = study.tabulate(summaries_of(study, outcome))
    expected = {**shares, "per-tau": 6} | {f"batches of {b}, tau_0 = {t:g}": n for (b, t), n in settings.items()}
    for name, flips in expected.items():
        for engine, more in (("finite", 0), ("limit", 2)):
            row = _row(table, noise=name, engine=engine)
            assert (row["pairs"], row["flips"]) == (10, flips + more), name
            assert row["L-S: P first"] == (9 if name == "per-tau" and more else 7 if name == "per-tau" else flips + more)
            assert row["S: Q first"] == (9 if name == "per-tau" else 10)


def test_regularisation_counts_each_part_on_its_own_runs() -> None:
    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, seed = run.experiment, run.experiment.seed
        if run.engine.name == "limit":
            return {"growth": 1.0}
        if name == "noise-annealed":  # P first and Q learnt on seeds 0 to 5 alone
            return {6: Q_FIRST, 7: {"tau_P": 300.0, "tau_Q": math.inf}}.get(seed, P_FIRST if seed < 6 else Q_FIRST)
        if e.schedule == "constant":
            # The level grows on seeds 0 to 7 without lambda; with the mild one it is stable from 3 on, else never.
            growth = {0.0: 1.06 if seed < 8 else 1.04, 5e-4: 1.04 if seed >= 3 else 0.94, 5e-3: 1.3}[e.lambda_]
            # With the noise left on, without lambda, Q is not learnt from seed 2 on, but seed 3 has no order.
            late = {"tau_P": 300.0, "tau_Q": math.inf} if seed >= 2 else P_FIRST
            late = {"tau_P": math.nan, "tau_Q": math.nan} if seed == 3 else late
            return {"growth": growth, **(late if e.lambda_ == 0 else P_FIRST)}
        first = {0.0: 9, 5e-4: 4, 5e-3: 1}[e.lambda_]
        return P_FIRST if e.schedule == "L-S" and seed < first else Q_FIRST

    study = get_study("regularisation")
    table = study.tabulate(summaries_of(study, outcome))
    constant = _row(table, engine="finite", run="constant", **{"lambda": 0.0})
    assert (constant["level: sets"], constant["level: shown"], constant["no order"]) == (10, 5, 1)
    alone = _row(table, engine="finite", run="constant, noise annealed")
    assert (alone["noise alone: sets"], alone["noise alone: shown"]) == (10, 3), "seeds 2, 4 and 5"
    for lambda_, flips in ((0.0, 9), (5e-4, 4), (5e-3, 1)):
        assert _row(table, engine="finite", run="L-S", **{"lambda": lambda_})["flips"] == flips
    assert _row(table, engine="limit", run="constant", **{"lambda": 0.0})["level: shown"] == 0
    reasons = [each.reason.partition(" data")[0] for each in study.decide(table).findings]
    assert reasons == ["5 of 10", "9 of 10", "3 of 10"]


@pytest.mark.parametrize("name", ["noise-placement", "mitigation"])
def test_arms_are_held_against_the_small_rate_where_there_is_something_to_restore(name: str) -> None:
    study = get_study(name)
    seeds = study.plan("default")["baseline"].seeds

    def outcome(sweep: str, run: SweepRun) -> Mapping[str, Any]:
        e, k = run.experiment, seeds.index(run.experiment.seed) + (0 if run.engine.name == "finite" else 1)
        if sweep == "baseline":  # to be restored on all but the first (L-S learns Q first) and the second (S learns P first)
            if e.schedule == "L-S":
                return {**(Q_FIRST if k == 0 else P_FIRST), "P_error": 0.05}
            return {**(P_FIRST if k == 1 else Q_FIRST), "P_error": 0.10}
        # Between the errors of L-S and S up to the sixth, above both beyond; P first up to the eighth, nothing on the ninth.
        order = P_FIRST if k < 8 else {"tau_P": math.inf, "tau_Q": math.inf} if k == 8 else Q_FIRST
        return {**order, "P_error": 0.07 if k < 6 else 0.2}

    table = study.tabulate(summaries_of(study, outcome))
    for engine, first in (("finite", 0), ("limit", 1)):
        arms = table[(table["arm"] == "S + noise") & (table["engine"] == engine)]
        places = range(first, first + len(seeds))
        assert len(arms) and set(arms["restorable"]) == {sum(k > 1 for k in places)}
        assert set(arms["restored"]) == {sum(1 < k < 8 for k in places)}
        assert set(arms["better"]) == {sum(1 < k < 6 for k in places)}
        small = _row(table, arm="S", engine=engine)
        assert (small["better"], small["restored"]) == (0, 0)
        large = _row(table, arm="L-S", engine=engine)
        assert large["better"] == large["restorable"] == large["restored"]
        assert large["error S / arm"] == pytest.approx(2.0) and small["error arm / L-S"] == pytest.approx(2.0)


def test_runs_that_are_above_again_are_counted_and_not_censored() -> None:
    study = get_study("kernel-change")

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        again = run.experiment.seed < 105 and run.experiment.schedule == "S" and run.engine.name == "finite"
        return {"above_again_Q": 900.0 if again else math.inf}

    summaries = summaries_of(study, outcome)
    table = study.tabulate(summaries)
    for _, row in table.iterrows():
        expected = 5 if (row["schedule"], row["engine"]) == ("S", "finite") else 0
        assert (row["tau_Q above again"], row["tau_P above again"], row["tau_Q censored"]) == (expected, 0, 0)
    console = Console(width=400)
    with console.capture() as capture:
        console.print(summary_table(summaries["patterns"]))
    done = len({run.id for run in summaries["patterns"].sweep})
    assert f"Q was learnt and its loss above 0.45 again later in 20 of {done} runs" in capture.get(), "5 seeds, 4 laws"
    assert "P was learnt and" not in capture.get()


def test_kernel_change_counts_flips_within_each_law() -> None:
    study = get_study("kernel-change")
    first = {"moving": 20, "frozen": 3, "frozen-at-annealing": 15, "redrawn": 7}

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, k = run.experiment, run.experiment.seed - 100
        more = 0 if run.engine.name == "finite" else 1
        if e.schedule == "S" and k == 0:
            return {"tau_P": math.inf, "tau_Q": math.inf}  # neither: no flip, and neither first
        return P_FIRST if e.schedule == "L-S" and k < first[e.patterns] + more else Q_FIRST

    table = study.tabulate(summaries_of(study, outcome))
    for patterns, flips in first.items():
        for engine, more in (("finite", 0), ("limit", 1)):
            for schedule in ("L-S", "S"):
                row = _row(table, patterns=patterns, engine=engine, schedule=schedule)
                assert row["flips"] == flips + more - 1
                expected = (flips + more, 24 - flips - more) if schedule == "L-S" else (0, 23)
                assert (row["P first"], row["Q first"]) == expected
    reasons = [each.reason.partition(" seeds")[0] for each in study.decide(table).findings]
    assert reasons == [f"{flips - 1} of 24" for flips in first.values()]


def test_scaling_holds_times_against_their_closed_forms() -> None:
    """At the level 0.45, by hand: c_P = 1.71 of THEORY §8; c_Q of alpha on [1/2, 1] from the formula's own module."""
    from theory_sim.theory.learning_times import c_Q

    study = get_study("scaling")

    def closed(d: int, r: float, alpha_min: float) -> tuple[float, float]:
        return 1.7147 * d / 0.7, c_Q(0.45, alpha_min=alpha_min, alpha_max=1.0) / (0.875 * math.atan(r) * (1 + r * r))

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        e, large = run.experiment, run.experiment.schedule == "L-S"
        tau_P, tau_Q = closed(e.d, e.r, e.alpha_min)
        errors = {f"error_at_loss_{level:g}": 0.01 if large else 0.12 for level in (0.4, 0.35, 0.3, 0.25, 0.22, 0.2, 0.18)}
        return {"tau_P": 1.1 * tau_P if large else 10 * tau_P, "tau_Q": 20 * tau_Q if large else 1.2 * tau_Q,
                "train_loss": 0.19, "P_error": 0.01 if large else 0.12, "separation": 0.93,
                "error_at_P_loss": 0.01 if large else 0.02,
                **{f"error_at_loss_{level:g}": math.nan for level in (0.16, 0.14, 0.12, 0.1, 0.08, 0.06, 0.04)},
                **errors}  # fmt: skip

    table = study.tabulate(summaries_of(study, outcome))
    limit = table[table["engine"] == "limit"]
    large, small = (limit[limit["schedule"] == schedule] for schedule in ("L-S", "S"))
    assert len(large) == len(small) == 6
    assert large["log tau_P / closed form"].to_numpy() == pytest.approx(math.log(1.1), abs=2e-3)
    assert small["log tau_Q / closed form"].to_numpy() == pytest.approx(math.log(1.2), abs=1e-9)
    assert large["h / plateau"].to_numpy() == pytest.approx(0.93) and small["h / plateau"].isna().all()
    assert large["error S / L-S, equal loss"].to_numpy() == pytest.approx(12.0)
    assert large["error S / L-S, equal P loss"].to_numpy() == pytest.approx(2.0)
    verdicts = [each.verdict for each in study.decide(table).findings]
    assert verdicts[3:5] == ["supported", "refuted"], "1.1 and 1.2 against a factor 1.15, no spread"


def test_a_groups_times_are_those_at_the_first_level() -> None:
    from theory_sim.studies.groups import group_row

    def outcome(name: str, run: SweepRun) -> Mapping[str, Any]:
        return {"tau_P": np.array([300.0, 200.0, 100.0]), "tau_Q": np.array([50.0, 40.0, 30.0]), "order": "Q first"}

    summary = next(iter(summaries_of(get_study("annealing-time"), outcome).values()))
    row = group_row(summary.dataset.isel({dim: 0 for dim in summary.dataset["state"].dims if dim != "seed"}))
    assert (row["tau_P"], row["tau_Q"]) == (300.0, 50.0)


def test_studies_are_listed_with_a_line_between_them() -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(studies_table())
    paragraphs = re.split(r"\n *\n", console.export_text().rstrip())
    assert len(paragraphs) == len(study_names()) + 1 and paragraphs[-1].startswith("[F n] ")
    assert all(part.startswith(name) for part, name in zip(paragraphs[:-1], study_names(), strict=True))
