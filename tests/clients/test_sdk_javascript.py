"""A journey with the AWS SDK for JavaScript: `sdk_javascript`, a package of its own, calls all operations and checks what it gets."""

import os
import pathlib
import shutil
import subprocess

import pytest
from server import ROOT, clean_environment

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


def has_node() -> bool:
    """Whether there are npm and a node that the SDK runs on."""
    if not shutil.which("npm") or not shutil.which("node"):
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
    return int(version.removeprefix("v").split(".")[0]) >= 20


def test_the_journey(sdk_world):
    if not has_node():
        pytest.skip("npm and node 20 or newer are not installed")
    folder = installed()
    endpoint, access_key, secret, *others = sdk_world.arguments()
    settings = {"AWS_ENDPOINT_URL_OMICS": endpoint, "AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_REGION": "us-east-1"}
    journey = ["node", folder / "journey.mjs", *others]
    done = subprocess.run(journey, env=clean_environment() | settings, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_lock_file_names_no_registry():
    assert '"resolved"' not in (PACKAGE / "package-lock.json").read_text()
