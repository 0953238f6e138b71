"""Fixtures: one server for tests that only use it, and a maker of servers for tests that break it."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import server as support  # noqa: E402

support.isolate()


def pytest_collection_modifyitems(items):
    if not support.FULL:
        skip = pytest.mark.skip(reason="slow; runs in `make test-all`")
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory):
    """One server for all tests that leave it as it was; each uses store names of its own."""
    base = tmp_path_factory.mktemp("shared")
    with support.Server(base / "data", base / "files") as running:
        yield running
        assert running.stop() == 0, "a graceful stop ends with 0"


@pytest.fixture(scope="session")
def reference(shared_server):
    """The ARN of a reference on the shared server."""
    return support.reference_arn(shared_server)


@pytest.fixture
def make_server(tmp_path):
    """Starts servers on this test's own data directory; all are gone at the end."""
    started = []

    def make(**options):
        options.setdefault("data_dir", tmp_path / "data")
        options.setdefault("files", tmp_path / "files")
        running = support.Server(**options)
        started.append(running)
        return running

    yield make
    for running in started:
        if running.process.poll() is None:
            running.kill()
