"""One version: the package's, which the distribution, the citation and the newest release of the changelog name."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import theory_sim

ROOT = Path(__file__).parents[1]


def test_the_distribution_takes_the_version_of_the_package() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert setup["metadata"]["version"] == "attr: theory_sim.__version__"


def test_the_version_stands_once_in_the_code() -> None:
    """What asks for it at runtime asks the installed distribution or the package."""
    paths = [path for folder in ("theory_sim", "proofs_check") for path in (ROOT / folder).rglob("*.py")]
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    found = [path for path, text in texts.items() if f'"{theory_sim.__version__}"' in text]
    assert found == [ROOT / "theory_sim" / "__init__.py"]


def test_the_pythons_that_were_tried_are_named() -> None:
    """Those of the classifiers begin with the oldest that is allowed; bootstrap.py looks for no older one."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    named = re.findall(r":: (3\.\d+)$", setup["metadata"]["classifiers"], re.MULTILINE)
    assert named == sorted(named, key=lambda version: int(version[2:])) and len(named) == 3
    assert setup["options"]["python_requires"] == f">={named[0]}"
    oldest = re.findall(r"^OLDEST = \((\d+), (\d+)\)$", (ROOT / "bootstrap.py").read_text(), re.MULTILINE)
    assert [".".join(each) for each in oldest] == named[:1]


def test_citation_and_changelog_name_the_version_and_its_date() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    released = [heading.split(" - ") for heading in headings if heading != "Unreleased"]
    assert headings.index("Unreleased") == 0
    version, date = released[0]
    citation = (ROOT / "CITATION.cff").read_text()
    assert version == theory_sim.__version__
    assert f"\nversion: {version}\n" in citation
    assert f'\ndate-released: "{date}"\n' in citation
