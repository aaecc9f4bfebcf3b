"""Check a certified learning order: everything that its file states follows again from the residuals that it holds."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

import numpy as np

from proofs_check.recheck.order.balls import UNIT, exact, product, widened
from proofs_check.recheck.order.curvature import examples_gram, is_bound
from proofs_check.recheck.order.fresh import Run, check_fresh
from proofs_check.recheck.order.functions import logistic
from proofs_check.recheck.order.geometry import Geometry, make_geometry
from proofs_check.recheck.order.noise_law import NoiseLaw
from proofs_check.recheck.order.outputs import Interpolation, outputs
from proofs_check.recheck.order.statement import batches_of, digest, falls_at, require_length, require_rates
from proofs_check.recheck.order.width import WidthRun, check_width
from proofs_check.recheck.refusal import Refused, double, only_keys
from theory_sim.arrays import Array
from theory_sim.data import Data, draw_data, get_directions
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ACTIVATIONS, LOSSES, OPTIMISERS

__all__ = ["check_order", "require_theory", "threshold_above"]

_ENTRIES: Final = {"experiment", "data", "level", "arms", "verdict", "version"}
_OF_ARM: Final = {"schedule", "rates", "switch", "residuals", "curvature", "residual_error", "drift", "norm", "series",
                  "losses", "levels"}
_LOG_2: Final = (Fraction(6931471805599453, 10**16), Fraction(6931471805599454, 10**16))
"""log 2 = 0.69314718055994530941... lies between."""
_CUT: Final = Fraction(4, 5)
"""A series is stated for cosines up to this."""


def check_order(content: Mapping[str, Any]) -> str:
    """Check a certificate's content; return what was checked.

    Raises
    ------
    Refused
        If anything in it does not follow.
    """
    only_keys(content, _ENTRIES)
    if type(content["version"]) is not str:
        raise Refused("a version that is no text")
    level = double(content["level"], "level")
    experiment = Experiment(**content["experiment"])
    require_theory(experiment)
    data = draw_data(experiment)
    if digest(experiment, data) != content["data"]:
        raise Refused("other data than those of the certificate are drawn here")
    if not content["arms"]:
        raise Refused("no schedule")
    pq = data.structure
    geometry = make_geometry(data.x1, data.has_x1, np.asarray(pq.alpha, np.float64), pq.direction,
                             np.asarray(get_directions(experiment, data), np.float64), shared=experiment.shared_filters)
    gram, gram_error = examples_gram(geometry)
    interpolation = Interpolation(geometry)
    orders = []
    for arm in content["arms"]:
        one = experiment.replace(schedule=arm["schedule"])
        require_theory(one)
        orders.append(_Arm(one, data, geometry, arm).check(gram, gram_error, interpolation, level))
    if len({arm["schedule"] for arm in content["arms"]}) < len(content["arms"]):
        raise Refused("a schedule twice")
    verdict = "undecided" if "undecided" in orders else "certified"
    if content["verdict"] != verdict:
        raise Refused(f"verdict {content['verdict']!r}, where {verdict!r} follows")
    told = ", ".join(f"{arm['schedule']} {order}" for arm, order in zip(content["arms"], orders, strict=True))
    return f"all losses enclosed again by direct sums; at level {level:g}: {told}"


def require_theory(e: Experiment) -> None:
    """Refuse an experiment whose limit is not the equation that is evaluated here."""
    network = ACTIVATIONS[e.activation].fast_networks and not e.beyond_theory()
    if not (e.has_pq and LOSSES[e.loss].in_theory and network and OPTIMISERS[e.optimiser].in_theory and not e.has_placed_noise
            and e.tau_0_value > 0):
        raise Refused("an experiment that has another limit than THEORY §7")


def _q_only(data: Data) -> Fraction:
    return Fraction(int(np.count_nonzero(data.kind == data.kinds.index("Q-only"))), len(data))


def threshold_above(e: Experiment, data: Data) -> Fraction:
    """Upper bound of the training loss at which L-S's rate falls."""
    return Fraction(e.epsilon_1) + _q_only(data) * _LOG_2[1]


def _numbers(values: Any, count: int, what: str) -> Array:
    found = np.array([double(each, what) for each in values])
    if found.shape != (count,) or not np.isfinite(found).all():
        raise Refused(f"{what}: not {count} finite numbers")
    return found


def _spelled_out(runs: Any) -> list[float]:
    """Numbers of [value, how often] in turn."""
    found: list[float] = []
    for value, count in runs:
        if type(count) is not int or not 0 < count <= 10**7 or type(value) is not float or not math.isfinite(value):
            raise Refused("numbers that are no [value, count]")
        found += [value] * count
    return found


def _residuals(packed: Mapping[str, Any], steps: int, n: int) -> tuple[Array, int]:
    """Whole numbers (T, N) and the bits of their unit; stored are second differences in time, without sign, byte by byte."""
    only_keys(packed, {"bits", "packed"})
    bits = packed["bits"]
    if type(bits) is not int or not 1 <= bits <= 48:
        raise Refused("residuals in another unit than 2^-1 to 2^-48")
    reader = zlib.decompressobj()
    raw = reader.decompress(base64.b64decode(packed["packed"], validate=True), 8 * steps * n + 1)
    if len(raw) != 8 * steps * n or reader.unconsumed_tail or not reader.eof:
        raise Refused("residuals of another number of steps or examples")
    planes = np.frombuffer(raw, np.uint8).reshape(8, steps, n)
    folded = np.zeros((steps, n), np.uint64)
    for place in range(8):
        folded |= planes[place].astype(np.uint64) << np.uint64(8 * place)
    differences = (folded >> np.uint64(1)).astype(np.int64) ^ -(folded & np.uint64(1)).astype(np.int64)
    values = np.cumsum(np.cumsum(differences, axis=0), axis=0)
    if values.size and not (values.min() >= 0 and values.max() <= 1 << bits):
        raise Refused("residuals that are not between 0 and 1")
    return values, bits


class _Arm:
    """One schedule of a certificate."""

    def __init__(self, experiment: Experiment, data: Data, geometry: Geometry, arm: Mapping[str, Any]) -> None:
        only_keys(arm, _OF_ARM | ({"fresh", "width"} & set(arm)))
        self._e, self._data, self._geometry, self._arm = experiment, data, geometry, arm
        self._rates = _spelled_out(arm["rates"])
        steps, n = len(self._rates), len(data)
        switch = arm["switch"]
        if not (switch is None or (type(switch) is int and 0 <= switch < steps)):
            raise Refused("a switch that is no step")
        if switch is not None and (arm["schedule"] != "L-S" or experiment.eta_1 == experiment.eta_2):
            raise Refused("a switch of a schedule without one, or between equal rates")
        self._switch: int | None = switch
        self._whole, self._bits = _residuals(arm["residuals"], steps, n)
        self._batches = batches_of(experiment, steps)
        self._curvature = np.array(_spelled_out(arm["curvature"]))
        self._residual_error = _numbers(arm["residual_error"], steps, "residual_error")
        self._drift = _numbers(arm["drift"], steps + 1, "drift")

    def check(self, gram: Array, gram_error: float, interpolation: Interpolation, level: float) -> str:
        """Check everything; return the order at a level."""
        e, steps = self._e, len(self._rates)
        require_rates(self._arm["schedule"], e, self._rates, self._switch)
        self._check_series()
        self._check_steps(gram, gram_error)
        norm = double(self._arm["norm"], "norm")
        if not float(self._geometry.feature.max()) <= norm:
            raise Refused("a norm of features that is too small")
        low, high = self._losses(interpolation)
        self._check_losses(low, high)
        stopped = e.epsilon_2 is not None and bool(high["all"][-1] <= e.epsilon_2)
        require_length(e, self._rates, stopped_by_loss=stopped)
        if e.epsilon_2 is not None and not np.all(low["all"][:-1] > e.epsilon_2):
            raise Refused("a training loss that is not known to be above epsilon_2 before the end")
        if self._arm["schedule"] == "L-S":
            self._check_switch(low["all"], high["all"], steps)
        if "fresh" in self._arm:
            check_fresh(self._arm["fresh"], Run(e, self._data, self._given, self._law, float(self._drift[-1])))
        order = self._check_levels(low, high, level)
        if "width" in self._arm:
            self._check_width(low, high, level, order)
        return order

    def _check_width(self, low: Mapping[str, Array], high: Mapping[str, Array], level: float, order: str) -> None:
        e, stated = self._e, self._arm["width"]
        if stated["order"] != order:
            raise Refused("a width for another order than that of the limit")
        follows = self._arm["schedule"] == "L-S" and e.eta_1 != e.eta_2
        share = _q_only(self._data)
        threshold = (Fraction(e.epsilon_1) + share * _LOG_2[0], Fraction(e.epsilon_1) + share * _LOG_2[1]) if follows else None
        residuals = np.ldexp(self._whole.astype(np.float64), -self._bits)
        run = WidthRun(e, self._data, self._geometry, self._law, self._rates, residuals, self._residual_error, low, high,
                       self._output_width, self._switch, threshold)
        check_width(stated, run, level)

    def _check_series(self) -> None:
        """What the series leaves out, stated as a number: b_K c^(2K+1) / (1 - c^2) with the largest cosine below the cut."""
        series = self._arm["series"]
        only_keys(series, {"powers", "largest_cosine", "tail"})
        powers, largest, tail = series["powers"], double(series["largest_cosine"], "cosine"), double(series["tail"], "tail")
        if type(powers) is not int or not 0 <= powers <= 200 or not 0.0 <= largest < 1.0:
            raise Refused("a series of no powers or cosines")
        cosine = self._geometry.cosine
        n = len(cosine.mid) - 3
        listed = self._geometry.joined & ~np.eye(n + 3, dtype=bool)
        listed[n:, n:] = False
        sizes = cosine.upper()[listed]
        below = sizes[sizes <= float(_CUT)]
        if not self._e.redrawn_patterns and below.size and not float(below.max()) <= largest:
            raise Refused("a pair with a larger cosine than the series takes")
        coefficient = Fraction(1)
        for k in range(powers):
            coefficient *= Fraction((2 * k + 1) ** 2, (2 * k + 2) * (2 * k + 3))
        exact_cosine = Fraction(largest)
        if not coefficient * exact_cosine ** (2 * powers + 1) / (1 - exact_cosine**2) <= Fraction(tail):
            raise Refused("a tail of the series that is too small")

    def _check_steps(self, gram: Array, gram_error: float) -> None:
        """Curvatures are bounds, steps do not amplify distances, and the drift adds up what each step adds."""
        e, n = self._e, len(self._data)
        if self._curvature.shape != (len(self._rates),):
            raise Refused("a curvature for each step")
        proved: dict[bytes, float] = {}
        for step, rate in enumerate(self._rates):
            claimed, batch = float(self._curvature[step]), self._batches[step]
            key = b"all" if batch is None else batch.tobytes()
            if not claimed >= proved.get(key, math.inf):
                members, counts = np.unique(np.arange(n) if batch is None else batch, return_counts=True)
                part = gram if batch is None else gram[np.ix_(members, members)]
                if not is_bound(part, gram_error, counts / counts.sum(), claimed):
                    raise Refused(f"step {step}: a curvature {claimed:g} that is not known to be a bound")
                proved[key] = claimed
            # Exact: gamma (lambda + Lambda) <= 2 is what keeps a step from amplifying distances.
            if not Fraction(rate) * (Fraction(e.lambda_) + Fraction(claimed)) <= 2:
                raise Refused(f"step {step}: rate x (lambda + Lambda) above 2, which may amplify errors")
            grown = rate * math.sqrt(4.0 * claimed) * float(self._residual_error[step]) * (1.0 + 16 * UNIT)
            if not float(self._drift[step + 1]) >= (float(self._drift[step]) + grown) * (1.0 + 2 * UNIT):
                raise Refused(f"step {step}: a drift that is smaller than what the steps add up to")
        if not self._drift[0] >= 0.0 or not np.all(self._residual_error >= 0.0):
            raise Refused("negative errors")

    def _losses(self, interpolation: Interpolation) -> tuple[dict[str, Array], dict[str, Array]]:
        """Bounds of mean losses by kind, (T + 1,); residual errors are checked on the way."""
        e, data, steps, n = self._e, self._data, len(self._rates), len(self._data)
        sizes = [n if batch is None else len(batch) for batch in self._batches]
        fall = falls_at(self._arm["schedule"], e, self._rates)
        frozen = 0 if e.frozen_patterns else fall if e.patterns_freeze and fall is not None else steps
        moving = [step < frozen for step in range(steps)]
        self._law = law = NoiseLaw(self._rates, sizes, e.lambda_, e.tau_0_value, e.tau_xi, moving)
        residuals = np.ldexp(self._whole.astype(np.float64), -self._bits)  # exact below 2^53
        given = residuals * data.y
        for step, batch in enumerate(self._batches):
            if batch is not None:
                given[step] *= np.bincount(batch, minlength=n)
        if np.abs(given).max(initial=0.0) * 2.0**self._bits >= 2.0**53:
            raise Refused("residuals that are no doubles")
        self._given = given
        kinds = {"all": np.arange(n)} | {name: np.flatnonzero(data.kind == index) for index, name in enumerate(data.kinds)}
        kinds = {name: members for name, members in kinds.items() if len(members)}
        low = {name: np.zeros(steps + 1) for name in kinds}
        high = {name: np.zeros(steps + 1) for name in kinds}
        self._output_width = np.zeros(steps + 1)
        stretches = [(0, exact(np.zeros((1, n))))]
        for first, values in (*stretches, *outputs(self._geometry, law, interpolation, given, redrawn=e.redrawn_patterns)):
            loss, residual = logistic(data.y * values.mid)
            for row in range(len(values.mid)):
                step = first + row
                if step < steps:
                    # The residual's slope is at most 1/4.
                    off = np.abs(residuals[step] - residual.mid[row]) * (1 + 2 * UNIT) + residual.rad[row] + (
                        0.25 * values.rad[row])
                    self._check_residual(step, widened(off))
                of_outputs = widened(values.rad[row] + self._geometry.feature * float(self._drift[step]))
                self._output_width[step] = of_outputs.max()
                for name, members in kinds.items():
                    off = values.rad[row] + self._geometry.feature * float(self._drift[step])  # |l'| <= 1
                    total = float(np.sum(widened(off + loss.rad[row])[members])) / len(members)
                    mean = float(np.sum(loss.mid[row][members])) / len(members)
                    wide = total * (1.0 + (n + 8) * UNIT) + mean * (n + 8) * UNIT
                    low[name][step], high[name][step] = (math.nextafter(mean - wide, -math.inf),
                                                         math.nextafter(mean + wide, math.inf))
        return low, high

    def _check_residual(self, step: int, off: Array) -> None:
        """Root mean square over the step's examples."""
        batch = self._batches[step]
        chosen = (off if batch is None else off[batch])[None, :]
        square = product(exact(chosen), exact(np.ascontiguousarray(chosen.T))).upper()[0, 0] / chosen.shape[1]
        if not math.sqrt(float(square)) * (1.0 + 4 * UNIT) <= float(self._residual_error[step]):
            raise Refused(f"step {step}: residuals that are farther from their outputs' than is stated")

    def _check_losses(self, low: Mapping[str, Array], high: Mapping[str, Array]) -> None:
        stated = self._arm["losses"]
        only_keys(stated, set(low))
        for name in low:
            below, above = stated[name]
            steps = len(low[name])
            if not np.all(_numbers(below, steps, "losses") <= low[name]) or not np.all(
                high[name] <= _numbers(above, steps, "losses")
            ):
                raise Refused(f"bounds of the loss of {name} that are narrower than what follows")

    def _check_switch(self, low: Array, high: Array, steps: int) -> None:
        e, data = self._e, self._data
        if e.eta_1 == e.eta_2:
            return
        under, over = (Fraction(e.epsilon_1) + _q_only(data) * each for each in _LOG_2)
        before = steps if self._switch is None else self._switch
        if not all(Fraction(float(each)) > over for each in low[:before]):
            raise Refused("a training loss that is not known to be above the threshold before the switch")
        if self._switch is not None and not Fraction(float(high[self._switch])) <= under:
            raise Refused("a training loss that is not known to be at the threshold at the switch")

    def _check_levels(self, low: Mapping[str, Array], high: Mapping[str, Array], level: float) -> str:
        order: str | None = None
        for stated in self._arm["levels"]:
            only_keys(stated, {"level", "order", "first_step"})
            value, steps = double(stated["level"], "level"), stated["first_step"]
            if not 0.0 < value < math.log(2):
                raise Refused("a level outside (0, log 2)")
            only_keys(steps, {"P-only", "Q-only"} & set(low))
            for kind, (earliest, latest) in steps.items():
                _check_first(low[kind], high[kind], value, earliest, latest)
            if stated["order"] != _order(steps):
                raise Refused(f"the order {stated['order']!r} at level {value:g}, where {_order(steps)!r} follows")
            if value == level:
                order = str(stated["order"])
        if order is None:
            raise Refused("no order at the certificate's level")
        return order


def _check_first(low: Array, high: Array, level: float, earliest: Any, latest: Any) -> None:
    """Not below the level before the earliest step, and below at the latest."""
    for step in (earliest, latest):
        if not (step is None or (type(step) is int and 0 <= step < len(low))):
            raise Refused("a first step that is no step")
    if not np.all(low[: len(low) if earliest is None else earliest] >= level):
        raise Refused(f"a loss that is not known to be above {level:g} before step {earliest}")
    if latest is not None and (earliest is None or not high[latest] < level or latest < earliest):
        raise Refused(f"a loss that is not known to be below {level:g} at step {latest}")


def _order(steps: Mapping[str, Sequence[int | None]]) -> str:
    """The order that follows from first steps within [earliest, latest]; None: never, or not known to be."""
    if len(steps) < 2:
        return "no examples"
    (p_from, p_by), (q_from, q_by) = steps["P-only"], steps["Q-only"]
    if p_by is not None and (q_from is None or p_by < q_from):
        return "P first"
    if q_by is not None and (p_from is None or q_by < p_from):
        return "Q first"
    if p_from == p_by and q_from == q_by:
        return "neither learnt" if p_from is None else "tie"
    return "undecided"
