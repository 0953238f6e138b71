"""A BCF file gives the rows of its VCF twin, in every column, whatever it is compressed with; a damaged one is told."""

import bz2
import gzip
import os
import pathlib
import re
import shutil
import struct
import subprocess

import pytest
from server import create_store, import_files
from vcf_files import bgzf, header, record, vcf

SHARED = pathlib.Path(os.environ.get("VARBERG_SHARED", pathlib.Path(__file__).parents[3] / "shared")) / "data"
needs_bcftools = pytest.mark.skipif(not shutil.which("bcftools"), reason="bcftools is not installed")
OWN = header() + record(calls=("0|1:5,.:.:60", "./.:.:3:.")) + record("chr2", 5, info="AF=0.25;DB", calls=("1:1,2:3:4", "0/1"))
FILES = [
    "own",
    "field-type-combinations.vcf.gz",
    "1kg.2020.chrM.vcf.gz",
    "giab.ashkenazim-trio.vcf.gz",
    "gnomad-sv.v4.slice.vcf.gz",
    "gnomad.v4.exomes.chr1-slice.vep.vcf",
]


def bcftools(*arguments):
    subprocess.run(["bcftools", *map(str, arguments)], check=True, stderr=subprocess.DEVNULL)


def plain_bcf(text: pathlib.Path) -> bytes:
    """The BCF of a VCF, without compression."""
    stored = text.with_suffix(".stored")
    bcftools("view", "-Ob", "--no-version", "-o", stored, text)
    return gzip.decompress(stored.read_bytes())


def twins(directory: pathlib.Path, name: str) -> tuple[pathlib.Path, pathlib.Path]:
    """A VCF as bcftools writes it (floats of six digits), and the same records as BCF."""
    source = SHARED / name
    if name == "own":
        source = directory / "own.vcf"
        source.write_text(OWN)
    if not source.exists():
        pytest.skip(f"{source} is not there; set VARBERG_SHARED")
    stem = re.sub(r"[^a-z0-9]+", "_", name.lower())
    text, binary = directory / f"{stem}_twin.vcf", directory / f"{stem}.bcf"
    bcftools("view", "-Ov", "-o", text, source)
    bcftools("view", "-Ob", "-o", binary, text)
    return text, binary


def rows(server, store: str) -> list[dict]:
    """All rows with all their columns but those that name the import, in the order of the file."""
    found = server.sql(f'SELECT * FROM "default"."{store}" ORDER BY contigname, start, "end", sampleid')
    return sorted(({k: str(v) for k, v in row.items() if k != "importjobid"} for row in found), key=str)


def imported(server, reference, store: str, source: pathlib.Path) -> list[dict]:
    create_store(server, store, reference)
    job = import_files(server, store, source.name, timeout=120)
    assert job["status"] == "COMPLETED", job["items"]
    return rows(server, store)


@needs_bcftools
@pytest.mark.parametrize("name", FILES)
def test_a_bcf_file_gives_the_rows_of_its_twin(shared_server, reference, name):
    text, binary = twins(shared_server.files, name)
    stem = binary.stem[:20]
    expected = imported(shared_server, reference, f"text_{stem}", text)
    assert expected
    assert imported(shared_server, reference, f"bcf_{stem}", binary) == expected


def zstd(data: bytes) -> bytes:
    """A zstd frame of blocks stored as they are (RFC 8878): no checksum, a window of 1 MiB."""
    out = bytearray(struct.pack("<IBB", 0xFD2FB528, 0, 10 << 3))
    blocks = [data[at : at + 0x10000] for at in range(0, len(data), 0x10000)] or [b""]
    for number, block in enumerate(blocks, 1):
        out += struct.pack("<I", len(block) << 3 | (number == len(blocks)))[:3] + block
    return bytes(out)


COMPRESSIONS = {"plain": bytes, "gzip": gzip.compress, "bgzf": bgzf, "zstd": zstd, "bzip2": bz2.compress}
FORMS = ["vcf"] + (["bcf"] if shutil.which("bcftools") else [])


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("form", FORMS)
def test_any_compression_is_told_by_content(shared_server, reference, form, compression):
    text = shared_server.files / "any.vcf"
    text.write_text(vcf(300))
    data = plain_bcf(text) if form == "bcf" else text.read_bytes()
    stored = shared_server.files / f"{form}_{compression}.data"
    stored.write_bytes(COMPRESSIONS[compression](data))
    store = f"any_{form}_{compression}"
    found = imported(shared_server, reference, store, stored)
    assert len(found) == 600
    assert {row["depth"] for row in found} == {str(depth) for depth in range(1, 51)}


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


TEXT = vcf(3_000).encode()
# name, bytes, what the message must contain
DAMAGED = [
    ("cut.gz", cut(gzip.compress(TEXT)), "E21.*cut off"),
    ("cut.zst", cut(zstd(TEXT)), "E21.*cut off"),
    ("cut.bz2", cut(bz2.compress(TEXT)), "E21.*cut off"),
    ("noend.bgz", bgzf(TEXT, end=False), "E21.*end marker"),
    ("crc.gz", changed(gzip.compress(TEXT), -5), "E22.*checksum"),
    ("size.gz", changed(gzip.compress(TEXT), -1), "E22.*checksum"),
    ("crc.bz2", changed(bz2.compress(TEXT), len(bz2.compress(TEXT)) // 2), "E22"),
    ("crc.bgz", changed(bgzf(TEXT), -28 - 5), "E22.*checksum"),
    ("size.bgz", changed(bgzf(TEXT), -28 - 1), "E22"),
    ("blocksize.bgz", changed(bgzf(TEXT), 16), "E2[12]"),
    ("garbage.gz", gzip.compress(TEXT) + b"garbage", "E22.*bytes follow the end"),
    ("garbage.bgz", bgzf(TEXT) + b"garbage", "E22.*bytes follow the end"),
    ("garbage.zst", zstd(TEXT) + b"garbage", "E22.*bytes follow the end"),
    ("garbage.bz2", bz2.compress(TEXT) + b"garbage", "E22.*bytes follow the end"),
    ("window.zst", struct.pack("<IBB", 0xFD2FB528, 0, 21 << 3) + zstd(TEXT)[6:], "E23.*zstd"),
    ("file.xz", b"\xfd7zXZ\0" + b"x" * 100, "xz"),
    ("file.zip", b"PK\x03\x04" + b"x" * 100, "zip"),
    ("version.bcf", b"BCF\x02\x05" + b"x" * 100, "E28.*2.5 is not supported"),
    ("short.bcf", b"BCF\x02\x02\xff\x00\x00\x00##", "E28.*cut off"),
    ("long.bcf", b"BCF\x02\x02\xff\xff\xff\xff##", "E23.*header"),
]  # fmt: skip


def test_damage_is_told_by_name_and_says_what_to_do(shared_server, reference):
    create_store(shared_server, "damaged", reference)
    for name, data, _ in DAMAGED:
        (shared_server.files / name).write_bytes(data)
    job = import_files(shared_server, "damaged", *(name for name, _, _ in DAMAGED))
    assert job["status"] == "FAILED"
    texts = {name: item["statusMessage"] for (name, _, _), item in zip(DAMAGED, job["items"])}
    wrong = {name: texts[name] for name, _, expected in DAMAGED if not re.search(expected, texts[name])}
    assert not wrong


@needs_bcftools
def test_a_damaged_record_is_told_with_the_line_of_its_twin(shared_server, reference):
    text, binary = shared_server.files / "ok.vcf", shared_server.files / "bad_record.bcf"
    text.write_text(vcf(3))
    data = plain_bcf(text)
    lines = data[: data.index(b"\0", 9)].count(b"\n") + 3
    contig = data.rindex(struct.pack("<ii", 0, 119))  # the third record: contig chr1, position 120
    binary.write_bytes(data[:contig] + struct.pack("<i", 77) + data[contig + 4 :])
    create_store(shared_server, "bad_record", reference)
    item = import_files(shared_server, "bad_record", binary.name)["items"][0]
    assert re.search(rf"E28.*contig 77 is not in the header.*line {lines}\b", item["statusMessage"]), item


def test_zeros_after_gzip_are_padding(shared_server, reference):
    path = shared_server.files / "padded.vcf.gz"
    path.write_bytes(gzip.compress(vcf(5).encode()) + bytes(1000))
    assert len(imported(shared_server, reference, "padded", path)) == 10
