"""A journey with the AWS SDK for JavaScript: `sdk_javascript`, a package of its own, calls all operations and checks what it gets."""

import os
import pathlib
import shutil
import subprocess

import pytest
from sdk_files import write
from server import BUCKET, ROOT, clean_environment

PACKAGE = pathlib.Path(__file__).parent / "sdk_javascript"


def installed() -> pathlib.Path:
    """A copy of the package with its dependencies, in a folder that outlives the test; installed anew when the lock file changes."""
    folder = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "sdk_javascript"
    mark, lock = folder / "installed.json", (PACKAGE / "package-lock.json").read_text()
    folder.mkdir(parents=True, exist_ok=True)
    for file in PACKAGE.glob("*.*js*"):
        shutil.copy(file, folder)
    if not mark.exists() or mark.read_text() != lock:
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        mark.write_text(lock)
    return folder


def test_the_journey(world):
    if not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    folder = installed()
    write(world.server.files)
    settings = clean_environment() | {"AWS_ENDPOINT_URL_OMICS": world.server.endpoint}
    journey = ["node", folder / "journey.mjs", world.subscriber.endpoint, world.held.endpoint, BUCKET]
    done = subprocess.run(journey, env=settings, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr


def test_the_lock_file_names_no_registry():
    assert '"resolved"' not in (PACKAGE / "package-lock.json").read_text()
