"""Fixtures: one server for tests that only use it, a maker of servers for tests that break it, and the AWS command line."""

import functools
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import server as support  # noqa: E402

support.isolate()


def pytest_collection_modifyitems(items):
    if not support.FULL:
        skip = pytest.mark.skip(reason="slow; runs in `make test-rest`")
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(skip)


def pytest_terminal_summary(terminalreporter):
    """How many cases the conformance suite had; most are in loops."""
    counted = sys.modules["conformance"].COUNTED if "conformance" in sys.modules else {}
    if counted:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(counted.items()))
        terminalreporter.write_line(f"conformance: {sum(counted.values())} cases: {kinds}")


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


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """What the conformance suite asks about; see `conformance_world.py`."""
    from conformance_world import World

    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def sdk_world(tmp_path_factory):
    """What the journeys of the SDKs go through; see `sdk_world.py`."""
    from sdk_world import SdkWorld

    made = SdkWorld(tmp_path_factory.mktemp("sdk"))
    yield made
    made.stop()


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


@pytest.fixture
def aws(shared_server):
    """`aws omics ...` of this venv against the shared server; its answer, or the error that is expected."""
    return functools.partial(support.run_aws, shared_server)


@pytest.fixture
def varberg(shared_server):
    """The command line against the shared server."""

    def run(*arguments, exit=0, stdin=None, environment=None, endpoint=True):
        settings = support.clean_environment() | ({"VARBERG_ENDPOINT": shared_server.endpoint} if endpoint else {})
        done = subprocess.run(
            [support.binary(), *arguments], env=settings | (environment or {}), input=stdin, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == exit, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run
