"""Store a study's answer: ``python -m tests.studies.store STUDIES/NAME-default`` copies what pages and package hold.

Of ``STUDIES/NAME-default-seeds-...``, on the data sets on which a study is repeated, runs, table and verdict go beside that
answer.
Without a folder it writes again what follows from the stored tables by words and rules as they are: verdicts, the tables as
Markdown, and the copies of the verdicts in the package. A rule that changed after its result is told on the study's page.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from theory_sim.plots.style import save_figure
from theory_sim.studies.comparison import stored_answer
from theory_sim.studies.registry import get_study
from theory_sim.studies.run_study import read_table, sealed
from theory_sim.terminal.study_tables import comparison_markdown, markdown

ROOT = Path(__file__).resolve().parents[2]
DOCS, PACKAGED = ROOT / "docs" / "explanation", ROOT / "theory_sim" / "studies" / "stored"
ASKED = ("question", "source", "statement", "hypothesis", "statistic", "rule")
OF_THE_THEOREM = ("scaling", "theorem-c2", "width")
REPEATED = "repeated"
"""Folder, in that of a study's answer, of the same on other data sets."""


def stored() -> list[Path]:
    """Folders of the stored answers."""
    return sorted(path.parent for path in DOCS.glob("*/results/*/verdict.json"))


def repeated() -> list[Path]:
    """Folders of those on other data sets."""
    return sorted(path.parent for path in DOCS.glob(f"*/results/*/{REPEATED}/verdict.json"))


def compared(answer: Path) -> str:
    """Table of both answers of a study, from the folder of the second."""
    study = get_study(answer.parent.name)
    return comparison_markdown(study.name, study.decide(read_table(answer / "table.csv")), stored_answer(study)[0])


def write_again(answer: Path, *, figure: bool) -> None:
    """Everything in a folder that follows from its table, and the package's copy of the verdict."""
    study, table = get_study(answer.name), read_table(answer / "table.csv")
    verdict = study.decide(table)
    said: dict[str, Any] = json.loads((answer / "verdict.json").read_text(encoding="utf-8"))
    said.pop("sha256", None)
    asked = {name: getattr(study, name) for name in ASKED}
    (answer / "verdict.json").write_text(sealed({**said, **asked, **verdict.to_dict()}), encoding="utf-8")
    (answer / "table.md").write_text(markdown(table, verdict), encoding="utf-8")
    if figure:
        save_figure(study.plot(table), answer / "figure.svg", force=True)
    PACKAGED.mkdir(exist_ok=True)
    shutil.copy(answer / "verdict.json", PACKAGED / f"{answer.name}.json")


def main(folders: list[Path]) -> None:
    for folder in folders:
        said = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
        name, again = said["study"], "seeds" in said
        assert said["size"] == "default", "of the default size alone"
        assert not again or said["seeds"] == list(get_study(name).repeated_on or ()), "on the data sets that the study names"
        answer = DOCS / ("theorem" if name in OF_THE_THEOREM else "questions") / "results" / name / (REPEATED if again else "")
        answer.mkdir(exist_ok=True)
        for file in ("runs.csv", "table.csv", "verdict.json"):
            shutil.copy(folder / file, answer / file)
        if not again:
            write_again(answer, figure=True)
    for answer in stored() if not folders else []:
        write_again(answer, figure=False)
    for answer in repeated():
        (answer / "comparison.md").write_text(compared(answer), encoding="utf-8")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
