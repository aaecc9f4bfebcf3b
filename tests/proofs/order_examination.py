"""What a second look at certified orders must do, as a list of what one does wrong; mutants of it must have an entry."""

from __future__ import annotations

import base64
import copy
import random
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache, partial
from importlib import import_module
from typing import Any

import mpmath
import numpy as np
from mpmath import mp, mpf

from proofs_check.order.certificate import certificate
from proofs_check.order.certify import certify_order
from tests.proofs.order_reference import exact_run
from theory_sim.data import draw_data
from theory_sim.experiment import Experiment

ORDER = "proofs_check.recheck.order"
SMALL = Experiment(**{"d": 6, "N": 10, "p0": 0.3, "q0": 0.3, "eta_1": 4.0, "eta_2": 2.0, "epsilon_1": 0.4, "max_tau": 24.0,
                      "tau_0": 0.5, "tau_xi": 0.05, "n_test": 1, "lambda": 0.01})


@cache
def genuine() -> dict[str, Any]:
    """A certificate of a small experiment under L-S and S."""
    return certificate(certify_order(SMALL, ["L-S", "S"], threads=1))


@cache
def unstable() -> dict[str, Any]:
    """A certificate that is right in all but one thing: its steps may amplify errors."""
    found = certify_order(SMALL.replace(eta_2=60.0, max_tau=240.0), ["S"], threads=1)
    assert "may amplify" in found.arms[0].reason
    return {**certificate(found), "verdict": "certified"}


def _by_pieces(stated: Experiment, pieces: tuple[tuple[float, float], ...]) -> dict[str, Any]:
    """A certificate of an experiment's rates as pieces, stated to be of its schedule."""
    listed = Experiment(**{**SMALL.fields(), "patterns": stated.patterns, "schedule": "pieces", "pieces": pieces})
    content = certificate(certify_order(listed, ["pieces"], threads=1))
    return {**content, "experiment": stated.fields(), "arms": [{**content["arms"][0], "schedule": stated.schedule}]}


@cache
def rounded() -> dict[str, Any]:
    """S at a rate that is higher by 5e-11."""
    return _by_pieces(SMALL.replace(schedule="S"), ((1e6, SMALL.eta_2 * (1 + 5e-11)),))


@cache
def dipped(schedule: str, rate: float) -> dict[str, Any]:
    """A rate that never falls, but for one that is lower by 5e-11, where patterns freeze as it does: made as pieces."""
    own = {"warm_up": 1.0, "warm_up_from": 1.0} if schedule == "warm-up" else {}
    stated = SMALL.replace(patterns="frozen-at-annealing", schedule=schedule, **own)
    pieces = ((3 * rate, rate), (4 * rate - 1e-3, rate * (1 - 5e-11)), (1e6, rate))
    return _by_pieces(stated, pieces)


@cache
def late() -> dict[str, Any]:
    """L-S with a switch two steps late, right in all else: made as a schedule of pieces."""
    step = genuine()["arms"][0]["switch"] + 2
    pieces = ((SMALL.eta_1 * step, SMALL.eta_1), (1e6, SMALL.eta_2))
    arm = certificate(certify_order(SMALL.replace(schedule="pieces", pieces=pieces), ["pieces"], threads=1))["arms"][0]
    return {**genuine(), "arms": [{**arm, "schedule": "L-S", "switch": step}]}


# -- forged certificates ------------------------------------------------------------------------------------------------------


def _without_a_step(content: dict[str, Any]) -> None:
    arm = content["arms"][1]
    raw = zlib.decompress(base64.b64decode(arm["residuals"]["packed"]))
    steps = len(arm["residual_error"])
    planes = np.frombuffer(raw, np.uint8).reshape(8, steps, -1)[:, :-1]
    arm["residuals"]["packed"] = base64.b64encode(zlib.compress(planes.tobytes())).decode()
    arm["rates"][-1][1] -= 1
    arm["curvature"][-1][1] -= 1
    arm["residual_error"].pop()
    arm["drift"].pop()
    for bounds in arm["losses"].values():
        for each in bounds:
            each.pop()


def _flip(content: dict[str, Any], byte: int, bit: int) -> None:
    """Change a bit of the first residual, in units of 2^-40: second differences, so that later ones change too."""
    arm = content["arms"][1]
    raw = bytearray(zlib.decompress(base64.b64decode(arm["residuals"]["packed"])))
    raw[byte * len(raw) // 8] ^= bit
    arm["residuals"]["packed"] = base64.b64encode(zlib.compress(bytes(raw))).decode()


def _set(content: dict[str, Any], path: tuple[Any, ...], change: Callable[[Any], Any]) -> None:
    for key in path[:-1]:
        content = content[key]
    content[path[-1]] = change(content[path[-1]])


def _changed(*path: Any, by: Callable[[Any], Any]) -> Callable[[dict[str, Any]], None]:
    return lambda content: _set(content, path, by)


def _digest_anew(content: dict[str, Any]) -> None:
    from proofs_check.recheck.order.statement import digest

    experiment = Experiment(**content["experiment"])
    content["data"] = digest(experiment, draw_data(experiment))


def _a_label_flipped(content: dict[str, Any]) -> None:
    content["experiment"]["label_flips"] = 0.1
    _digest_anew(content)


def _only(place: int, forge: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """A forgery of a certificate with one schedule alone."""

    def forged(content: dict[str, Any]) -> None:
        content["arms"] = [content["arms"][place]]
        forge(content)

    return forged


def _within_the_drift(content: dict[str, Any]) -> None:
    low, high = content["arms"][1]["losses"]["all"]
    low[-1] = (low[-1] + high[-1]) / 2 - 3e-13


def _level_moved(content: dict[str, Any]) -> None:
    low, high = content["arms"][1]["losses"]["P-only"]
    level = content["arms"][1]["levels"][0]
    first = level["first_step"]["P-only"][1]
    level["level"] = content["level"] = (low[first] + high[first]) / 2  # within the enclosure: not known to be below


S = ("arms", 1)
FORGERIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "the rate times 1.01": _changed("experiment", "eta_2", by=lambda rate: rate * 1.01),
    "the only rate times 1.01": _only(1, _changed("experiment", "eta_2", by=lambda rate: rate * 1.01)),
    "the only small rate of L-S times 1.01": _only(0, _changed("experiment", "eta_2", by=lambda rate: rate * 1.01)),
    "another digest": _changed("data", by=lambda digest: digest[::-1]),
    "a lower bound within the drift": _within_the_drift,
    "lambda moved": _changed("experiment", "lambda", by=lambda value: value * 1.2),
    "tau_xi moved": _changed("experiment", "tau_xi", by=lambda value: value * 1.2),
    "another seed": _changed("experiment", "seed", by=lambda seed: seed + 1),
    "another seed, with its digest": lambda content: (_set(content, ("experiment", "seed"), lambda seed: seed + 1),
                                                      _digest_anew(content))[0],
    "one label flipped": _a_label_flipped,
    "a step left out": _without_a_step,
    "another residual": lambda content: _flip(content, 4, 1),  # 2^32 units
    "residuals in other units": _changed(*S, "residuals", "bits", by=lambda bits: bits + 1),
    "the level within the enclosure": _level_moved,
    "Lambda halved": _changed(*S, "curvature", 0, 0, by=lambda value: value / 2),
    "Lambda a little too small": _changed(*S, "curvature", 0, 0, by=lambda value: value * 0.99),
    "epsilon of a step too small": _changed(*S, "residual_error", 5, by=lambda value: value / 1e4),
    "the drift of the end too small": _changed(*S, "drift", -1, by=lambda value: value / 2),
    "all drifts 0": _changed(*S, "drift", by=lambda values: [0.0 for _ in values]),
    "the norm too small": _changed(*S, "norm", by=lambda value: value * 0.999),
    "the tail too small": _changed(*S, "series", "tail", by=lambda value: value * 0.99),
    "one power less": _changed(*S, "series", "powers", by=lambda value: value - 1),
    "the largest cosine too small": _changed(*S, "series", "largest_cosine", by=lambda value: value * 0.999),
    "a lower bound too high": _changed(*S, "losses", "all", 0, 7, by=lambda value: value + 1e-6),
    "an upper bound too low": _changed(*S, "losses", "Q-only", 1, 7, by=lambda value: value - 1e-6),
    "an upper bound of the start": _changed(*S, "losses", "all", 1, 0, by=lambda value: value - 1e-6),
    "P learnt a step earlier": _changed(*S, "levels", 0, "first_step", "P-only", by=lambda steps: [each - 1 for each in steps]),
    "P learnt a step later": _changed(*S, "levels", 0, "first_step", "P-only", by=lambda steps: [each + 1 for each in steps]),
    "Q learnt": _changed(*S, "levels", 0, "first_step", "Q-only", by=lambda steps: [3, 3]),
    "the other order": _changed(*S, "levels", 0, "order", by=lambda order: "Q first"),
    "undecided": _changed("verdict", by=lambda verdict: "undecided"),
    "the switch a step later": lambda content: (
        _set(content, ("arms", 0, "switch"), lambda step: step + 1),
        _set(content, ("arms", 0, "rates"), lambda runs: [[runs[0][0], runs[0][1] + 1], [runs[1][0], runs[1][1] - 1]]))[0],
    "another rate of one step": _changed(*S, "rates", by=lambda runs: [[runs[0][0], runs[0][1] - 1], [runs[0][0] * 1.01, 1]]),
    "a small digit of a residual": lambda content: _flip(content, 0, 1 << 6),
    "the first digit of a residual": lambda content: _flip(content, 4, 1 << 6),
    "one digit of the digest": _changed("data", by=lambda digest: ("1" if digest[0] == "0" else "0") + digest[1:]),
    "a digit of the exponent of epsilon": _changed(*S, "residual_error", 2, by=lambda value: value / 100),
    "epsilon nothing": _changed(*S, "residual_error", -1, by=lambda value: 0.0),
    "a digit of Lambda, one step": _changed(*S, "curvature", by=lambda runs: (
        [[runs[0][0], runs[0][1] - 1], [runs[0][0] * 0.9, 1]])),
    "a digit of the first drift": _changed(*S, "drift", 1, by=lambda value: value * 0.9),
    "a drift that falls": _changed(*S, "drift", -2, by=lambda value: value * 1.1),
    "a negative drift": _changed(*S, "drift", 0, by=lambda value: -1e-12),
    "the tail's exponent": _changed(*S, "series", "tail", by=lambda value: value / 10),
    "a digit of the largest cosine": _changed(*S, "series", "largest_cosine", by=lambda value: value - 0.1),
    "half of the powers": _changed(*S, "series", "powers", by=lambda value: value // 2),
    "a digit of the norm": _changed(*S, "norm", by=lambda value: value - 0.1),
    "a digit of tau_0": _changed("experiment", "tau_0", by=lambda value: value + 0.01),
    "a digit of alpha_min": _changed("experiment", "alpha_min", by=lambda value: value + 0.01),
    "a digit of epsilon_1": _only(0, _changed("experiment", "epsilon_1", by=lambda value: value - 0.1)),
    "a digit of max_tau": _changed("experiment", "max_tau", by=lambda value: value + 2.0),
    "a lower bound of the end": _changed(*S, "losses", "P-only", 0, -1, by=lambda value: value + 1e-8),
    "the order of another level": _changed(*S, "levels", 2, "order", by=lambda order: "tie"),
    "first steps of another level": _changed(*S, "levels", 1, "first_step", "P-only", by=lambda steps: (
        [steps[0], steps[1] - 1])),
    "another verdict": _changed("verdict", by=lambda verdict: "proved"),
    "a schedule twice": _changed("arms", by=lambda arms: [arms[0], arms[0]]),
    "another schedule's name": _changed(*S, "schedule", by=lambda name: "constant"),
    "no arm": _changed("arms", by=lambda arms: []),
    "an entry that nobody looks at": _changed(*S, by=lambda arm: {**arm, "note": 1.0}),
    "a text for a number": _changed(*S, "series", "tail", by=lambda tail: "1/3"),
    "a version that is no text": _changed("version", by=lambda version: {"order": "Q first"}),
}


def _accepts(package: str, content: dict[str, Any]) -> bool:
    try:
        import_module(f"{package}.check").check_order(content)
    except Exception:  # whatever ends it: the file is not accepted
        return False
    return True


def of_forgeries(package: str) -> Iterator[str]:
    """Forged certificates that are accepted, and a genuine one that is not."""
    if not _accepts(package, copy.deepcopy(genuine())):
        yield "a genuine certificate is refused"
        return
    for name, forge in FORGERIES.items():
        content = copy.deepcopy(genuine())
        forge(content)
        if _accepts(package, content):
            yield f"accepted: {name}"
    from tests.proofs.order_forged_fresh import OF_FRESH, with_fresh
    from tests.proofs.order_forged_steps import of_steps

    if not _accepts(package, copy.deepcopy(with_fresh())):
        yield "a genuine certificate with fresh examples is refused"
    for name, forge in OF_FRESH.items():
        content = copy.deepcopy(with_fresh())
        forge(content["arms"][0]["fresh"])
        if _accepts(package, content):
            yield f"accepted of fresh examples: {name}"
    if _accepts(package, copy.deepcopy(rounded())):
        yield "accepted: a rate of S to ten digits"
    for schedule, rate in (("constant", SMALL.eta_1), ("S", SMALL.eta_2), ("warm-up", SMALL.eta_1)):
        if _accepts(package, copy.deepcopy(dipped(schedule, rate))):
            yield f"accepted: a rate of {schedule} that dips within the rounding, where patterns freeze"
    for name, content in of_steps():
        if _accepts(package, content):
            yield f"accepted: {name}"
    if _accepts(package, copy.deepcopy(late())):
        yield "accepted: a switch that the loss does not give"
    if _accepts(package, copy.deepcopy(unstable())):
        yield "accepted: steps that may amplify errors"


# -- enclosures ---------------------------------------------------------------------------------------------------------------


def _outside(ball: Any, exact: Any) -> bool:
    """Whether a number, a fraction or one in 100 digits, is outside of a ball of one."""
    mid, rad = float(ball.mid), float(ball.rad)
    if isinstance(exact, Fraction):
        return abs(exact - Fraction(mid)) > Fraction(rad)
    return bool(abs(exact - mpf(mid)) > mpf(rad))


def of_balls(package: str) -> Iterator[str]:
    """Operations whose balls miss exact results."""
    balls = import_module(f"{package}.balls")
    rng, numbers = np.random.default_rng(0), random.Random(0)
    for _ in range(40):
        a, b = (balls.Balls(rng.uniform(0.5, 2.0, 1), np.array([numbers.choice([0.0, 1e-17, 1e-9])])) for _ in range(2))
        x, y = (Fraction(float(each.mid[0])) + sign * Fraction(float(each.rad[0]))
                for each, sign in ((a, numbers.choice([-1, 0, 1])), (b, numbers.choice([-1, 0, 1]))))
        for name, found, exact in (("+", a + b, x + y), ("-", a - b, x - y), ("*", a * b, x * y), ("/", a / b, x / y),
                                   ("scaled", a.scaled(0.7), x * Fraction(0.7)),
                                   ("shifted", a.shifted(0.7), x + Fraction(0.7))):
            if _outside(found[0], exact):
                yield f"{name} misses a result"
        with mp.workdps(60):
            if _outside(a.root()[0], mpmath.sqrt(mpf(x.numerator) / x.denominator)):
                yield "a root is missed"
        n = 12
        left, right = (balls.Balls(rng.standard_normal(shape), np.full(shape, 1e-13)) for shape in ((1, n), (n, 1)))
        signs = [numbers.choice([-1, 1]) for _ in range(2 * n)]
        exact = sum((Fraction(float(p)) + signs[i] * Fraction(1e-13)) * (Fraction(float(q)) + signs[n + i] * Fraction(1e-13))
                    for i, (p, q) in enumerate(zip(left.mid[0], right.mid[:, 0], strict=True)))
        plain = sum(Fraction(float(p)) * Fraction(float(q)) for p, q in zip(left.mid[0], right.mid[:, 0], strict=True))
        nothing = balls.product(balls.exact(left.mid), balls.exact(right.mid))
        if _outside(balls.product(left, right)[0, 0], exact) or _outside(nothing[0, 0], plain):
            yield "a product misses a result"


def of_functions(package: str) -> Iterator[str]:
    """Functions whose balls miss values in 60 digits."""
    functions, balls = import_module(f"{package}.functions"), import_module(f"{package}.balls")
    rng = np.random.default_rng(1)
    with mp.workdps(60):
        for pi, exact in ((functions.PI, mp.pi), (functions.HALF_PI, mp.pi / 2)):
            if _outside(pi, +exact):
                yield "pi"
        points = np.concatenate([rng.uniform(0, 1.57, 30), 1e-9 * rng.uniform(0, 1, 5), [0.0]])
        sine, cosine = functions.sine_cosine(points)
        exact_sine = np.sin(points)
        for i, point in enumerate(points.tolist()):
            if _outside(sine[i], mpmath.sin(point)) or _outside(cosine[i], mpmath.cos(point)):
                yield f"sine or cosine of {point}"
            s, c = (balls.Balls(np.array(float(f(point))), np.array(2e-16)) for f in (mpmath.sin, mpmath.cos))
            if _outside(functions.arcsine_of(s, c), mpf(point)):
                yield f"the angle {point}"
        for x in (0.85 * exact_sine).tolist():
            if _outside(functions.arcsine(balls.exact(np.array([x])))[0], mpmath.asin(x)):
                yield f"arcsin {x}"
        margins = np.concatenate([rng.uniform(-12, 12, 40), [0.0, 30.0, -30.0]])
        loss, residual = functions.logistic(margins)
        for i, margin in enumerate(margins.tolist()):
            power = mpmath.exp(-mpf(margin))
            if _outside(loss[i], mpmath.log(1 + power)) or _outside(residual[i], power / (1 + power)):
                yield f"the loss of {margin}"


def of_law(package: str) -> Iterator[str]:
    """Weights, correlations and arcsines that miss values in 60 digits, near rho = 1 too."""
    law_of, balls = import_module(f"{package}.noise_law").NoiseLaw, import_module(f"{package}.balls")
    rng = np.random.default_rng(2)
    for tau_xi in (0.3, 1e-7, 1e-12):
        rates, sizes, lambda_, tau_0 = rng.uniform(0.5, 3.0, 9).tolist(), [3, 5, 3, 7, 3, 3, 9, 3, 3], 0.03, 0.7
        law = law_of(rates, sizes, lambda_, tau_0, tau_xi, [True] * 6 + [False] * 3)
        rows, columns = slice(1, 10), slice(0, 9)
        with mp.workdps(60):
            decay, spread = [mpf(1)], [mpf(tau_0) ** 2]
            for i, rate in enumerate(rates):
                decay.append(decay[-1] * (1 - mpf(rate) * mpf(lambda_)))
                spread.append(spread[-1] + ((mpf(rate) * mpf(tau_xi) / decay[-1]) ** 2 if i < 6 else 0))
            weights, rho = law.weights(rows, columns), law.correlations(rows, columns)
            for c in (mpf(1), mpf(3) / 5, -mpf(99) / 100):
                cosine, square = (balls.Balls(np.array(float(v)), np.array(1e-16 * abs(float(v)))) for v in (c, 1 - c * c))
                angles = law.arcsines(rows, columns, cosine, square)
                for t in range(1, 10):
                    for s in range(t):
                        exact_rho = mpmath.sqrt(spread[s] / spread[t])
                        if _outside(weights[t - 1, s], mpf(rates[s]) / sizes[s] * decay[t] / decay[s + 1]):
                            yield "a weight"
                        if _outside(rho[t - 1, s], exact_rho):
                            yield "a correlation"
                        if _outside(angles[t - 1, s], mpmath.asin(max(min(exact_rho * c, mpf(1)), mpf(-1)))):
                            yield f"an arcsine at c = {float(c)}"
                        if float(angles.rad[t - 1, s]) > 1e-14:
                            yield "an arcsine that is wide"


@cache
def _exact_small() -> Any:
    return exact_run(SMALL.replace(schedule="S"), draw_data(SMALL))


def of_outputs(package: str) -> Iterator[str]:
    """Outputs that miss those in 100 digits, also where the interpolation is coarse, so that its bound is what holds them."""
    module = import_module(f"{package}.outputs")
    usual = module._LEFT_OUT
    for left_out in (usual, 1e-3):
        module._LEFT_OUT = left_out
        try:
            yield from _of_outputs(package, coarse=left_out > usual)
        finally:
            module._LEFT_OUT = usual


def _of_outputs(package: str, *, coarse: bool) -> Iterator[str]:
    check, geometry, outputs = (import_module(f"{package}.{name}") for name in ("check", "geometry", "outputs"))
    experiment, data = SMALL.replace(schedule="S"), draw_data(SMALL)
    places = geometry.make_geometry(data.x1, data.has_x1, np.asarray(data.alpha), data.direction,
                                    np.array([[1.0, side * data.r] for side in (-1, 0, 1)]), shared=False)
    arm = check._Arm(experiment, data, places, genuine()["arms"][1])
    steps = len(arm._rates)
    law = import_module(f"{package}.noise_law").NoiseLaw(arm._rates, [len(data)] * steps, experiment.lambda_,
                                                         experiment.tau_0_value, experiment.tau_xi, [True] * steps)
    given = np.ldexp(arm._whole.astype(np.float64), -arm._bits) * data.y
    interpolation = outputs.Interpolation(places)
    if not places.far.any() or not places.near:
        yield "no pair to sum in either way"
    for first, values in outputs.outputs(places, law, interpolation, given, redrawn=False):
        for row in range(len(values.mid)):
            exact = np.array([float(f - mpf(float(mid))) for f, mid in zip(
                _exact_small().outputs[first + row], values.mid[row], strict=True)])
            if not np.all(np.abs(exact) <= values.rad[row] + places.feature * arm._drift[first + row] + 1e-16):
                yield f"outputs after {first + row} steps"
            if not coarse and float(values.rad.max()) > 1e-12:
                yield "wide outputs"


def faults(package: str = ORDER) -> Iterator[str]:
    """What a package does wrong, the quick parts first; nothing if it is right."""
    from tests.proofs.order_forged_box import of_boxes, of_widths

    for part in (of_balls, of_functions, of_law, of_outputs, of_forgeries, partial(of_widths, small=SMALL), of_boxes):
        yield from part(package)
