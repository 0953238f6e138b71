"""A shuffled file, and one whose contigs are not in name order, give right answers wherever order matters."""

import random

import pytest
from server import create_store, import_files
from vcf_files import bgzf, header, record

CONTIGS = ["chr10", "chr2", "chrX", "chr1"]
"""Not in name order."""
PER_CONTIG = 6_000


def positions(contig: str) -> list[int]:
    random_ = random.Random(contig)
    return sorted(random_.sample(range(1, 1_000_000), PER_CONTIG))


def line(contig: str, position: int) -> str:
    return record(contig, position, calls=(f"0/1:1,1:{position % 97}:20", f"1/1:0,9:{position % 89}:30"))


@pytest.fixture(scope="module")
def expected():
    """(contig, start, sample, depth) of every row."""
    return [
        (contig, position - 1, sample, position % modulus)
        for contig in CONTIGS
        for position in positions(contig)
        for sample, modulus in (("S1", 97), ("S2", 89))
    ]


@pytest.fixture(scope="module", params=["contigs_out_of_order", "shuffled", "shuffled_bgzf"])
def store(request, shared_server, reference):
    lines = [line(contig, position) for contig in CONTIGS for position in positions(contig)]
    if request.param.startswith("shuffled"):
        random.Random(5).shuffle(lines)
    text = (header() + "".join(lines)).encode()
    name = f"{request.param}.vcf"
    (shared_server.files / name).write_bytes(bgzf(text) if "bgzf" in name else text)
    create_store(shared_server, request.param, reference)
    job = import_files(shared_server, request.param, name)
    assert job["status"] == "COMPLETED", job["items"]
    return f'"default"."{request.param}"'


def answer(server, statement: str) -> list[tuple]:
    return [tuple(row.values()) for row in server.sql(statement)]


def test_order_by(shared_server, store, expected):
    got = answer(shared_server, f"SELECT contigname, start, sampleid, depth FROM {store} ORDER BY contigname, start, sampleid")
    assert got == sorted(expected)


def test_order_by_descending_with_a_limit(shared_server, store, expected):
    statement = f"SELECT contigname, start, sampleid, depth FROM {store} ORDER BY contigname DESC, start DESC, sampleid DESC LIMIT 50"
    assert answer(shared_server, statement) == sorted(expected, reverse=True)[:50]


@pytest.mark.parametrize("contig,first,last", [("chr1", 0, 1000), ("chr2", 499_999, 500_500), ("chrX", 990_000, 2_000_000), ("chr10", 0, 1_000_000), ("chr3", 0, 1_000_000)])
def test_range_filters(shared_server, store, expected, contig, first, last):
    statement = f"SELECT contigname, start, sampleid, depth FROM {store} WHERE contigname = '{contig}' AND start >= {first} AND start < {last}"
    assert sorted(answer(shared_server, statement)) == sorted(r for r in expected if r[0] == contig and first <= r[1] < last)


def test_a_range_over_all_contigs(shared_server, store, expected):
    statement = f"SELECT count(*), min(start), max(start), sum(depth) FROM {store} WHERE start BETWEEN 250000 AND 260000"
    inside = [r for r in expected if 250_000 <= r[1] <= 260_000]
    starts = [r[1] for r in inside]
    assert answer(shared_server, statement) == [(len(inside), min(starts), max(starts), sum(r[3] for r in inside))]


def test_joins_of_sorted_sides(shared_server, store, expected):
    statement = f"""SELECT a.contigname, a.start, a.depth, b.depth AS other FROM {store} a JOIN {store} b
        ON a.contigname = b.contigname AND a.start = b.start
        WHERE a.sampleid = 'S1' AND b.sampleid = 'S2' ORDER BY a.contigname, a.start"""
    depths = {(c, s, sample): d for c, s, sample, d in expected}
    wanted = sorted((c, s, d, depths[c, s, "S2"]) for c, s, sample, d in expected if sample == "S1")
    assert answer(shared_server, statement) == wanted


def test_windows_and_neighbours(shared_server, store, expected):
    statement = f"""SELECT contigname, max(gap) FROM (SELECT contigname, start - lag(start) OVER (PARTITION BY contigname ORDER BY start) AS gap
        FROM {store} WHERE sampleid = 'S1') GROUP BY 1 ORDER BY 1"""
    wanted = []
    for contig in sorted(CONTIGS):
        p = positions(contig)
        wanted.append((contig, max(b - a for a, b in zip(p, p[1:]))))
    assert answer(shared_server, statement) == wanted


def test_first_and_last_of_each_contig(shared_server, store, expected):
    statement = f"SELECT contigname, min(start), max(start), count(*) FROM {store} GROUP BY 1 ORDER BY 1"
    wanted = [(c, min(positions(c)) - 1, max(positions(c)) - 1, 2 * PER_CONTIG) for c in sorted(CONTIGS)]
    assert answer(shared_server, statement) == wanted
