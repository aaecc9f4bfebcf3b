"""A memorizable patch on real images: data, networks, training arms and studies (THEORY §12; extra ``vision``).

Public names are loaded when first used. Those that train need PyTorch.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as typing has it, which takes time to import

if TYPE_CHECKING:
    from typing import Any

    from theory_sim.vision.data import load_images
    from theory_sim.vision.image_study import run_image_study
    from theory_sim.vision.images import Images
    from theory_sim.vision.noise import add_noise
    from theory_sim.vision.patch import Patch
    from theory_sim.vision.plan import VisionPlan
    from theory_sim.vision.run import run_arms

_HOMES = {"Images": "images", "Patch": "patch", "VisionPlan": "plan", "load_images": "data"}
_TORCH = {"add_noise": "noise", "run_arms": "run", "run_image_study": "image_study"}

__all__ = ["Images", "Patch", "VisionPlan", "add_noise", "load_images", "run_arms", "run_image_study"]


def __getattr__(name: str) -> Any:
    home = {**_HOMES, **_TORCH}.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _TORCH:
        from theory_sim.vision.extra import require_torch

        require_torch()
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__})
