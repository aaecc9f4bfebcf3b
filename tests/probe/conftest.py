"""PyTorch with one thread, which leaves numbers the same on every machine; no test without it."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch (extra torch) is not installed")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)
