"""Studies on images: their rules by made-up tables, and both commands on drawn images."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pandas
import pytest
from typer.testing import CliRunner

from tests.vision.arms import TOML
from theory_sim.cli import app
from theory_sim.errors import InputError, StoreError
from theory_sim.report.studies import describe_study
from theory_sim.studies.run_study import read_table, read_verdict
from theory_sim.studies.study import SIZES
from theory_sim.vision import VisionPlan
from theory_sim.vision.studies.base import IMAGE_STUDIES, difference_of_differences, judge_mean
from theory_sim.vision.studies.design import make_plan

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "vision" / "arms.toml"


def made_up(*, gap: float = 0.1, ratio: float = 1.0, seeds: int = 4) -> pandas.DataFrame:
    """A table in which the statement holds, by clear margins; ``gap`` is the difference of differences."""
    rows = []
    for seed in range(seeds):
        jitter = 0.001 * (seed - 1.5)
        for arm, ahead in (("large", gap), ("small", 0.0), ("small-noise", gap)):
            for patch in (1, 0):
                lead = 0.05 * (arm != "small")  # without the patch, too
                rows.append({
                    "arm": arm, "patch": patch, "seed": seed, "diverged": 0,
                    "clean accuracy": 0.4 + lead + patch * ahead + (jitter if arm == "large" else 0.5 * jitter),
                    "patch-only accuracy at annealing": (0.6 if arm == "small" else 0.2) + jitter * patch * (arm == "small"),
                    "flips an epoch before": 0.1 + 0.1 * (arm == "large") + jitter * (arm == "large"),
                    "kernel drift, two times": 0.5 + 0.3 * (arm == "large") + jitter * (arm == "large"),
                    "noise level": 0.1 * ratio * (1 + jitter), "noise level by recursion": 0.1})
    return pandas.DataFrame(rows)


@pytest.mark.parametrize("name", IMAGE_STUDIES.names())
def test_the_rule_supports_refutes_and_leaves_open(name: str) -> None:
    decide = IMAGE_STUDIES[name].decide
    assert decide(made_up()).verdict == "supported"
    refuted = decide(made_up(gap=-0.1))
    assert refuted.verdict == "refuted" and refuted.findings[0].verdict == "refuted"
    assert decide(made_up(gap=0.0)).findings[0].verdict == "undecided"
    assert {each.verdict for each in decide(made_up(seeds=1)).findings} == {"undecided"}


def test_a_lead_that_is_there_without_the_patch_counts_for_nothing() -> None:
    """The plain difference would support it: 0.05 in every seed."""
    table = made_up(gap=0.0)
    of_patch = table[table["patch"] == 1]
    lead = of_patch[of_patch["arm"] == "large"]["clean accuracy"].mean() - of_patch[of_patch["arm"] == "small"][
        "clean accuracy"].mean()
    assert lead == pytest.approx(0.05, abs=0.001)
    assert difference_of_differences(table, "clean accuracy", "large", "small") == pytest.approx([0.0] * 4, abs=1e-12)


@pytest.mark.parametrize(("ratio", "verdict"), [(1.0, "supported"), (1.1, "supported"), (1.25, "undecided"), (1.5, "refuted"),
                                                (0.5, "refuted")])
def test_the_noise_is_held_against_both_borders(ratio: float, verdict: str) -> None:
    assert IMAGE_STUDIES["images"].decide(made_up(ratio=ratio)).findings[4].verdict == verdict


def test_diverged_runs_and_lost_seeds_count_for_nothing() -> None:
    table = made_up()
    spoilt = table.copy()
    spoilt.loc[(spoilt["seed"] == 3) & (spoilt["arm"] == "large"), ["diverged", "clean accuracy"]] = 1, 0.0
    assert len(difference_of_differences(spoilt[spoilt["diverged"] == 0], "clean accuracy", "large", "small")) == 3
    assert IMAGE_STUDIES["images"].decide(spoilt).findings[0].verdict == "supported"


def test_a_mean_is_judged_by_students_interval() -> None:
    """Of 0.10, 0.12, 0.11: mean 0.11, standard error 0.01 / sqrt(3), quantile 9.925 at 99 % and 2 degrees of freedom."""
    found = judge_mean("x", [0.10, 0.12, 0.11], level=0.99, what="y")
    assert found.reason == "y: mean 0.110, 0.053 to 0.167 at 99.00%, 3 seeds, border 0"


@pytest.mark.parametrize("name", IMAGE_STUDIES.names())
@pytest.mark.parametrize("size", SIZES)
def test_every_arm_has_its_control_on_the_images_for_reporting(name: str, size: Any) -> None:
    study = IMAGE_STUDIES[name]
    plan = make_plan(size, study.arms, "cifar-10", None)
    assert [arm.patch for arm in plan.arms] == [True, False] * len(study.arms)
    assert plan.data.evaluate == "report" and len(plan.seeds) == {"small": 2, "default": 3, "full": 10}[size]
    for arm, control in zip(plan.arms[::2], plan.arms[1::2], strict=True):
        assert (arm.rate, arm.noise, arm.shared) == (control.rate, control.noise, control.shared)


def test_the_example_is_read() -> None:
    plan = VisionPlan.from_toml(EXAMPLE)
    assert [arm.name for arm in plan.arms] == ["large", "small", "small-noise", "large-no-patch"]
    assert VisionPlan.from_table(tomllib.loads(EXAMPLE.read_text())) == plan


def call(*words: str) -> Any:
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, ["vision", *words])


# Over a second: it trains.
def test_the_command_run_in_each_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("arms.toml").write_text(TOML.replace("epochs = 4", "epochs = 3"))
    found = call("run", "arms.toml")
    assert found.exit_code == 0, found.output
    assert "large" in found.stdout and "try-large-seed0: 3 of 3 epochs" in found.stderr
    assert max(map(len, found.stdout.splitlines())) <= 80
    document = json.loads(call("run", "arms.toml", "--format", "json").stdout)
    assert document["schema"] == "theory-sim.vision_runs" and [row["arm"] for row in document["runs"]] == ["large", "noisy"]
    table = call("run", "arms.toml", "--format", "csv", "--quiet")
    assert table.stdout.splitlines()[0] == "run,arm,seed,clean,mixed,patch-only,diverged" and table.stderr == ""


# Over a second: eight runs of ten epochs.
@pytest.mark.tier2
def test_the_command_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    found = call("study", "images", "--size", "small", "--workers", "1")
    assert found.exit_code == 0, found.output
    assert max(map(len, found.stdout.splitlines())) <= 80
    folder = Path("studies/images-small")
    table = read_table(folder / "table.csv")
    assert len(table) == 8 and table["clean accuracy"].notna().all()
    verdict = read_verdict(folder / "verdict.json")
    assert verdict["verdict"] == "undecided" and verdict["data"] == "generated"
    assert IMAGE_STUDIES["images"].decide(table).to_dict()["verdict"] == "undecided"
    assert (folder / "figure.svg").is_file() and (folder / "figure.png").is_file()
    document = json.loads(call("study", "images", "--size", "small", "--format", "json", "--quiet").stdout)
    assert document["schema"] == "theory-sim.image_study" and len(document["table"]) == 8


def test_an_edited_table_is_not_replaced_and_a_report_has_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torch: Any
) -> None:
    from theory_sim.vision import image_study

    study, table = IMAGE_STUDIES["images"], made_up()
    table["patch-only accuracy"] = 0.5
    table = table[table["arm"] != "small-noise"]
    monkeypatch.setattr(image_study, "run_arms", lambda *arguments, **options: [])
    monkeypatch.setattr(image_study, "tabulate", lambda *arguments: table)
    found = image_study.run_image_study("images", size="small", out=tmp_path)
    pytest.importorskip("matplotlib")
    section, problems = describe_study(found.folder)
    assert section is not None and not problems and "vision study images" in str(section) and "Figure of images" in str(section)
    image_study.run_image_study(study, size="small", out=tmp_path)
    path = found.folder / "table.csv"
    path.write_text(path.read_text().replace("large", "LARGE"))
    edited = path.read_bytes()
    with pytest.raises(StoreError, match="edited"):
        image_study.run_image_study("images", size="small", out=tmp_path)
    assert path.read_bytes() == edited


def test_the_other_command_says_which_one_it_is() -> None:
    found = CliRunner().invoke(app, ["study", "images"])
    assert "theory-sim vision study images" in str(found.exception)


@pytest.mark.parametrize(("words", "message"), [
    (["study"], "no study"), (["study", "image"], "images"), (["study", "images", "--size", "big"], "size"),
    (["run", "nothing.toml"], "nothing.toml"),
])
def test_bad_words_are_refused_before_anything_is_written(words: list[str], message: str, tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = call(*words)
    assert isinstance(found.exception, InputError) or found.exit_code == 2
    assert message in str(found.exception) + found.output and not list(tmp_path.iterdir())


def test_missing_images_are_told_before_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    found = call("study", "images", "--workers", "1")
    assert isinstance(found.exception, InputError) and re.search(r"kriz/cifar", str(found.exception))
    assert not list(tmp_path.iterdir())


def test_figures_are_drawn() -> None:
    pytest.importorskip("matplotlib")
    table = made_up()
    table["patch-only accuracy"] = 0.5
    for study in IMAGE_STUDIES:
        figure = study.figure(table[table["arm"].isin([arm.name for arm in study.arms])])
        assert len(figure.axes) == 3
