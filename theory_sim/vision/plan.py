"""Arms that are compared: data, patch, network, training, and what each arm does, in one TOML file."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final, Self, TypeVar

from theory_sim.errors import Fault, InputError, gathered, nearest, repr_of, shown
from theory_sim.plugins import NAME, Registry
from theory_sim.reading.arguments import accepts
from theory_sim.reading.toml_file import TomlFile
from theory_sim.vision.fields import read_fields, to_table
from theory_sim.vision.networks.base import NETWORKS, Network
from theory_sim.vision.patch import Patch
from theory_sim.vision.sources.base import SOURCES

__all__ = ["SHARES", "SPLITS", "Arm", "DataChoice", "Pieces", "Training", "VisionPlan"]

SPLITS: Final = ("tune", "report")
SHARES: Final = ("nothing", "batch", "batch and channels")
T = TypeVar("T")
Pieces = tuple[tuple[int, float], ...]
"""A number that changes: from each epoch on, the number that stands beside it."""
_TABLES: Final = ("name", "seeds", "data", "patch", "network", "training", "arm")


@dataclass(frozen=True)
class DataChoice:
    """Which images.

    Attributes
    ----------
    source, path
        As for `load_images`.
    side : int or None
        Pixels of each side after scaling down; None: as they are.
    train : int
        Training images, drawn by each seed from those that are not for tuning or reporting.
    tune, report : int
        Images for choosing constants, and for reporting; the same for every seed.
    evaluate : {"tune", "report"}
        Which of the two accuracies are of.
    """

    source: str
    path: str | None = None
    side: int | None = None
    train: int = 5000
    tune: int = 2000
    report: int = 5000
    evaluate: str = "tune"

    def __post_init__(self) -> None:
        _named(SOURCES, self.source, "data.source")
        _require_word("data.evaluate", self.evaluate, SPLITS)
        _require_positive("data", self, ("train", "tune", "report"))


@dataclass(frozen=True)
class Training:
    """What all arms share.

    Attributes
    ----------
    epochs, batch : int
        The last, incomplete batch of an epoch is left out.
    replacement : bool
        Whether every image of a batch is drawn anew from all training images; what batches add is then independent from step
        to step. Else an epoch uses each image at most once.
    momentum, weight_decay : float
    nesterov : bool
    group : int
        Held-out images of each kind whose loss and accuracy are recorded every epoch; all count at the end.
    reference : int
        Training images, drawn by the seed, whose gradient stands for the whole gradient, in the split into signal and noise.
    refresh : int
        Times an epoch at which that gradient is computed; more where the steps of an epoch are no multiple of it.
    kernel_probes : int
        Images of which tangent kernels are recorded, a third of each kind, at least one; 0: none.
    kernel_epochs : int
        Epochs between two records of kernels.
    """

    epochs: int = 16
    batch: int = 64
    replacement: bool = False
    momentum: float = 0.9
    weight_decay: float = 5e-4
    nesterov: bool = False
    group: int = 256
    reference: int = 512
    refresh: int = 2
    kernel_probes: int = 0
    kernel_epochs: int = 8

    def __post_init__(self) -> None:
        _require_positive("training", self, ("epochs", "batch", "group", "reference", "refresh", "kernel_epochs"))
        faults = [Fault(f"training: {name} = {getattr(self, name)}", rule, f"change {name}", (f"training.{name}",))
                  for name, fine, rule in (
                      ("momentum", 0.0 <= self.momentum < 1.0, "a number from 0 to below 1"),
                      ("weight_decay", self.weight_decay >= 0.0, "a number from 0"),
                      ("kernel_probes", self.kernel_probes >= 0, "a whole number from 0"),
                      ("nesterov", not self.nesterov or self.momentum > 0.0, "momentum above 0"),
                  ) if not fine]
        if faults:
            raise InputError.of(faults)


@dataclass(frozen=True)
class Arm:
    """One way to train.

    Attributes
    ----------
    name : str
    rate : Pieces
        Learning rate from each epoch on; in a file a number, or such as ``[[0, 0.4], [8, 0.004]]``.
    noise : Pieces
        Standard deviation of the pre-activation noise, written the same way; 0 without any.
    shared : {"nothing", "batch", "batch and channels"}
        Over what one draw of the noise is shared.
    patch : bool
        Whether training images have the patch; without it the arm is a control.
    """

    name: str
    rate: Pieces
    noise: Pieces = ((0, 0.0),)
    shared: str = "batch and channels"
    patch: bool = True

    def __post_init__(self) -> None:
        where = f"arm {shown(self.name)}"
        if not re.fullmatch(NAME, self.name):
            raise InputError(where, "letters, digits, points, lines _ and hyphens, the first a letter or digit", "rename it",
                             fields=["arm.name"])
        for name, value in (("rate", self.rate), ("noise", self.noise)):
            object.__setattr__(self, name, _pieces(f"{where}: {name}", value, f"arm.{name}"))
        if any(rate <= 0.0 for _, rate in self.rate):
            raise InputError(f"{where}: rate = {to_table(self)['rate']}", "rates above 0", "change rate", fields=["arm.rate"])
        _require_word(f"{where}: shared", self.shared, SHARES, "arm.shared")

    def control(self) -> Arm:
        """The same arm on images without the patch."""
        return replace(self, name=f"{self.name}-no-patch", patch=False)


@dataclass(frozen=True)
class VisionPlan:
    """Arms on the same data, each with the same seeds.

    Attributes
    ----------
    name : str
    data : DataChoice
    network : Network
    arms : tuple of Arm
    patch : Patch
    training : Training
    seeds : tuple of int
    """

    name: str
    data: DataChoice
    network: Network
    arms: tuple[Arm, ...]
    patch: Patch = field(default_factory=Patch)
    training: Training = field(default_factory=Training)
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        faults = []
        if not re.fullmatch(NAME, self.name):
            faults.append(Fault(f"name = {shown(self.name)}", "letters, digits, points, lines _ and hyphens", "rename it",
                                ("name",)))
        names = [arm.name for arm in self.arms]
        twice = sorted({name for name in names if names.count(name) > 1})
        if not names or twice:
            faults.append(Fault(f"arms of one name: {', '.join(twice)}" if twice else "no arm",
                                "one [[arm]] or more, each with a name of its own", "add or rename one", ("arm",)))
        if not self.seeds or len(set(self.seeds)) < len(self.seeds) or not all(0 <= seed < 2**31 for seed in self.seeds):
            faults.append(Fault(f"seeds = {list(self.seeds)}", "whole numbers from 0, each once, below 2^31", "change seeds",
                                ("seeds",)))
        late = sorted({name for arm in self.arms for name in ("rate", "noise")
                       if getattr(arm, name)[-1][0] >= self.training.epochs})
        faults += [Fault(f"an arm whose {name} changes at or after the last epoch", f"epochs below {self.training.epochs}",
                         f"change {name}, or raise epochs", (f"arm.{name}", "training.epochs")) for name in late]
        if faults:
            raise InputError.of(faults)

    @classmethod
    @accepts(path="a path")
    def from_toml(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file.

        Raises
        ------
        InputError
            With all faults, and the lines that they are about.
        """
        file = TomlFile(path, "docs/how-to/images.md has arms to start from")
        with file.located():
            return cls.from_table(file.table)

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Read what a file holds; as `from_toml`."""
        faults: list[Fault] = []
        values: dict[str, Any] = {}
        for name in table:
            if name not in _TABLES:
                faults.append(Fault(f"{shown(name)}", f"one of {', '.join(_TABLES)}", nearest(name, _TABLES), (name,)))
        for name in ("name", "data", "network", "arm"):
            if name not in table:
                faults.append(Fault(f"no {name}", "name, [data], [network] and at least one [[arm]]", f"add {name}"))
        for name, kind in (("data", DataChoice), ("patch", Patch), ("training", Training)):
            if name in table:
                with gathered(faults):
                    values[name] = read_fields(kind, table[name], name)
        with gathered(faults):
            values["network"] = _network(table.get("network", {"kind": NETWORKS.names()[0]}))
        arms = table.get("arm", [])
        for each in arms if isinstance(arms, list) else [arms]:
            with gathered(faults):
                values.setdefault("arms", []).append(read_fields(Arm, each, "arm"))
        for name, fine in (("name", isinstance(table.get("name", ""), str)), ("seeds", _are_whole(table.get("seeds", [0])))):
            if not fine:
                faults.append(Fault(f"{name} = {shown(repr_of(table[name]))}", "a text" if name == "name" else
                                    "a list of whole numbers", f"change {name}", (name,)))
        if faults:
            raise InputError.of(faults)
        return cls(name=table["name"], seeds=tuple(table.get("seeds", [0])), **{**values, "arms": tuple(values["arms"])})

    def to_table(self) -> dict[str, Any]:
        """As a file has it; `from_table` reads it again."""
        return {"name": self.name, "seeds": list(self.seeds), "data": to_table(self.data), "patch": to_table(self.patch),
                "network": {"kind": self.network.name, **to_table(self.network)}, "training": to_table(self.training),
                "arm": [to_table(arm) for arm in self.arms]}

    def run_name(self, arm: Arm, seed: int) -> str:
        """Name of an arm's run with a seed, and of its folder."""
        return f"{self.name}-{arm.name}-seed{seed}"

    def identity(self, arm: Arm, seed: int, data: str) -> str:
        """Digest of all that decides a run: the plan but its name and the other arms, the seed and the data's digest."""
        whole = {**self.to_table(), "name": "", "seeds": [seed], "arm": [to_table(arm)], "images": data}
        whole["data"] = {name: value for name, value in whole["data"].items() if name != "path"}
        if not self.training.replacement:  # which runs of earlier versions do not name
            del whole["training"]["replacement"]
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _named(registry: Registry[T], name: str, field: str) -> T:
    """What has a name, an unknown one being a fault of a field."""
    try:
        return registry[name]
    except InputError as error:
        raise error.about(field) from None


def _network(table: object) -> Network:
    if not isinstance(table, Mapping) or not isinstance(table.get("kind"), str):
        raise InputError("network without a kind", f"kind = one of {', '.join(NETWORKS.names())}",
                         'such as kind = "small-resnet"', fields=["network"])
    kind = _named(NETWORKS, table["kind"], "network.kind")
    return read_fields(kind, {name: value for name, value in table.items() if name != "kind"}, "network")


def _pieces(what: str, value: object, name: str) -> Pieces:
    """A number, or a list of epochs and numbers."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = ((0, value),)
    fine = isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 0 and all(
        isinstance(each, Sequence) and len(each) == 2 and type(each[0]) is int
        and isinstance(each[1], (int, float)) and not isinstance(each[1], bool) and 0.0 <= each[1] < 1e9 for each in value)
    rule = "a number from 0, or a list of [epoch, number] with epochs increasing from 0"
    if not fine or not isinstance(value, Sequence):
        raise InputError(f"{what} = {shown(repr_of(value))}", rule, "such as 0.1, or [[0, 0.4], [8, 0.004]]", fields=[name])
    epochs = [int(each[0]) for each in value]
    if epochs[0] != 0 or any(a >= b for a, b in pairwise(epochs)):
        raise InputError(f"{what} = {shown(repr_of(value))}", rule, "begin at epoch 0, and sort them", fields=[name])
    return tuple((epoch, float(each[1])) for epoch, each in zip(epochs, value, strict=True))


def _are_whole(values: object) -> bool:
    return isinstance(values, list) and all(type(each) is int for each in values)


def _require_word(what: str, word: str, words: Sequence[str], name: str = "") -> None:
    if word not in words:
        raise InputError(f"{what} = {shown(repr_of(word))}", f"one of {', '.join(map(repr, words))}", nearest(word, words),
                         fields=[name or what])


def _require_positive(where: str, thing: Any, names: Sequence[str]) -> None:
    faults = [Fault(f"{where}: {name} = {getattr(thing, name)}", "a whole number from 1", f"raise {name}",
                    (f"{where}.{name}",)) for name in names if getattr(thing, name) < 1]
    if faults:
        raise InputError.of(faults)
