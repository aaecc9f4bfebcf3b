"""Training of one arm: addressed by step, so that a run that was killed continues to the bitwise same numbers.

The order of the images is drawn by epoch, the noise by step; no stream has a state of its own that would have to be kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import torch

from theory_sim.numeric.streams import generator
from theory_sim.probe.probe import Probe
from theory_sim.trajectory import Trajectory
from theory_sim.vision.noise import add_noise, set_level
from theory_sim.vision.patch import KINDS
from theory_sim.vision.plan import Arm, Pieces, VisionPlan
from theory_sim.vision.prepared import Prepared

__all__ = ["ArmTraining", "at_epoch", "fixed_arithmetic"]

_KERNEL_MEMORY: Final = 2**28
"""Bytes for kernels: a number of its own, so that what is projected does not depend on the machine."""
_TESTED_AT_ONCE: Final = 500


def at_epoch(pieces: Pieces, epoch: int) -> float:
    """The number in force in an epoch."""
    return [number for start, number in pieces if start <= epoch][-1]


@contextmanager
def fixed_arithmetic() -> Iterator[None]:
    """One thread, deterministic algorithms and float32 inside; settings and random stream are as before afterwards."""
    threads, was, kind = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.get_default_dtype()
    with torch.random.fork_rng(devices=[]):
        try:
            torch.set_num_threads(1)
            torch.use_deterministic_algorithms(True)
            torch.set_default_dtype(torch.float32)
            yield
        finally:
            torch.set_default_dtype(kind)
            torch.use_deterministic_algorithms(was)
            torch.set_num_threads(threads)


class ArmTraining:
    """One arm with one seed, an epoch at a time, inside of `fixed_arithmetic`.

    Parameters
    ----------
    plan : VisionPlan
    arm : Arm
    seed : int
    prepared : Prepared

    Attributes
    ----------
    epoch : int
        Epochs done.
    diverged : bool
        Whether a gradient or a weight was no longer a number; training has ended there.
    probe : Probe
    """

    def __init__(self, plan: VisionPlan, arm: Arm, seed: int, prepared: Prepared) -> None:
        self._plan, self._arm, self._seed, self._data = plan, arm, seed, prepared
        training = plan.training
        inputs, labels = prepared.train
        torch.manual_seed(self._stream(0))
        self._model = plan.network.build(inputs.shape[1], inputs.shape[2], prepared.classes)
        self._noisy = add_noise(self._model, arm.shared)
        self._model.train()
        self._optimizer = torch.optim.SGD(
            self._model.parameters(), lr=at_epoch(arm.rate, 0), momentum=training.momentum, nesterov=training.nesterov,
            weight_decay=training.weight_decay)
        self.steps_an_epoch = len(labels) // training.batch
        self.epoch, self.diverged = 0, False
        record: dict[str, Any] = {"run": {"every_steps": self.steps_an_epoch}, "patterns": {}, "pre_activations": {}}
        if training.kernel_probes:
            record["kernels"] = {"every_steps": self.steps_an_epoch * training.kernel_epochs, "probes": training.kernel_probes}
        # Drawn: training images are in the order of their source, which may be that of the classes.
        drawn = generator(seed, "image batches", 2).permutation(len(labels))[: training.reference]
        chosen = torch.from_numpy(drawn)
        self.probe = Probe(
            self._model, self._optimizer,
            {name: (x[: training.group], y[: training.group]) for name, (x, y) in prepared.tests.items()},
            reference=(inputs[chosen], labels[chosen]), complete=training.reference >= len(labels),
            refresh=max(1, self.steps_an_epoch // training.refresh), record=record, batch=training.batch,
            memory=_KERNEL_MEMORY, name=plan.run_name(arm, seed), seed=seed)

    def _stream(self, address: int) -> int:
        """Seed of PyTorch's stream for the start (0) or for a step (from 1)."""
        return int(generator(self._seed, "image batches", 0, address).integers(2**62))

    def train_epoch(self) -> None:
        """Train one epoch more."""
        inputs, labels = self._data.train
        order: Any = torch.from_numpy(self._order(len(labels)))
        rate = at_epoch(self._arm.rate, self.epoch)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        set_level(self._noisy, at_epoch(self._arm.noise, self.epoch))
        for number, chosen in enumerate(order.split(self._plan.training.batch)[: self.steps_an_epoch]):
            torch.manual_seed(self._stream(1 + self.epoch * self.steps_an_epoch + number))
            self._optimizer.zero_grad()
            loss: Any = torch.nn.functional.cross_entropy(self._model(inputs[chosen]), labels[chosen])
            loss.backward()
            if not self._gradients_are_numbers():
                self.diverged = True
                return
            self._optimizer.step()
            self.probe.step()
            if self.probe.diverged:
                self.diverged = True
                return
        self.epoch += 1

    def _order(self, n: int) -> Any:
        """Images of an epoch's batches, one batch after the other, (n,)."""
        rng = generator(self._seed, "image batches", 1, self.epoch)
        return rng.integers(n, size=n) if self._plan.training.replacement else rng.permutation(n)

    def _gradients_are_numbers(self) -> bool:
        gradients = [each.grad for each in self._model.parameters() if each.grad is not None]
        return bool(torch.isfinite(torch.stack(torch._foreach_norm(gradients))).all())

    def accuracies(self) -> dict[str, float]:
        """Share of right labels of all held-out images of each kind, in evaluation mode."""
        self._model.eval()
        found = {}
        with torch.no_grad():
            for name, (inputs, labels) in self._data.tests.items():
                right = [int((self._model(x).argmax(dim=1) == y).sum()) for x, y in
                         zip(inputs.split(_TESTED_AT_ONCE), labels.split(_TESTED_AT_ONCE), strict=True)]
                found[name] = float(np.sum(right)) / len(labels)
        self._model.train()
        return found

    def state_dict(self) -> dict[str, Any]:
        """All that `load_state_dict` needs: tensors, numbers and texts."""
        return {"epoch": self.epoch, "diverged": self.diverged, "model": self._model.state_dict(),
                "optimizer": self._optimizer.state_dict(), "probe": self.probe.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from there."""
        self.epoch, self.diverged = int(state["epoch"]), bool(state["diverged"])
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.probe.load_state_dict(state["probe"])

    def trajectory(self, noted: dict[str, str | int | float | bool]) -> Trajectory:
        """The records, with accuracies on all held-out images and what else is noted."""
        accuracies = {f"accuracy {name}": value for name, value in self.accuracies().items()}
        counts = np.bincount(self._data.kinds, minlength=len(KINDS)).tolist()
        counted = {f"train {name}": count for name, count in zip(KINDS, counts, strict=True)}
        run = self.probe.trajectory(noted={**noted, **counted, **accuracies, "diverged": self.diverged})
        last = self._plan.training.epochs - 1
        epochs = np.minimum(run.dataset["step"].values // self.steps_an_epoch, last).tolist()
        levels = [at_epoch(self._arm.noise, epoch) for epoch in epochs]
        about = {"units": "1", "long_name": "standard deviation of the pre-activation noise in the step that leaves the record"}
        dataset = run.dataset.assign(placed_noise_level=("record", levels, about))
        if self.diverged:
            dataset = dataset.assign_attrs(outcome="diverged", message="a gradient or a weight was no longer a number")
        return Trajectory(dataset, run.experiment)
