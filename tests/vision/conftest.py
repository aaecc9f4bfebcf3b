"""PyTorch with one thread, where it is installed."""

import pytest


@pytest.fixture
def torch():
    found = pytest.importorskip("torch", reason="PyTorch (extra vision) is not installed")
    before = found.get_num_threads()
    found.set_num_threads(1)
    yield found
    found.set_num_threads(before)
