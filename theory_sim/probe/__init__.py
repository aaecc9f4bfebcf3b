"""The theory's quantities of any PyTorch network, recorded in a training loop of your own (THEORY §15; extra ``torch``).

Public names are loaded when first used, since they import PyTorch.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as typing has it, which takes time to import

if TYPE_CHECKING:
    from typing import Any

    from theory_sim.probe.probe import Probe
    from theory_sim.probe.rules.base import Rule
    from theory_sim.probe.rules.sgd import SGDRule

_HOMES = {"Probe": "probe", "Rule": "rules.base", "SGDRule": "rules.sgd"}

__all__ = ["Probe", "Rule", "SGDRule"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from theory_sim.probe.extra import require_torch

    require_torch()
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})
