"""What a kind of network is: a frozen dataclass of its own fields that builds the module."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from theory_sim.errors import Fault, InputError
from theory_sim.plugins import Registry

__all__ = ["NETWORKS", "Network", "register", "require_sizes"]


@dataclass(frozen=True)
class Network(ABC):
    """A network before it is built; every ReLU is a module of its own, so that patterns are recorded and noise is placed.

    Attributes
    ----------
    name : str
        By which files name the kind.
    summary : str
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    @abstractmethod
    def build(self, channels: int, side: int, classes: int) -> Any:
        """The module for images of (channels, side, side), with ``classes`` outputs, its weights drawn from PyTorch's stream.

        Raises
        ------
        InputError
            If images are too small for it.
        """


NETWORKS: Final[Registry[type[Network]]] = Registry("network", "theory_sim.vision.networks", lambda kind: kind.summary)


def register(kind: type[Network]) -> type[Network]:
    """Make a kind of network known by its name."""
    NETWORKS.add(kind.name, kind)
    return kind


def require_sizes(**sizes: object) -> None:
    """Raise InputError unless each is a whole number from 1, or a list of such."""
    faults = []
    for name, value in sizes.items():
        listed = isinstance(value, (list, tuple))
        each = value if isinstance(value, (list, tuple)) else [value]
        if not each or any(not isinstance(size, int) or isinstance(size, bool) or size < 1 for size in each):
            rule = "a list of whole numbers from 1, at least one" if listed else "a whole number from 1"
            faults.append(Fault(f"{name} = {value!r}", rule, "such as [64, 128]" if listed else "such as 64",
                                (f"network.{name}",)))
    if faults:
        raise InputError.of(faults)
