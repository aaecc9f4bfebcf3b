"""Memory that the finite networks take, estimated from an experiment alone: each array that is large, by who holds it."""

from __future__ import annotations

from typing import Final

from theory_sim.data.sizes import item_bytes, kinds_of, seen_examples
from theory_sim.experiment import Experiment
from theory_sim.experiment.choices import ACTIVATIONS, DATA_LAWS, SAMPLINGS
from theory_sim.memory import Bytes
from theory_sim.network.layer import neurons_a_row
from theory_sim.network.layers import BLOCK_V, BLOCK_W, layer_shapes
from theory_sim.train.noise import LabelNoise, PreActivationNoise, make_placement
from theory_sim.train.optimisers import make_optimiser, splits_pairs

__all__ = ["CHUNK", "general_parts", "network_parts", "points_of_fresh", "points_of_layers"]

# Fresh examples that a compiled network looks at at once.
_COLUMNS: Final = 1024
# Neurons that the general network evaluates at once, and the float64 arrays over them and the points that it then has: of two
# straight lines, and of an activation whose value and slope are made of several terms.
CHUNK: Final = 256
_ARRAYS_OF_LINES: Final = 5.0
_ARRAYS: Final = 7.0
# Bytes of a fresh example of a step beside its patches: labels, kind and structure, output, and what outputs are added up from.
_BATCH: Final = 43 + 24


def points_of_layers(e: Experiment, count: int | None = None) -> list[tuple[int, int, int]]:
    """Neurons, inputs and points, nearly, of each layer of the general network, at ``count`` examples, by default N."""
    examples = e.n_examples if count is None else count
    return _points(e, examples, round((1.0 - e.q0) * examples) + 1, round((1.0 - e.p0_value) * examples) + 1)


def points_of_fresh(e: Experiment) -> list[tuple[int, int, int]]:
    """As `points_of_layers`, at the fresh examples: of the P/Q mixture as many of each kind, two of three with either patch."""
    return _points(e, kinds_of(e) * e.n_test, 2 * e.n_test, 2 * e.n_test)


def _points(e: Experiment, examples: int, with_first: int, with_second: int) -> list[tuple[int, int, int]]:
    """Points of ``examples``, of which so many of the P/Q mixture hold either patch: one that is zero may be none."""
    chosen, k = ACTIVATIONS[e.activation], DATA_LAWS[e.data_law].second_dimension(e)
    skip = chosen.zero_at_zero and not e.biases and e.has_pq
    first = with_first if skip else examples
    second = 0 if not k else examples if not skip else 3 if chosen.homogeneous else with_second
    points = [first + second] if e.shared_filters else [first, second]
    return [(m, inputs, n) for (m, inputs), n in zip(layer_shapes(e).values(), points, strict=False)]


def _weights(e: Experiment) -> tuple[float, float]:
    """Number of first-layer weights, and the numbers that are kept of each: signal, gradient, noise and buffers."""
    noise = 0.5 if e.paired and not splits_pairs(e) else 1.0
    of_signal, of_noise = type(make_optimiser(e)).numbers_a_weight(e)
    return float(sum(m * k for m, k in layer_shapes(e).values())), 2.0 + of_signal + noise * (1.0 + of_noise)


def _of_weights(e: Experiment) -> Bytes:
    """Layers, and the weights in float64 and each neuron's noise, which are made for the result.

    Second-layer weights begin as signs in float64. The mean of the signal over neurons takes it to float64.
    """
    item, (count, numbers) = item_bytes(e), _weights(e)
    neurons = sum(m for m, _ in layer_shapes(e).values())
    largest = max(m * k for m, k in layer_shapes(e).values())
    held = item * (count * numbers + neurons)
    signs = 20 * max(m for m, _ in layer_shapes(e).values())
    # Of the layer that is made last the noise of each neuron waits to be added.
    end = (8 + item) * count + (item * largest if len(layer_shapes(e)) == 1 else 0)
    of_signal = 0 if item == 8 else 8 * largest
    return Bytes(held, max((8 + item) * count, of_signal, end if not e.moving_patterns else 0), signs)


def general_parts(e: Experiment, threads: int) -> dict[str, Bytes]:
    """Parts of the general network: weights, slopes at every point, and a chunk's arrays."""
    item, layers, fresh = item_bytes(e), points_of_layers(e), (e.batch_size or 0) * SAMPLINGS[e.sampling].fresh
    lines = ACTIVATIONS[e.activation].two_lines
    tested = points_of_fresh(e)
    drawn = points_of_layers(e, fresh) if fresh else []
    slopes = item * sum(m * n for m, _, n in layers) * (1 + e.train_second_layer)
    patches = item * sum(k * n for _, k, n in layers)
    evaluated, weighted = 0.0, 0.0
    for m, k, n in [*layers, *tested, *drawn]:
        chunks = threads * 8 * (_ARRAYS_OF_LINES if lines else _ARRAYS) * min(CHUNK, m) * n
        evaluated = max(evaluated, chunks + 16 * -(-m // BLOCK_W) * n)
        weighted = max(weighted, item * k * n)
    examined = item * sum(k * n for _, k, n in tested) * 2
    # Of a step that sees fresh examples: these, their points and their slopes.
    of_fresh = sum(item * (2 * k * n + m * n * (1 + e.train_second_layer)) for m, k, n in drawn) + _BATCH * fresh
    return {
        "weights": _of_weights(e),
        "slopes": Bytes(slopes),
        "patches": Bytes(patches),
        "evaluation": Bytes(0.0, max(evaluated + max(examined, of_fresh), weighted + of_fresh)),
    }


def network_parts(e: Experiment, threads: int) -> dict[str, Bytes]:
    """Parts of the networks of ReLU on the P/Q mixture: weights, patterns, patches, and what an evaluation takes."""
    if not e.moving_patterns or _placed_elsewhere(e):
        return _placed_parts(e, threads)
    item, shared = item_bytes(e), e.shared_filters
    sites, blocks = seen_examples(e) + (3 if shared else 0), -(-e.m_W // BLOCK_W)
    share = _share(e)
    rows = min(BLOCK_W, e.m_W)
    scratch = item * (rows // share * sites if share == 2 else rows * e.d) + item * BLOCK_W * e.d
    tested = 2 * e.n_test
    columns = min(tested, _COLUMNS)
    outputs = item * tested * e.d + item * 2 * blocks * columns + threads * 2.5 * item * rows * columns
    return {
        "weights": _of_weights(e),
        "patterns": Bytes(item * (e.m_W + blocks) * sites),
        # Patches, their transposed copy, and their products with the residuals.
        "patches": Bytes(3 * item * e.d * sites),
        "scratch": Bytes(threads * (scratch + 2 * item * BLOCK_V * (not shared))),
        "fresh examples' outputs": Bytes(0.0, outputs),
    }


def _share(e: Experiment) -> int:
    """Neurons that have one row of the noise in memory."""
    return 1 if splits_pairs(e) else neurons_a_row(e.neurons)


def _placed_elsewhere(e: Experiment) -> bool:
    return not isinstance(make_placement(e), LabelNoise | None)


def _placed_parts(e: Experiment, threads: int) -> dict[str, Bytes]:
    """Parts of the network with placed noise, or with patterns that do not follow the weights."""
    item, shared, share = item_bytes(e), e.shared_filters, _share(e)
    seen, tested, placement = seen_examples(e), 2 * e.n_test, make_placement(e)
    noise = placement if isinstance(placement, PreActivationNoise) else None
    each = noise is not None and noise.per_example
    second = max(3, round((1.0 - e.p0_value) * e.n_examples)) if each else 3
    layers = [(e.m_W, e.d, BLOCK_W, seen + second)] if shared else [
        (e.m_W, e.d, BLOCK_W, seen), (e.m_V, 2, BLOCK_V, second)]
    still = not e.moving_patterns
    evaluated = 0.0
    for m, k, block, sites in layers:
        rows, blocks = min(block, m), -(-m // block)
        in_thread = float(rows // share * sites if share == 2 else rows * k)
        if noise is not None:
            in_thread += rows // neurons_a_row(e.neurons) * sites * (2 if noise.common else 1)
            in_thread += rows * sites if splits_pairs(e) and e.paired else 0
        if still:
            in_thread += 2.5 * rows * sites
        workers = min(threads, blocks)
        evaluated = max(evaluated, 8 * blocks * sites + workers * item * in_thread, item * k * sites)
    rows, blocks = min(BLOCK_W, e.m_W), -(-e.m_W // BLOCK_W)
    outputs = 2 * item * tested * e.d + 16 * blocks * tested + threads * item * rows * tested * (2.5 + 2.5 * still)
    count, _ = _weights(e)
    # A copy of both parts; or fresh noise, while that of before is still there.
    copied = (2.0 / share if e.redrawn_patterns else 1.0 + 1.0 / share) if still else 0.0
    of_patterns = Bytes(item * copied * count, (16 + item) * count if still else 0.0)
    return {
        "weights": _of_weights(e),
        "weights of the patterns": of_patterns,
        # The norms of the patches are taken in float64.
        "patches": Bytes(item * e.d * seen * (2 if shared else 1), 0.0, 16 * e.d * e.n_examples),
        "patterns": Bytes(item * sum(m * sites for m, _, _, sites in layers)),
        "evaluation": Bytes(0.0, max(evaluated, outputs)),
    }
