"""Each peer's own store of an input: how it is made, where it is, how large it is. One function a peer, all timed alike."""

import os
import pathlib
import shutil
import time

import page_cache
import peers
from cohort_inputs import Input
from measure import WORK, command
from peer_process import Left, Peer

FOLDER = WORK / "stores"
#: Seconds after which a conversion in Python is given up.
LIMIT_S = int(os.environ.get("VARBERG_BENCH_LIMIT_S", "300"))


def path(peer: str, source: Input) -> pathlib.Path:
    suffix = {peers.BCFTOOLS: ".bcf", peers.SAVVY: ".sav", peers.ZARR: ".vcz", peers.HAIL: ".mt", peers.PARQUET: ".parquet"}[peer]
    return FOLDER / f"{source.name}{suffix}"


def spec(peer: str, source: Input, sample: tuple[str, int] = ("", 0)) -> dict:
    """What a peer's process has to know; `sample` is a name and its place in the header."""
    first, last = source.region
    return {
        "source": str(source.path), "store": str(path(peer, source)), "contig": source.contig, "first": first, "last": last,
        "sample": sample[0], "index": sample[1], "samples": source.samples, "fields": source.fields,
    }  # fmt: skip


def process(peer: str, source: Input, sample: tuple[str, int] = ("", 0)) -> Peer:
    script = {peers.ZARR: "peer_zarr.py", peers.HAIL: "peer_hail.py", peers.PARQUET: "peer_parquet.py"}[peer]
    FOLDER.mkdir(parents=True, exist_ok=True)
    return Peer(peers.python(), script, spec(peer, source, sample), FOLDER / f"{script}.log")


def convert(peer: str, source: Input) -> dict:
    """Makes a peer's store anew; wall, CPU, memory and the bytes it takes. What a peer cannot do raises `Left`."""
    if peer in peers.missing():
        raise Left(peers.missing()[peer])
    FOLDER.mkdir(parents=True, exist_ok=True)
    remove(peer, source)
    began = time.monotonic()
    try:
        result = CONVERSIONS[peer](source, path(peer, source))
    except (RuntimeError, Left) as fault:
        remove(peer, source)
        is_late = time.monotonic() - began >= LIMIT_S
        raise Left(f"over {LIMIT_S} s" if is_late else str(fault).splitlines()[-1][:200]) from None
    return result | {"size": page_cache.size(*files(peer, source))}


def files(peer: str, source: Input) -> list[pathlib.Path]:
    """The store's files and folders, an index that stands beside it too."""
    store = path(peer, source)
    return [p for p in (store, store.with_name(store.name + ".csi")) if p.exists()]


def remove(peer: str, source: Input):
    for one in files(peer, source):
        shutil.rmtree(one) if one.is_dir() else one.unlink()


def ensure(peer: str, source: Input):
    """A store to ask questions of, made if it is not there."""
    if not files(peer, source):
        convert(peer, source)
    if peer == peers.BCFTOOLS:
        command("bcftools", "index", "-f", path(peer, source))
    if peer == peers.PARQUET and source.samples and not long_parquet(source).exists():
        with process(peer, source) as running:
            running.ask("explode", LIMIT_S)


def long_parquet(source: Input) -> pathlib.Path:
    return path(peers.PARQUET, source).with_suffix(".long.parquet")


def to_bcf(source: Input, store: pathlib.Path) -> dict:
    return command("bcftools", "view", "--threads", "2", "-Ob", "-o", store, source.path)


def to_sav(source: Input, store: pathlib.Path) -> dict:
    phasing = "none" if source.name in ("reads", "gvcf") else "full"
    return command("sav", "import", "--phasing", phasing, source.path, store)


def to_zarr(source: Input, store: pathlib.Path) -> dict:
    return command("timeout", LIMIT_S, peers.tool("vcf2zarr"), "convert", "--force", "--no-progress", "-p", "2", source.path, store)


def within(peer: str):
    """A conversion inside the peer's process, without the start of it."""

    def run(source: Input, store: pathlib.Path) -> dict:
        with process(peer, source) as running:
            return running.ask("import", LIMIT_S)

    return run


CONVERSIONS = {
    peers.BCFTOOLS: to_bcf,
    peers.SAVVY: to_sav,
    peers.ZARR: to_zarr,
    peers.HAIL: within(peers.HAIL),
    peers.PARQUET: within(peers.PARQUET),
}
