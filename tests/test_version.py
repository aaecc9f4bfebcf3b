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


def test_citation_and_changelog_name_the_version_and_its_date() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    released = [heading.split(" - ") for heading in headings if heading != "Unreleased"]
    assert headings.index("Unreleased") == 0
    version, date = released[0]
    citation = (ROOT / "CITATION.cff").read_text()
    assert version == theory_sim.__version__
    assert f"\nversion: {version}\n" in citation
    assert f'\ndate-released: "{date}"\n' in citation
