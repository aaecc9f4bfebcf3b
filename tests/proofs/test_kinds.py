"""A kind of problem is one class: the template of its guide, added from a package of its own, is found everywhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proofs_check.claim import claims
from proofs_check.problem import Identity, kinds
from proofs_check.problem.base import Problem
from proofs_check.recheck import rechecked_outcomes
from theory_sim.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = '''
from divides import Divides
import divides_again
from proofs_check.claim import claim

@claim("seven-divides", statement="7 | 21", source="test", expected="certified", twins={"22": {"number": 22}})
def seven_divides(number=21):
    """Three times."""
    return Divides(7, number)
'''
# As a user's shell does it, one line after the other.
COMMANDS = '''
import json, sys
from pathlib import Path
from typer.testing import CliRunner
from proofs_check.cli import app

def run(*words):
    done = CliRunner().invoke(app, list(words))
    return [done.exit_code, done.output]

found = {
    "help": run("list", "--help"), "kinds": run("list", "kinds"), "kinds json": run("list", "kinds", "--format", "json"),
    "list": run("list"), "show": run("show", "seven-divides"),
    "verify": run("verify", "seven-divides", "--format", "json", "--out", "kept"),
    "recheck": run("recheck", "kept/seven-divides.json", "kept/seven-divides.twin1.json"),
    "falsify": run("falsify", "seven-divides", "--twin", "22"),
}
path = Path("kept/seven-divides.json")
path.write_text(path.read_text().replace('"quotient": 3', '"quotient": 4'))
found["forged"] = run("recheck", "--no-hash", str(path))
page = Path(sys.argv[1]).read_text()
cell = page[page.index("from proofs_check.problem import kinds\\n"):]
spoken = {}
exec("Markdown = lambda text: spoken.update(page=text)\\n" + cell[:cell.index("```")], {"spoken": spoken})
found["page"] = [0, spoken["page"]]
print(json.dumps(found))
'''


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Exit status and output of each command, with the template's package installed."""
    folder = tmp_path_factory.mktemp("package")
    recipe = (ROOT / "docs" / "how-to" / "own_kind_of_problem.md").read_text(encoding="utf-8")
    template, again = re.findall(r"```python\n(.*?)```", recipe, flags=re.S)
    (folder / "divides.py").write_text(template)
    (folder / "divides_again.py").write_text(again)
    (folder / "divides_claims.py").write_text(CLAIMS)
    info = folder / "divides-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: divides\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[proofs_check.claims]\nmine = divides_claims\n")
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, str(ROOT / "docs" / "explanation" / "claims.md")], cwd=folder, capture_output=True,
        text=True, check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder)))},
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_a_kind_from_another_package_is_listed(found: dict[str, list[Any]]) -> None:
    assert found["help"][0] == 0
    assert "divides          One whole number divides another." in found["kinds"][1]
    (row,) = [row for row in json.loads(found["kinds json"][1])["rows"] if row["kind"] == "divides"]
    assert row["fields"] == ["divisor", "number"] and row["rechecked"] == ["certified", "refuted"]
    assert "| divides | `Divides` | One whole number divides another. |" in found["page"][1]


def test_a_claim_of_it_is_verified_shown_searched_and_looked_at_again(found: dict[str, list[Any]]) -> None:
    assert "seven-divides" in found["list"][1]
    assert all(words in found["show"][1] for words in ("kind         divides", "7 divides 21", "quotient: 3", "22: refuted"))
    (row,) = json.loads(found["verify"][1])["claims"]
    assert (row["kind"], row["outcome"]) == ("divides", "certified")
    assert row["twins"] == [{"name": "22", "outcome": "refuted", "where": "remainder: 1"}]
    assert found["recheck"][0] == 0 and found["recheck"][1].count("accepted") == 2
    assert found["falsify"][0] == 0 and "remainder: 1" in found["falsify"][1]
    assert found["forged"][0] == 1 and "another number" in " ".join(found["forged"][1].split())


def test_every_kind_is_looked_at_again_and_used() -> None:
    def inside(problem: Problem) -> set[str]:
        return {problem.kind}.union(*(inside(part) for _, part in problem.named_parts()))

    ours = {name: kind for name, kind in kinds().items() if kind.__module__.startswith("proofs_check.")}
    assert len(ours) == 8 and all("refuted" in rechecked_outcomes(kind) and len(rechecked_outcomes(kind)) > 1
                                  for kind in ours.values())  # fmt: skip
    assert set(ours) == set().union(*(inside(each.problem()) for each in claims()))


@pytest.mark.parametrize(
    "body", [{"__doc__": "A kind without a name."}, {"kind": "nameless"}, {"__doc__": "Another.", "kind": "identity"}]
)
def test_a_kind_has_a_name_of_its_own_and_says_what_it_asks(body: dict[str, str]) -> None:
    with pytest.raises(InputError):
        type("Mine", (Problem,), body)
    assert kinds()["identity"] is Identity
