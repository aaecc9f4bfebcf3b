"""Whether a run fits, before anything is allocated: its parts by name, and the fields to lower where it does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from theory_sim.errors import InputError
from theory_sim.memory import Bytes, available_bytes, fits, largest_parts, refuse, total

if TYPE_CHECKING:
    from theory_sim.experiment import Experiment
    from theory_sim.observe.base import Observer

__all__ = ["LIBRARIES", "Estimated", "needed_bytes", "needed_parts", "require_memory"]

# A fix is worth naming if it keeps more than a hundredth of the field.
_LEAST_SHARE: Final = 0.01
_MOST_FIXES: Final = 3
LIBRARIES: Final = "libraries"
"""Part of every estimate: libraries and compiled code that a first run loads."""

Lowered = Callable[[float], "tuple[Experiment, str]"]
"""An experiment with a field lowered to a share in (0, 1] of what it is, and what to say of that."""


class Estimated(Protocol):
    """What is asked of an engine, a `Solver`."""

    @property
    def name(self) -> str: ...

    @property
    def unread(self) -> frozenset[str]: ...

    @property
    def loaded(self) -> int: ...

    def memory(
        self, experiment: Experiment, options: Mapping[str, Any], threads: int, observers: Sequence[Observer] = ()
    ) -> Mapping[str, Bytes]: ...

    def leaner(self, options: Mapping[str, Any]) -> Sequence[tuple[str, Any]]: ...


def needed_parts(
    solver: Estimated, experiment: Experiment, options: Mapping[str, Any], threads: int, observers: Sequence[Observer] = ()
) -> dict[str, Bytes]:
    """What a run takes beside the program, by part: libraries and compiled code, and what the engine names."""
    return {LIBRARIES: Bytes(solver.loaded), **solver.memory(experiment, options, threads, observers)}


def needed_bytes(
    solver: Estimated, experiment: Experiment, options: Mapping[str, Any], threads: int, observers: Sequence[Observer] = ()
) -> int:
    """What a run takes beside the program."""
    return total(needed_parts(solver, experiment, options, threads, observers).values())


def require_memory(
    solver: Estimated, experiment: Experiment, options: Mapping[str, Any], threads: int | None,
    observers: Sequence[Observer] = (),
) -> None:
    """Raise InputError, with the fields to lower and by how much, if a run needs more memory than there is."""
    from theory_sim.numeric.pool import default_threads

    used, there = threads or default_threads(), available_bytes()

    def needed(changed: Experiment, **other: Any) -> int:
        return needed_bytes(solver, changed, {**options, **other}, used, observers)

    wanted = needed(experiment)
    if fits(wanted, there):
        return
    fixes, fields = [], []
    for option, value in solver.leaner(options):
        if fits(needed(experiment, **{option: value}), there):
            fixes.append(f"{option} = {value!r} fits")
    smaller = experiment.smaller_dtype
    if smaller is not None and fits(needed(experiment.replace(dtype=smaller)), there):
        fixes.append(f"dtype = {smaller!r} fits")
        fields.append("dtype")
    for name, words in _fields_to_lower(experiment, lambda changed: fits(needed(changed), there)):
        fixes.append(words)
        fields.append(name)
    if not fixes:
        fixes = [_all_lowered(experiment, solver.unread, lambda changed: fits(needed(changed), there))]
    parts = largest_parts(needed_parts(solver, experiment, options, used, observers))
    refuse(f"a run of engine {solver.name!r} with {_sizes(experiment, solver)} ({parts})", wanted, there, fixes[:_MOST_FIXES],
           fields)


def _sizes(e: Experiment, solver: Estimated) -> str:
    names = {"d": e.d, "N": e.n_examples, "m_W": e.m_W, "m_V": e.m_V}
    return ", ".join(f"{name} = {value}" for name, value in names.items() if name not in solver.unread)


def _fields_to_lower(e: Experiment, fit: Callable[[Experiment], bool]) -> Iterator[tuple[str, str]]:
    """Fields each of which, lowered alone, makes the run fit; those that keep the largest share first."""
    found = []
    for name, lowered in _lowerings(e).items():
        share = _largest_share(lowered, fit)
        if share is not None:
            found.append((share, name, lowered(share)[1]))
    found.sort(reverse=True)
    yield from ((name, words) for _, name, words in found)


def _largest_share(lowered: Lowered, fit: Callable[[Experiment], bool]) -> float | None:
    """Largest share of a field, nearly, at which the run fits; None if there is none."""

    def at(share: float) -> bool:
        with suppress(InputError):  # a size that the experiment's rules exclude
            return fit(lowered(share)[0])
        return False

    low, high = _LEAST_SHARE, 1.0
    if not at(low):
        return None
    for _ in range(12):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if at(middle) else (low, middle)
    return low


def _lowerings(e: Experiment) -> dict[str, Lowered]:
    """By field, how it is lowered; of a given N, p0 stays what it was: only the size of the problem changes."""
    batch, data = e.batch_size, {"N": e.n_examples, "p0": e.p0_value}
    sizes = [
        _Size("N", e.n_examples, more=lambda n: data if batch is None else {**data, "batch_size": min(batch, n)}),
        _Size("d", e.d, more=lambda _: data), _Size("m_W", e.m_W, step=2), _Size("m_V", e.m_V, step=2),
        _Size("n_test", e.n_test), *([] if batch is None else [_Size("batch_size", batch)]),
    ]
    found: dict[str, Lowered] = {size.name: _of_size(e, size) for size in sizes if size.value > 1}
    found["record_every"] = lambda share: (e.replace(record_every=e.record_every / share),
                                           f"record_every of at least {_digits(e.record_every / share, up=True)}")
    for name, recording in e.observe.items():
        if recording.probes is not None:
            found[f"observe.{name}.probes"] = _of_probes(e, name, recording.probes)
        if recording.every_steps is not None:
            found[f"observe.{name}.every_steps"] = _of_times(e, name, "every_steps", recording.every_steps, int)
        if recording.every_tau is not None:
            found[f"observe.{name}.every_tau"] = _of_times(e, name, "every_tau", recording.every_tau, float)
        found[f"observe.{name}"] = _without(e, name)
    return found


@dataclass(frozen=True)
class _Size:
    """A field that counts something: its value, of what it stays a multiple, and what else changes with it."""

    name: str
    value: int
    step: int = 1
    more: Callable[[int], Mapping[str, Any]] = lambda _: {}


def _of_size(e: Experiment, size: _Size) -> Lowered:
    def lowered(share: float) -> tuple[Experiment, str]:
        count = max(size.step, int(float(_digits(size.value * share))) // size.step * size.step)
        return e.replace(**{**size.more(count), size.name: count}), f"{size.name} of at most {count}"

    return lowered


def _of_probes(e: Experiment, name: str, probes: int) -> Lowered:
    def lowered(share: float) -> tuple[Experiment, str]:
        count = max(1, int(float(_digits(probes * share))))
        return _observing(e, name, probes=count), f"observe.{name}.probes of at most {count}"

    return lowered


def _of_times(e: Experiment, name: str, law: str, every: float, number: Callable[[float], float]) -> Lowered:
    def lowered(share: float) -> tuple[Experiment, str]:
        text = _digits(every / share, up=True)
        return _observing(e, name, **{law: number(float(text))}), f"observe.{name}.{law} of at least {text}"

    return lowered


def _without(e: Experiment, name: str) -> Lowered:
    rest = {other: recording for other, recording in e.observe.items() if other != name}
    # Worth less than any size that stays: whatever the share, nothing of it is left.
    return lambda share: (e.replace(observe=rest) if share <= _LEAST_SHARE * 1.01 else e, f"no observe.{name}")


def _observing(e: Experiment, name: str, **changed: Any) -> Experiment:
    return e.replace(observe={**e.observe, name: e.observe[name].model_copy(update=changed)})


def _digits(value: float, *, up: bool = False) -> str:
    """Two digits that count, rounded down or up, without an exponent."""
    if value <= 0:
        return "0"
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    rounded = (math.ceil if up else math.floor)(value / unit * (1 - 1e-12 if up else 1 + 1e-12)) * unit
    return f"{rounded:.12g}" if rounded < 1e12 else f"{rounded:.0f}"


def _all_lowered(e: Experiment, unread: Container[str], fit: Callable[[Experiment], bool]) -> str:
    """Sizes that fit where no field alone is enough: all that the engine reads lowered together."""
    for halvings in range(1, 40):
        share = 0.5**halvings
        sizes = {"d": max(3, int(e.d * share)), "m_W": max(2, int(e.m_W * share) // 2 * 2),
                 "m_V": max(2, int(e.m_V * share) // 2 * 2), "n_test": max(1, int(e.n_test * share)),
                 "N": max(1, int(e.n_examples * share))}
        read = {name: size for name, size in sizes.items() if name not in unread}
        with suppress(InputError):
            batch = None if e.batch_size is None else min(e.batch_size, sizes["N"])
            smaller = e.replace(**sizes, p0=e.p0_value, batch_size=batch, observe={})
            if fit(smaller):
                return f"lower several, such as {', '.join(f'{name} = {size}' for name, size in read.items())}"
    return "no size of this experiment fits: use a machine with more memory"
