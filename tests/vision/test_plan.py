"""Files of arms: read and written, and every mistake told with its line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.vision.arms import TOML
from theory_sim.errors import InputError
from theory_sim.vision import VisionPlan
from theory_sim.vision.plan import Arm


def test_a_file_is_read_and_written_again(tmp_path: Path) -> None:
    (tmp_path / "arms.toml").write_text(TOML)
    plan = VisionPlan.from_toml(tmp_path / "arms.toml")
    assert [arm.name for arm in plan.arms] == ["large", "noisy"]
    assert plan.arms[0].rate == ((0, 0.1), (2, 0.01)) and plan.arms[1].rate == ((0, 0.01),)
    assert plan.arms[0].noise == ((0, 0.0),) and plan.arms[1].shared == "nothing"
    assert VisionPlan.from_table(plan.to_table()) == plan


@pytest.mark.parametrize(("old", "new", "message"), [
    ('source = "generated"', 'source = "imagenet"', "line 5: .*source of images 'imagenet'"),
    ("train = 128", "train = 0", "line 7: data: train = 0"),
    ("train = 128", "trian = 128", "line 7: data: trian"),
    ("side = 8", 'side = "8"', "a whole number"),
    ("size = 3", "size = 3\nshare_patched = 2.0", "share_patched = 2.0"),
    ('kind = "small-resnet"', 'kind = "vgg"', "network 'vgg'"),
    ("widths = [4, 8]", "widths = [4, 0]", "widths"),
    ("widths = [4, 8]", "depth = 16", "depth"),
    ("batch = 32", "batch = true", "a whole number"),
    ("batch = 32", "batch = 32\nmomentum = 1.0", "momentum = 1.0"),
    ("rate = 0.01", "rate = [[1, 0.01]]", "begin at epoch 0"),
    ("rate = 0.01", "rate = [[0, 0.1], [0, 0.01]]", "increasing"),
    ("rate = 0.01", "rate = 0", "rates above 0"),
    ("rate = 0.01", "rate = [[0, 0.1], [4, 0.01]]", "after the last epoch"),
    ("rate = 0.01", "noised = 1", "rate"),
    ('name = "noisy"', 'name = "large"', "arms of one name: large"),
    ('name = "noisy"', 'name = "a/b"', "rename it"),
    ('shared = "nothing"', 'shared = "channels"', "channels"),
    ("seeds = [0]", "seeds = [0, 0]", "each once"),
    ("seeds = [0]", 'seeds = "0"', "whole numbers"),
    ("seeds = [0]", "sedes = [0]", "sedes"),
    ("[network]\n", "[data.network]\n", "no network"),
])
def test_a_mistake_is_told(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert TOML.count(old) == 1
    (tmp_path / "arms.toml").write_text(TOML.replace(old, new))
    with pytest.raises(InputError, match=rf"(?s)arms\.toml.*{message}"):
        VisionPlan.from_toml(tmp_path / "arms.toml")


def test_a_missing_file_is_told_where_one_of_arms_is(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has arms to start from"):
        VisionPlan.from_toml(tmp_path / "arms.toml")


def test_identity_is_of_all_that_decides_a_run() -> None:
    plan = VisionPlan.from_table(tomllib.loads(TOML))
    arm = plan.arms[0]
    base = plan.identity(arm, 0, "digest")
    moved = VisionPlan.from_table(tomllib.loads(TOML.replace('name = "try"', 'name = "other"').replace("[0]", "[0, 1]")))
    assert moved.identity(arm, 0, "digest") == base, "neither the plan's name nor its other seeds decide"
    for old, new in (("amplitude = 0.5", "amplitude = 0.4"), ("batch = 32", "batch = 16"), ("train = 128", "train = 96"),
                     ("widths = [4, 8]", "widths = [8, 8]")):
        other = VisionPlan.from_table(tomllib.loads(TOML.replace(old, new)))
        assert other.identity(arm, 0, "digest") != base
    for changed in (plan.identity(plan.arms[1], 0, "digest"), plan.identity(arm, 1, "digest"), plan.identity(arm, 0, "other"),
                    plan.identity(arm.control(), 0, "digest")):
        assert changed != base


def test_a_control_is_the_arm_without_the_patch() -> None:
    arm = Arm("a", ((0, 0.1),), noise=((0, 0.4),))
    control = arm.control()
    assert (control.name, control.patch, control.rate, control.noise) == ("a-no-patch", False, arm.rate, arm.noise)
