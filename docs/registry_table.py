"""A directive that lists what is registered by name: ``registry`` with the place of a `theory_sim.plugins.Registry`."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from registry_rows import get_rows
from sphinx.application import Sphinx


class RegistryTable(Directive):
    """A table of two columns, a row a name."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table."""
        table, group = nodes.table(), nodes.tgroup(cols=2)
        table += group
        group += [nodes.colspec(colwidth=1), nodes.colspec(colwidth=3)]
        head, body = nodes.thead(), nodes.tbody()
        head += _row([nodes.Text("name"), nodes.Text("what it is")])
        body += [_row([nodes.literal(name, name), nodes.Text(summary)]) for name, summary in get_rows(self.arguments[0])]
        group += [head, body]
        return [table]


def _row(cells: list[Any]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        row += nodes.entry("", nodes.paragraph("", "", cell))
    return row


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("registry", RegistryTable)
    return {"parallel_read_safe": True}
