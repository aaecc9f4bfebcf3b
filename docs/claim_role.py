"""A role that leads from a claim's identifier to its row on the page of claims: ``{claim}`sheppard```."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole
from sphinx.util.osutil import relative_uri

_PAGE = "explanation/claims"


class ClaimRole(SphinxRole):
    """The identifier as a literal, with a link."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The link."""
        builder: Any = self.env.app.builder
        place = relative_uri(builder.get_target_uri(self.env.docname), builder.get_target_uri(_PAGE))
        return [nodes.reference("", "", nodes.literal(self.text, self.text), refuri=f"{place}#claim-{self.text}")], []


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the role."""
    app.add_role("claim", ClaimRole())
    return {"parallel_read_safe": True}
