"""The other systems: where they are, their versions, and which of them are missing, with a word why.

Those that pip has live in an environment of their own below VARBERG_BENCH_DIR, made when it is first needed.
"""

import functools
import os
import pathlib
import shutil
import subprocess
import sys
import venv

from measure import HERE, WORK, version

FOLDER = WORK / "peers"
REQUIREMENTS = HERE / "requirements-peers.txt"
BCFTOOLS, SAVVY, ZARR, HAIL, PARQUET = "bcftools", "savvy", "bio2zarr", "Hail", "polars-bio + DuckDB"
ALL = (BCFTOOLS, SAVVY, ZARR, HAIL, PARQUET)


@functools.cache
def python() -> pathlib.Path | None:
    """The interpreter of the peers' environment; None when pip could not make it."""
    interpreter, done = FOLDER / "venv" / "bin" / "python", FOLDER / "installed.txt"
    if not done.exists() or done.read_text() != REQUIREMENTS.read_text():
        print("installing the peers (minutes, once)", file=sys.stderr)
        venv.create(FOLDER / "venv", with_pip=True)
        command = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]
        if subprocess.run(command, check=False).returncode != 0:
            return None
        done.write_text(REQUIREMENTS.read_text())
    return interpreter


@functools.cache
def missing() -> dict[str, str]:
    """Peers that cannot run here, and why; those that VARBERG_BENCH_PEERS does not list (with commas) too."""
    listed = os.environ.get("VARBERG_BENCH_PEERS", ",".join(ALL)).split(",")
    found = {peer: "not asked for" for peer in ALL if peer not in listed}
    for peer, program in ((BCFTOOLS, "bcftools"), (SAVVY, "sav")):
        if not shutil.which(program):
            found[peer] = f"no {program} on PATH"
    if not shutil.which("java"):
        found[HAIL] = "no java on PATH"
    if set(ALL) - set(found) - {BCFTOOLS, SAVVY} and python() is None:
        found |= {peer: "pip could not install it" for peer in (ZARR, HAIL, PARQUET)}
    return found


def available() -> list[str]:
    return [peer for peer in ALL if peer not in missing()]


def tool(name: str) -> pathlib.Path:
    """A program of the peers' environment."""
    return python().with_name(name)


def versions() -> str:
    """One line for the head of a table."""
    pinned = dict(line.split("==") for line in REQUIREMENTS.read_text().splitlines() if "==" in line)
    texts = {
        BCFTOOLS: lambda: version("bcftools", "--version"),
        SAVVY: lambda: f"savvy {version('sav', '--version').split('v')[-1]}",
        ZARR: lambda: f"bio2zarr {pinned['bio2zarr[vcf]']} (zarr {pinned['zarr']}, numpy {pinned['numpy']})",
        HAIL: lambda: f"Hail {pinned['hail']}",
        PARQUET: lambda: f"polars-bio {pinned['polars-bio']}, DuckDB {pinned['duckdb']}",
    }
    told = [texts[peer]() for peer in available()]
    return "; ".join(told + [f"without {peer}: {reason}" for peer, reason in missing().items()])
