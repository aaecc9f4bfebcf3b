"""A pytest plug-in: coverage's context is the test that runs, and none while fixtures are made."""

from collections.abc import Iterator

import pytest
from coverage import Coverage


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    coverage = Coverage.current()
    assert coverage is not None, "run this plug-in under coverage"
    coverage.switch_context(item.nodeid)
    try:
        return (yield)
    finally:
        coverage.switch_context("")
