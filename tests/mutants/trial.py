"""One mutant against the tests: the check of mutation_check first, then those that enter its function, in growing batches."""

import difflib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from tests.mutants.copies import COMPILED, NO_SUCH_TEST, TIMEOUT, Answer, Copy
from tests.mutants.made import Mutant
from tests.mutants.near import Near

Fate = Literal["killed", "timeout", "survived"]
BATCHES: Final = (10.0, 60.0)
"""Seconds of tests, as measured without a mutant, in the first batch and in the second; the last has the rest."""
START, PATIENCE, COMPILATION = 30.0, 6.0, 120.0
"""Limit of a batch: seconds to start, that many times what its tests took without a mutant, and to compile anew."""
CHECKED: Final = ("theory_sim/",)
"""Where the files lie that tests/mutation_check.py runs, uncompiled and in seconds."""


@dataclass(frozen=True)
class Trial:
    """What became of a mutant. ``tests`` of those that enter it were run, ``left`` were not, for want of time."""

    mutant: Mutant
    fate: Fate
    by: str
    tests: int
    left: int
    seconds: float
    difference: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def batches(tests: Sequence[tuple[str, float]], longest: float) -> Iterator[list[tuple[str, float]]]:
    """Yield ``tests`` in their order, in batches of growing length, until ``longest`` seconds are spent."""
    batch: list[tuple[str, float]] = []
    spent = 0.0
    limits = iter(BATCHES)
    limit = next(limits)
    for test, seconds in tests:
        if spent + seconds > longest:
            break
        if batch and spent + seconds > limit:
            yield batch
            batch, limit = [], next(limits, longest)
        batch.append((test, seconds))
        spent += seconds
    if batch:
        yield batch


def attempt(mutant: Mutant, copy: Copy, near: Near, longest: float) -> Trial:
    """Put a mutant into the copy and run tests until one fails, none is left, or ``longest`` seconds of tests are spent."""
    began = time.monotonic()
    text = (copy.folder / mutant.file).read_text(encoding="utf-8")
    changed = mutant.source(text)
    tests = near.tests(mutant)
    run = 0

    def end(fate: Fate, by: str) -> Trial:
        return Trial(mutant, fate, by, run, len(tests) - run, time.monotonic() - began, difference(text, changed, mutant.file))

    anew = COMPILED.search(text) is not None
    if mutant.file.startswith(CHECKED):
        answer = checked(copy, mutant.file, changed, lambda limit: run_check(copy, limit), START)
        if answer.status:
            return end("timeout" if answer.status == TIMEOUT else "killed", "tests/mutation_check.py")
    for batch in batches(tests, longest):
        limit = START + PATIENCE * sum(seconds for _, seconds in batch) + (COMPILATION if anew else 0.0)
        run += len(batch)
        while batch:
            answer = checked(copy, mutant.file, changed, lambda limit, batch=batch: run_tests(copy, batch, limit, anew), limit)
            if answer.status == TIMEOUT:
                return end("timeout", f"{len(batch)} tests")
            if not answer.status:
                break
            if near.passes(answer.failed_test, lambda test, limit=limit: copy.pytest([test], limit)):
                return end("killed", answer.failed_test)
            batch = [(test, seconds) for test, seconds in batch if not test.startswith(answer.failed_test)]
    return end("survived", "")


def checked(copy: Copy, file: str, changed: str, run: Callable[[float], Answer], limit: float) -> Answer:
    """Run something with a mutant in the copy. What seems endless counts as such only if without the mutant it takes a third of
    the time at most."""
    while True:
        with copy.mutated(file, changed):
            answer = run(limit)
        if answer.status != TIMEOUT:
            return answer
        began = time.monotonic()
        if run(limit / 3.0).status != TIMEOUT:
            return answer
        limit = 4.0 * (time.monotonic() - began)


def run_check(copy: Copy, limit: float) -> Answer:
    return copy.run("tests.mutation_check", (), limit, NUMBA_DISABLE_JIT="1")


def run_tests(copy: Copy, batch: Sequence[tuple[str, float]], limit: float, anew: bool) -> Answer:
    """Run tests by name, or their files where a mutant has changed the names that parameters give."""
    tests = [test for test, _ in batch]
    with tempfile.TemporaryDirectory() as cache:
        environment = {"NUMBA_CACHE_DIR": cache} if anew else {}
        answer = copy.pytest(tests, limit, **environment)
        if answer.status == NO_SUCH_TEST:
            answer = copy.pytest(sorted({test.partition("::")[0] for test in tests}), limit, **environment)
    # Without a test of the two tiers in the files, nothing has failed.
    return Answer(0, answer.output) if answer.status == 5 else answer


def difference(text: str, changed: str, file: str) -> str:
    """Return what a mutant changes, as a unified diff without context."""
    lines = difflib.unified_diff(text.splitlines(), changed.splitlines(), file, file, lineterm="", n=0)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))
