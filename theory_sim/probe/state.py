"""What a probe has recorded so far as tensors, numbers and texts: ``torch.load(..., weights_only=True)`` reads it back."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch

from theory_sim.errors import InputError

__all__ = ["VERSION", "require_state", "to_arrays", "to_tensors"]

VERSION: Final = 3
_ARRAY: Final = "array of numpy"


def to_tensors(tree: Any) -> Any:
    """Tables, lists and tuples with NumPy's arrays as marked tensors; tensors are copied."""
    if isinstance(tree, np.ndarray):
        return {_ARRAY: torch.from_numpy(tree.copy())}
    if isinstance(tree, torch.Tensor):
        return tree.detach().clone()
    if isinstance(tree, dict):
        return {key: to_tensors(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)([to_tensors(value) for value in tree])
    return tree


def to_arrays(tree: Any) -> Any:
    """What `to_tensors` was given."""
    if isinstance(tree, dict):
        return tree[_ARRAY].numpy().copy() if set(tree) == {_ARRAY} else {key: to_arrays(each) for key, each in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)([to_arrays(value) for value in tree])
    return tree.clone() if isinstance(tree, torch.Tensor) else tree


def require_state(state: object, expected: dict[str, Any]) -> Any:
    """The state of a probe, as `to_arrays` has it, if it is one of the same parameters and records.

    Raises
    ------
    InputError
        If it is none, or of another probe.
    """
    fix = "make model, optimiser and probe as at the start of that run, then load the state of all three"
    if not isinstance(state, dict) or state.get("version") != VERSION:
        found = f"version {state.get('version')!r}" if isinstance(state, dict) else f"a {type(state).__name__}"
        raise InputError(f"the state of a probe: {found}", f"what state_dict() of version {VERSION} gave", fix)
    for name, value in expected.items():
        if state.get(name) != value:
            raise InputError(f"the state of another probe: {name} differ", f"{name} as this probe has them", fix)
    return to_arrays(state)
