"""A journey with the AWS SDK for Rust: `sdk_rust`, a program of its own, calls all operations and checks what its types see."""

import os
import pathlib
import shutil
import subprocess

import pytest
from server import ROOT, clean_environment

PROJECT = pathlib.Path(__file__).parent / "sdk_rust"


@pytest.mark.timeout(1200)
def test_the_journey(sdk_world):
    """Built once, into a folder of its own beside the server's; a minute and a half of one processor when cold."""
    if not shutil.which("cargo"):
        pytest.skip("cargo is not installed")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "sdk"
    build = ["cargo", "build", "--quiet", "--locked", "--manifest-path", PROJECT / "Cargo.toml", "--target-dir", target]
    built = subprocess.run(build, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    journey = [target / "debug" / "varberg-sdk-journey", *sdk_world.arguments()]
    done = subprocess.run(journey, env=clean_environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
