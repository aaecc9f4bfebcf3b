"""One mutant against the tests that run its line, in growing batches, and against tests/mutation_check.py.

A mutant in compiled functions meets the check and tests uncompiled, and where that takes too long tests in a process that
compiles them anew. One in other functions that no import runs is put into the functions of a process that has collected all
tests. Any other needs a process that imports it.
"""

import difflib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from tests.mutants.collected import Answer
from tests.mutants.copies import COMPILED, NO_SUCH_TEST, Copy
from tests.mutants.made import Mutant
from tests.mutants.near import Near
from tests.mutants.waiting import TIMEOUT, UNFIT

Fate = Literal["killed", "timeout", "survived"]
BATCHES: Final = (2.0, 10.0)
"""Seconds of tests, as measured without a mutant, in the first batch and in the second; the last has the rest."""
START, PATIENCE, COMPILATION = 20.0, 6.0, 120.0
"""Limit of a batch: seconds to start, that many times what its tests took without a mutant, and to compile anew."""
CHECKED: Final = ("closure", "data", "engines", "limit", "loop", "network", "numeric", "observe", "theory", "train")
"""Packages of theory_sim that tests/mutation_check.py runs, uncompiled and in seconds."""


@dataclass(frozen=True)
class Trial:
    """What became of a mutant. ``tests`` of those that run it were run, ``left`` were not, for want of time."""

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


def attempt(mutant: Mutant, copy: Copy, near: Near, longest: float, *, again: bool = False) -> Trial:
    """Put a mutant into the copy and run tests until one fails, none is left, or ``longest`` seconds of tests are spent."""
    began = time.monotonic()
    text = (copy.folder / mutant.file).read_text(encoding="utf-8")
    trying = Trying(mutant, text, mutant.source(text), copy, near, COMPILED.search(text) is not None)
    tests = near.tests(mutant, new_first=again)
    fate, by = trying.meet(tests, longest)
    shown = difference(text, trying.changed, mutant.file)
    return Trial(mutant, fate, by, trying.run, len(tests) - trying.run, time.monotonic() - began, shown)


@dataclass
class Trying:
    """A mutant, the file's text without it and with it, and where it meets tests; ``run`` counts them."""

    mutant: Mutant
    text: str
    changed: str
    copy: Copy
    near: Near
    anew: bool
    """Whether its functions are compiled."""
    run: int = 0

    def __post_init__(self) -> None:
        self.own = self.anew or self.mutant.place in self.near.imported

    def meet(self, tests: Sequence[tuple[str, float]], longest: float) -> tuple[Fate, str]:
        """Return what became of it, and what found it."""
        if self.anew:
            found = self.check()
            if not found:
                found, tests = self.uncompiled(tests, longest)
            if found:
                return found
        for batch in batches(tests, longest):
            self.run += len(batch)
            found = self.batch(batch)
            if found:
                return found
        return (None if self.anew else self.check()) or ("survived", "")

    def check(self) -> tuple[Fate, str] | None:
        if self.mutant.file.split("/")[1] not in CHECKED:
            return None
        answer = self._with_it(lambda limit: run_check(self.copy, limit), START)
        return ("timeout" if answer.status == TIMEOUT else "killed", "tests/mutation_check.py") if answer.status else None

    def uncompiled(
        self, tests: Sequence[tuple[str, float]], longest: float
    ) -> tuple[tuple[Fate, str] | None, Sequence[tuple[str, float]]]:
        """Meet tests where loops are not compiled; return what found it, and the tests that are left to be met compiled.

        A test counts that fails with the mutant and passes without. Left are those that fail without it too, such as for what
        numba alone can run, and all if they take too long here.
        """
        unable: list[tuple[str, float]] = []
        waiting = self.copy.uncompiled  # started here if it is the first: it must not import the mistake
        for batch in batches(tests, longest):
            seconds = dict(batch)
            names = list(seconds)
            while names:
                with self.copy.mutated(self.mutant.file, self.changed):
                    answer = waiting.run(names, START, *self._place)
                if answer.status in (TIMEOUT, UNFIT):
                    return None, tests
                if not answer.status:
                    break
                failed = answer.failed_test
                if waiting.run([failed], START).status == 0:
                    return ("killed", f"{failed}, uncompiled"), ()
                names = [test for test in names if test != failed]
                unable.append((failed, seconds[failed]))
            self.run += len(names)
        return None, unable

    def batch(self, batch: list[tuple[str, float]]) -> tuple[Fate, str] | None:
        """Meet tests until one fails that passes without the mutant."""
        limit = START + PATIENCE * sum(seconds for _, seconds in batch) + (COMPILATION if self.anew else 0.0)
        names = [test for test, _ in batch]
        while names:
            answer = self._tests(names, limit)
            if answer.status == TIMEOUT:
                return "timeout", f"{len(names)} tests"
            if not answer.status:
                return None
            if self.near.passes(answer.failed_test, lambda test: self.copy.waiting.run([test], limit)):
                return "killed", answer.failed_test
            names = [test for test in names if not test.startswith(answer.failed_test)]
        return None

    def _tests(self, names: list[str], limit: float) -> Answer:
        if not self.own:
            waiting = self.copy.waiting  # as above
            answer = self._with_it(lambda limit: waiting.run(names, limit, *self._place), limit)
            self.own = answer.status == UNFIT
            if not self.own:
                return answer
        return self._with_it(lambda limit: run_tests(self.copy, names, limit, self.anew), limit)

    @property
    def _place(self) -> tuple[Path, str]:
        return self.copy.folder / self.mutant.file, self.text

    def _with_it(self, run: Callable[[float], Answer], limit: float) -> Answer:
        """Run something with the mutant in the copy. What seems endless counts as such only if without the mutant it takes a
        third of the time at most."""
        while True:
            with self.copy.mutated(self.mutant.file, self.changed):
                answer = run(limit)
            if answer.status != TIMEOUT:
                return answer
            began = time.monotonic()
            if run(limit / 3.0).status != TIMEOUT:
                return answer
            limit = 4.0 * (time.monotonic() - began)


def run_check(copy: Copy, limit: float) -> Answer:
    return copy.run("tests.mutation_check", (), limit, NUMBA_DISABLE_JIT="1")


def run_tests(copy: Copy, tests: Sequence[str], limit: float, anew: bool) -> Answer:
    """Run tests by name, or their files where a mutant has changed the names that parameters give, in a process of its own."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {"NUMBA_CACHE_DIR": cache} if anew else {}
        answer = copy.pytest(tests, limit, **environment)
        if answer.status == NO_SUCH_TEST:
            answer = copy.pytest(sorted({test.partition("::")[0] for test in tests}), limit, **environment)
    # Without a test of the tier in the files, nothing has failed.
    return Answer(0, answer.output) if answer.status == 5 else answer


def difference(text: str, changed: str, file: str) -> str:
    """Return what a mutant changes, as a unified diff without context."""
    lines = difflib.unified_diff(text.splitlines(), changed.splitlines(), file, file, lineterm="", n=0)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))
