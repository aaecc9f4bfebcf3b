"""Which mutants are tried: the same number in each area, the order by chance."""

import hashlib
import json
import random
from pathlib import Path

from tests.mutants.areas import files_of_areas
from tests.mutants.made import Mutant, by_place, changes, mutants


def draw(root: Path, number: int, seed: int) -> list[Mutant]:
    """Draw about ``number`` mutants, as many in each area, without one twice.

    In an area, a place in the code is drawn first, then one of its mutants, so that a "+", which can become six operators, does
    not count six times. The areas take turns, so that the first mutants of a draw are a draw themselves.
    """
    chance = random.Random(seed)
    areas = files_of_areas(root)
    each = -(-number // len(areas))
    rounds: list[list[Mutant]] = [[] for _ in range(each)]
    for area, files in areas.items():
        texts = {file: (root / file).read_text(encoding="utf-8") for file in files}
        places = by_place([mutant for file, text in texts.items() for mutant in mutants(area, file, text)])
        chance.shuffle(places)
        chosen = (chance.choice(place) for place in places)
        for taken, mutant in zip(rounds, (mutant for mutant in chosen if changes(mutant, texts[mutant.file])), strict=False):
            taken.append(mutant)
    for taken in rounds:
        chance.shuffle(taken)
    return [mutant for taken in rounds for mutant in taken][:number]


def state_of(root: Path) -> str:
    """Return a digest of all that mutants are drawn from."""
    files = [file for area in files_of_areas(root).values() for file in area]
    return hashlib.sha256(b"\0".join((root / file).read_bytes() for file in sorted(files))).hexdigest()[:12]


def drawn(root: Path, number: int, seed: int, folder: Path) -> list[Mutant]:
    """Return the draw that ``folder`` has of this state of the code, or draw and keep it there."""
    kept = folder / f"drawn-{number}-{seed}-{state_of(root)}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps([mutant.as_dict() for mutant in draw(root, number, seed)]), encoding="utf-8")
    return [Mutant(**mutant) for mutant in json.loads(kept.read_text(encoding="utf-8"))]
