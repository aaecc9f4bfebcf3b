"""Runs of arms: the same numbers again, after a kill too; records and accuracies are what they are called."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.vision.arms import TOML
from theory_sim import Trajectory, vision
from theory_sim.errors import InputError, StoreError
from theory_sim.vision import VisionPlan, load_images

PLAN = VisionPlan.from_table(tomllib.loads(TOML))


def same(a: Trajectory, b: Trajectory) -> bool:
    """Bitwise, data and what is noted."""
    return bool(a.dataset.identical(b.dataset)) and a.experiment.recorded == b.experiment.recorded  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Trajectory]]:
    pytest.importorskip("torch", reason="PyTorch (extra vision) is not installed")
    folder = tmp_path_factory.mktemp("whole")
    return folder, vision.run_arms(PLAN, out=folder)


def test_runs_are_stored_and_read_again(whole: tuple[Path, list[Trajectory]]) -> None:
    folder, runs = whole
    assert sorted(each.name for each in folder.iterdir()) == ["try-large-seed0", "try-noisy-seed0"]
    assert all(same(a, b) for a, b in zip(runs, vision.run_arms(PLAN, out=folder), strict=True))
    with pytest.raises(StoreError, match="holds another run"):
        vision.run_arms(replace(PLAN, training=replace(PLAN.training, weight_decay=0.1)), out=folder)


def test_records_are_of_each_epoch_and_kind(whole: tuple[Path, list[Trajectory]]) -> None:
    large, noisy = whole[1]
    for run in (large, noisy):
        data = run.dataset
        assert data["step"].values.tolist() == [0, 4, 8, 12, 16]
        assert list(data["kind"].values) == ["clean", "mixed", "patch-only"]
        assert np.isfinite(data["loss_train"]).all() and np.isfinite(data["flips"].sel(since="start")).all()
        assert data["step_kernels"].values.tolist() == [0, 8, 16]
        assert run.experiment.recorded["train mixed"] == 82  # type: ignore[attr-defined]
    assert large.annealed_tau == pytest.approx(0.8) and np.isnan(noisy.annealed_tau)
    assert large.dataset["placed_noise_level"].values.tolist() == [0.0] * 5
    assert noisy.dataset["placed_noise_level"].values.tolist() == [0.4, 0.4, 0.0, 0.0, 0.0]


def killed(plan: VisionPlan, folder: Path, epochs: int) -> None:
    """Start the runs in a process and kill it once a checkpoint says that so many epochs are done."""
    import torch

    (folder / "arms.toml").write_text(TOML)
    code = f"from theory_sim.vision import *; run_arms(VisionPlan.from_toml('arms.toml'), out='.', progress=print, " \
           f"workers=1); print({len(plan.arms)})"
    checkpoint = folder / "try-large-seed0.checkpoint"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=folder, stdout=subprocess.DEVNULL,
                               env=environment())
    try:
        for _ in range(6000):
            # A checkpoint is replaced whole, so that it can be read at any time.
            if checkpoint.exists() and torch.load(checkpoint, weights_only=True)["training"]["epoch"] >= epochs:
                break
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.01)
        else:
            raise AssertionError("no checkpoint in a minute")
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()


# Over a second: a process that imports PyTorch, and trains.
def test_a_killed_run_continues_to_the_same_numbers(whole: tuple[Path, list[Trajectory]], tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    killed(PLAN, tmp_path, epochs=1)
    seen: list[tuple[str, int]] = []
    runs = vision.run_arms(PLAN, out=tmp_path, progress=lambda name, done, of: seen.append((name, done)))
    assert seen[0] >= ("try-large-seed0", 1), "it did not begin anew"
    assert all(same(a, b) for a, b in zip(runs, whole[1], strict=True))
    assert not list(tmp_path.glob("*.checkpoint")) and not list(tmp_path.glob("*.lock"))


def interrupted(folder: Path, epochs: int) -> Path:
    """A run that stops by Ctrl-C after so many epochs."""
    def stop(name: str, done: int, of: int) -> None:
        if done == epochs:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vision.run_arms(PLAN, out=folder, progress=stop)
    return folder / "try-large-seed0.checkpoint"


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_an_interrupted_run_continues_before_at_and_after_annealing(
    epochs: int, whole: tuple[Path, list[Trajectory]], tmp_path: Path
) -> None:
    interrupted(tmp_path, epochs)
    assert same(vision.run_arms(replace(PLAN, arms=PLAN.arms[:1]), out=tmp_path)[0], whole[1][0])


def test_a_checkpoint_beside_the_finished_run_is_removed(whole: tuple[Path, list[Trajectory]], tmp_path: Path) -> None:
    """As a kill leaves it between the two; one beside another run is left alone."""
    checkpoint = interrupted(tmp_path, 3)
    content, plan = checkpoint.read_bytes(), replace(PLAN, arms=PLAN.arms[:1])
    vision.run_arms(plan, out=tmp_path)
    checkpoint.write_bytes(content)
    with pytest.raises(StoreError, match="holds another run"):
        vision.run_arms(replace(plan, training=replace(plan.training, weight_decay=0.1)), out=tmp_path)
    assert checkpoint.exists()
    assert same(vision.run_arms(plan, out=tmp_path)[0], whole[1][0])
    assert [each.name for each in tmp_path.iterdir()] == ["try-large-seed0"]


def test_a_continuation_that_forgets_would_be_seen(whole: tuple[Path, list[Trajectory]], tmp_path: Path, torch: Any) -> None:
    """The check can fail: with one buffer of the optimiser lost the numbers differ."""
    from theory_sim.vision.one_run import _write

    checkpoint = interrupted(tmp_path, 2)
    kept = torch.load(checkpoint, weights_only=True)
    noise = kept["training"]["probe"]["split"]["velocities"]["noise"]
    noise[0] = torch.zeros_like(noise[0])
    _write(checkpoint, kept)
    try:
        other = vision.run_arms(replace(PLAN, arms=PLAN.arms[:1]), out=tmp_path)[0]
    except InputError as refused:
        assert "is not what SGD makes" in str(refused)
    else:
        assert not same(other, whole[1][0])


@pytest.mark.parametrize("spoil", ["another run", "another library", "cut", "a weight", "no checkpoint"])
def test_checkpoints_that_do_not_fit_are_refused(spoil: str, tmp_path: Path, torch: Any) -> None:
    from theory_sim.vision.one_run import _write

    checkpoint = interrupted(tmp_path, 1)
    kept = torch.load(checkpoint, weights_only=True)
    plan = replace(PLAN, arms=PLAN.arms[:1])
    if spoil == "another run":
        plan = replace(plan, training=replace(plan.training, weight_decay=0.1))
    elif spoil == "another library":
        kept["environment"]["torch"] = "1.0"
        _write(checkpoint, kept)
    elif spoil == "cut":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    elif spoil == "a weight":
        content, noise = bytearray(checkpoint.read_bytes()), kept["training"]["probe"]["split"]["velocities"]["noise"][0]
        content[content.index(noise.numpy().tobytes())] ^= 1
        assert torch.load(io.BytesIO(content[:-32]), weights_only=True), "PyTorch itself does not see it"
        checkpoint.write_bytes(content)
    else:
        torch.save([1], checkpoint)
    before = checkpoint.read_bytes()
    with pytest.raises(StoreError):
        vision.run_arms(plan, out=tmp_path)
    assert checkpoint.read_bytes() == before and not (tmp_path / "try-large-seed0").exists()
    if spoil == "another library":
        vision.run_arms(plan, out=tmp_path, any_version=True)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])}


# Over a second: three processes that import PyTorch.
@pytest.mark.tier2
def test_the_number_of_processes_changes_nothing(whole: tuple[Path, list[Trajectory]], tmp_path: Path) -> None:
    """From a program on standard input, which no process can import again."""
    (tmp_path / "arms.toml").write_text(TOML)
    code = "from theory_sim.vision import *; run_arms(VisionPlan.from_toml('arms.toml'), out='.', workers=2, progress=print)"
    done = subprocess.run([sys.executable, "-"], input=code, text=True, capture_output=True, cwd=tmp_path, check=False,
                          env=environment())
    assert done.returncode == 0, done.stderr
    runs = [Trajectory.load(tmp_path / f"try-{name}-seed0") for name in ("large", "noisy")]
    assert all(same(a, b) for a, b in zip(runs, whole[1], strict=True))
    told = sorted(done.stdout.splitlines())
    assert told == sorted(f"try-{name}-seed0 {epochs} 4" for name in ("large", "noisy") for epochs in range(5))


# Over a second: three processes that import PyTorch.
@pytest.mark.tier2
def test_interrupted_processes_end_and_their_runs_continue(tmp_path: Path, torch: Any) -> None:
    """A signal to the parent alone ends the workers too, long before their runs would end."""
    (tmp_path / "arms.toml").write_text(TOML.replace("epochs = 4", "epochs = 100000"))
    code = "import sys; from theory_sim.__main__ import main; sys.argv = ['theory-sim', 'vision', 'run', 'arms.toml', " \
           "'--workers', '2', '--out', '.']; main()"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment())
    try:
        for _ in range(6000):
            if len(list(tmp_path.glob("*.checkpoint"))) == 2 or process.poll() is not None:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and "continue with" in said
    kept = [torch.load(path, weights_only=True)["training"]["epoch"] for path in sorted(tmp_path.glob("*.checkpoint"))]
    time.sleep(1.0)
    assert kept == [torch.load(path, weights_only=True)["training"]["epoch"] for path in sorted(tmp_path.glob("*.checkpoint"))]


def test_the_users_stream_threads_and_kind_of_number_are_left_alone(
    whole: tuple[Path, list[Trajectory]], tmp_path: Path, torch: Any
) -> None:
    torch.set_default_dtype(torch.float64)
    try:
        found = vision.run_arms(replace(PLAN, arms=PLAN.arms[:1]), out=tmp_path / "float64")
        assert torch.get_default_dtype() == torch.float64 and same(found[0], whole[1][0])
    finally:
        torch.set_default_dtype(torch.float32)
    torch.manual_seed(7)
    expected, threads = torch.rand(3), torch.get_num_threads()
    torch.manual_seed(7)
    vision.run_arms(replace(PLAN, arms=PLAN.arms[:1], training=replace(PLAN.training, epochs=3)), out=tmp_path)
    assert torch.equal(torch.rand(3), expected) and torch.get_num_threads() == threads


def test_accuracies_are_those_of_the_network(torch: Any) -> None:
    """By a loop over single images, on the very images that the law makes."""
    from theory_sim.vision.prepared import prepare
    from theory_sim.vision.training import ArmTraining, fixed_arithmetic

    images = load_images("generated")
    with fixed_arithmetic():
        data = prepare(PLAN, PLAN.arms[0], 0, images)
        training = ArmTraining(PLAN, PLAN.arms[0], 0, data)
        training.train_epoch()
        found = training.accuracies()
        training._model.eval()
        for name, (inputs, labels) in data.tests.items():
            right = [int(training._model(x[None]).argmax()) == int(y) for x, y in zip(inputs, labels, strict=True)]
            assert found[name] == pytest.approx(np.mean(right), abs=1.5 / len(right))  # a tie by rounding may go either way
    inputs, _ = data.train
    clean = inputs[torch.from_numpy(data.kinds == 0)]
    assert len(inputs) == 128 and len(clean) == 26
    assert torch.equal(data.tests["patch-only"][0][:, :, 0, 0], torch.zeros(64, 3))
    assert torch.equal(data.tests["clean"][0][:, :, 0], data.tests["mixed"][0][:, :, 0])


@pytest.mark.parametrize("replacement", [False, True])
def test_batches_are_drawn_with_replacement_or_use_each_image_once(replacement: bool, torch: Any) -> None:
    from theory_sim.vision.prepared import prepare
    from theory_sim.vision.training import ArmTraining, fixed_arithmetic

    plan = replace(PLAN, training=replace(PLAN.training, replacement=replacement))
    with fixed_arithmetic():
        training = ArmTraining(plan, plan.arms[0], 0, prepare(plan, plan.arms[0], 0, load_images("generated")))
        seen = []
        training._model.register_forward_pre_hook(lambda module, given: seen.append(given[0]) if module.training else None)
        training.probe.step = lambda: None  # type: ignore[method-assign]
        training.train_epoch()
        training.train_epoch()
    epochs = [torch.cat(seen[:4]), torch.cat(seen[4:])]
    distinct = [len(each.flatten(1).unique(dim=0)) for each in epochs]
    # Of 128 drawn from 128 some 81 are different ones.
    assert len(seen) == 8 and all((60 < found < 100) if replacement else (found == 128) for found in distinct)
    assert not torch.equal(*epochs)
    identities = {each.identity(each.arms[0], 0, "digest") for each in (PLAN, plan)}
    assert len(identities) == 1 + replacement


def test_the_reference_is_drawn_from_all_training_images(torch: Any) -> None:
    """Of a source in the order of its classes, too, such as a folder."""
    from theory_sim.vision.prepared import prepare
    from theory_sim.vision.training import ArmTraining, fixed_arithmetic

    images = load_images("generated")
    images = replace(images, train=images.train.take(np.argsort(images.train.labels, kind="stable")))
    with fixed_arithmetic():
        data = prepare(PLAN, PLAN.arms[0], 0, images)
        training = ArmTraining(PLAN, PLAN.arms[0], 0, data)
    used = torch.cat([y for _, y in training.probe._reference._batches])
    assert (data.train[1].diff() >= 0).all() and len(used) == 64
    assert (used.bincount(minlength=4) >= 8).all()  # 16 each on average


def test_held_out_images_are_in_no_training_set() -> None:
    """By their pixels, over seeds and both splits."""
    pytest.importorskip("torch", reason="PyTorch (extra vision) is not installed")
    from theory_sim.vision.images import split_images
    from theory_sim.vision.prepared import prepare

    images = load_images("generated")
    plan = replace(PLAN, data=replace(PLAN.data, side=None))
    pool = split_images(images, {"train": 600 - 64, "tune": 64, "report": 96}, 0)
    for seed in range(3):
        control = prepare(plan, plan.arms[0].control(), seed, images)
        pixels = control.train[0].numpy()
        trained = {row.tobytes() for row in np.round(pixels * 100).astype(np.int16).reshape(len(pixels), -1)}
        assert len(trained) == 128
        chosen = split_images(replace(images, train=pool["train"], test=None), {"train": 128}, seed)["train"]
        scaled = chosen.scaled()
        normal = (scaled - scaled.mean((0, 2, 3), keepdims=True)) / scaled.std((0, 2, 3), keepdims=True)
        assert trained == {row.tobytes() for row in np.round(normal * 100).astype(np.int16).reshape(128, -1)}
        held_out = {row.tobytes() for name in ("tune", "report") for row in pool[name].pixels}
        assert not held_out & {row.tobytes() for row in chosen.pixels}


@pytest.mark.parametrize(("fields", "message"), [({"train": 590}, "disjoint images"), ({"train": 16}, "at least one batch")])
def test_too_few_images_are_refused(fields: dict[str, int], message: str, tmp_path: Path, torch: Any) -> None:
    with pytest.raises(InputError, match=message):
        vision.run_arms(replace(PLAN, data=replace(PLAN.data, **fields)), out=tmp_path)
    assert not [each for each in tmp_path.iterdir() if each.suffix != ".lock"]


def test_a_patch_larger_than_memory_is_refused_as_outside_of_the_image(tmp_path: Path, torch: Any) -> None:
    """Before its patterns, of 80 GiB, are drawn."""
    with pytest.raises(InputError, match="a patch of 60000 x 60000 pixels"):
        vision.run_arms(replace(PLAN, patch=replace(PLAN.patch, size=60_000)), out=tmp_path)


@pytest.mark.parametrize("widths", [(10, 10**15), (10, 10**18)], ids=["refused by the system", "beyond 2^63 bytes"])
def test_a_network_larger_than_memory_is_refused(widths: tuple[int, ...], tmp_path: Path, torch: Any) -> None:
    from theory_sim.vision.networks.base import NETWORKS

    plan = replace(PLAN, network=NETWORKS["mlp"](widths=widths))  # type: ignore[call-arg]
    with pytest.raises(InputError, match="try-large-seed0: too little memory") as refused:
        vision.run_arms(plan, out=tmp_path)
    assert "widths" in refused.value.fix and not [each for each in tmp_path.iterdir() if each.suffix != ".lock"]


def test_images_that_are_not_square_are_refused_unless_they_are_scaled(torch: Any) -> None:
    """The patch would lie off their centre."""
    from theory_sim.vision.prepared import prepare

    images = load_images("generated")
    images = replace(images, **{name: replace(part, pixels=part.pixels[:, :, 2:]) for name, part in
                                (("train", images.train), ("test", images.test)) if part is not None})
    assert prepare(PLAN, PLAN.arms[0], 0, images).train[0].shape[-2:] == (8, 8)
    with pytest.raises(InputError, match="images of 12 x 10 pixels") as refused:
        prepare(replace(PLAN, data=replace(PLAN.data, side=None)), PLAN.arms[0], 0, images)
    assert "data.side, such as 10" in refused.value.fix


def test_a_diverged_run_ends_and_says_so(tmp_path: Path, torch: Any) -> None:
    arm = replace(PLAN.arms[0], rate=((0, 1e8),))
    plan = replace(PLAN, arms=(arm,), network=replace(PLAN.network), training=replace(PLAN.training, kernel_probes=0))
    from theory_sim.vision.networks.base import NETWORKS

    plan = replace(plan, network=NETWORKS["mlp"](widths=(8,)))  # type: ignore[call-arg]
    (run,) = vision.run_arms(plan, out=tmp_path)
    assert run.experiment.recorded["diverged"] is True and run.outcome == "diverged"  # type: ignore[attr-defined]
    assert same(vision.run_arms(plan, out=tmp_path)[0], run)
