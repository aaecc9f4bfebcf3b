"""Anchors find a place whatever its file, spelling and layout, and say so where they cannot."""

from pathlib import Path

import pytest

from tests.anchors import NoAnchorError, mistaken

CODE = """class Layer:
    def step(self, rate, decay):
        keep = cast(1.0 - rate * decay)
        return keep * self.level

def step(rate):
    return rate * 2.0
"""
RENAMED = """def step(rate):
    return rate * 2.0

class Layer:
    def step(self, eta, lambda_):
        # comment
        kept = cast(
            1.0
            - eta * lambda_)
        return kept * self.level
"""


def folder(path: Path, file: str, text: str) -> Path:
    (path / file).parent.mkdir(parents=True)
    (path / file).write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("file", "text", "put"), [
    ("theory_sim/train/layer.py", CODE, "1.0 + rate * decay"),
    ("theory_sim/elsewhere.py", RENAMED, "1.0 + eta * lambda_"),
])  # fmt: skip
def test_a_moved_renamed_and_reformatted_place_is_found(tmp_path: Path, file: str, text: str, put: str) -> None:
    found, mutant = mistaken("Layer.step", "1.0 - $RATE * $DECAY", "1.0 + $RATE * $DECAY", folder(tmp_path, file, text))
    assert found == file
    assert put in mutant and mutant.count("+") == 1


@pytest.mark.parametrize(("scope", "find", "put", "said"), [
    ("step", "1.0 - $A", "1.0", "names 2 modules, classes or functions"),
    ("Layer.stop", "1.0 - $A", "1.0", "names 0 modules"),
    ("Layer.step", "2.0 - $A", "2.0", "fits 0 times"),
    ("layer", "$A * $B", "$A", "fits 3 times"),
    ("Layer.step", "1.0 - $A", "$B", "is not in the pattern"),
])  # fmt: skip
def test_an_anchor_that_does_not_hold_says_so(tmp_path: Path, scope: str, find: str, put: str, said: str) -> None:
    with pytest.raises(NoAnchorError, match=said):
        mistaken(scope, find, put, folder(tmp_path, "theory_sim/layer.py", CODE))
