"""Enclosures of the presets' outputs are narrow (THEORY §14), or the preset is refused as too long."""

from __future__ import annotations

import pytest

from proofs_check import certify_order
from theory_sim import Experiment
from theory_sim.errors import InputError
from theory_sim.experiment.presets import PRESETS

_TOO_LONG = ("gap", "large-d")


def test_long_presets_are_refused() -> None:
    for name in _TOO_LONG:
        with pytest.raises(InputError, match="steps"):
            certify_order(Experiment.preset(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PRESETS.keys() - set(_TOO_LONG)))
def test_how_wide_the_enclosures_of_a_preset_are(name: str) -> None:
    found = certify_order(Experiment.preset(name), ["L-S", "S"])
    assert found.verdict == "certified"
    assert max(arm.width for arm in found.arms) < 1e-6
