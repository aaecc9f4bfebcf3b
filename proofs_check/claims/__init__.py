"""The theory's statements as claims, a file or two a section of THEORY."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from theory_sim.errors import InputError

__all__ = ["load"]

_SECTIONS = (
    "section_04", "section_05", "section_06", "two_times", "section_08", "net_weight", "plateau", "frozen_fraction",
    "learning_times", "section_09", "section_10", "information_on_p", "overlap_from_information", "averaging_on_p",
    "error_left",
    "ridge_logistic", "section_11", "changing_kernels", "sharper_average", "tightness", "common_classifier", "squared_loss",
    "batch_noise", "section_15", "section_16", "finite_width",
)


@cache
def load() -> None:
    """Register every claim, those of users' packages last (entry points of the group ``proofs_check.claims``)."""
    from importlib.metadata import entry_points

    for section in _SECTIONS:
        import_module(f"{__name__}.{section}")
    for point in entry_points(group="proofs_check.claims"):
        try:
            point.load()
        except Exception as error:
            raise InputError(f"entry point {point.name} = {point.value}: {type(error).__name__}: {error}",
                             "a module that registers claims", "fix that package, or uninstall it") from error
