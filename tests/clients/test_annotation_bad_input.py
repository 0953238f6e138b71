"""Files that are broken, foreign or made to harm: the job fails with its reason, the store keeps its rows, the server lives."""

import random
import re
import zlib

import pytest
from annotation_stores import count, create, load, loaded, rows, start, tsv_options, wait
from vcf_files import bgzf, gzipped, vcf

GENES = "##gff-version 3\nchr1\t.\tgene\t1\t2\t.\t+\t.\tID=a\n"
TABLE = "name\tn\na\t1\n"
GOOD = {"TSV": TABLE, "GFF": GENES, "VCF": vcf(1, samples=())}
OPTIONS = {"TSV": tsv_options("GENERIC", "", "name:STRING n:INT")}


@pytest.fixture(params=GOOD)
def store(request, shared_server):
    """A store of each format with one row."""
    name = f"kept_{request.param.lower()}"
    client = shared_server.client()
    if name not in [s["name"] for s in client.list_annotation_stores()["annotationStores"]]:
        create(shared_server, name, request.param, OPTIONS.get(request.param))
        loaded(shared_server, name, f"{name}.good", GOOD[request.param])
    return name


def random_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


BROKEN = {
    "no bytes": b"",
    "one byte": b"x",
    "random bytes": random_bytes(100_000),
    "a gzip of random bytes": gzipped(random_bytes(100_000)),
    "half a gzip": gzipped(("a\t1\n" * 100_000).encode())[:300],
    "half a BGZF": bgzf(("a\t1\n" * 100_000).encode())[:300],
    "a gzip header alone": b"\x1f\x8b\x08",
    "xz": b"\xfd7zXZ\x00" + bytes(100),
    "zip": b"PK\x03\x04" + bytes(100),
    "XML": b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>\n",
    "zeros": bytes(100_000),
    "tabs": b"\t" * 100_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_fails_with_a_reason_and_leaves_the_rows_there_were(shared_server, store, name):
    job = load(shared_server, store, "broken.bin", BROKEN[name])
    assert (job["status"], job["items"][0]["jobStatus"]) == ("FAILED", "FAILED"), job
    assert 10 < len(job["statusMessage"]) <= 1000, job["statusMessage"]
    assert "internal" not in job["statusMessage"].lower() and "panic" not in job["statusMessage"].lower()
    assert count(shared_server, store) == 1


def test_a_file_of_another_format_fails(shared_server, store):
    for given, data in GOOD.items():
        if not store.endswith(given.lower()):
            assert load(shared_server, store, "foreign.bin", data)["status"] == "FAILED", given
    assert count(shared_server, store) == 1


def test_a_line_without_end_does_not_fill_the_memory(make_server):
    """1 GiB in 1 MiB of gzip, without a line break."""
    running = make_server()
    block = b"a" * (1 << 24)
    for store_format, first in (("TSV", b"name\tn\n"), ("GFF", b"##gff-version 3\n")):
        name = f"endless_{store_format.lower()}"
        create(running, name, store_format, OPTIONS.get(store_format))
        pieces = zlib.compressobj(1, zlib.DEFLATED, 31)
        packed = pieces.compress(first) + b"".join(pieces.compress(block) for _ in range(64)) + pieces.flush()
        job = load(running, name, f"{name}.gz", packed)
        assert job["status"] == "FAILED" and re.search(r"\bE23\b.*\bline 2\b", job["statusMessage"]), job["statusMessage"]
    assert running.peak_memory() < 1 << 30


def test_rows_that_do_not_fit_are_left_out_where_asked_for(make_server):
    config = 'verdicts = { FieldValue = "reject record", FieldCount = "reject record" }\nmax_rejected_share = 0.5\n'
    running = make_server(config=config)
    create(running, "patient", "TSV", OPTIONS["TSV"])
    job = loaded(running, "patient", "patient.tsv", "name\tn\na\t1\nb\tx\nc\t3\t4\nd\t5\n")
    assert "2 of 4 records were left out" in job["statusMessage"], job["statusMessage"]
    assert "(line 3)" in job["statusMessage"] and "(line 4)" in job["statusMessage"], job["statusMessage"]
    found = rows(running, "SELECT name, n FROM patient ORDER BY name")
    assert found == [{"name": "a", "n": 1}, {"name": "d", "n": 5}]


def test_a_store_of_five_thousand_columns(shared_server):
    schema = [{f"c{i}": ("STRING", "INT", "DOUBLE")[i % 3]} for i in range(5000)]
    create(shared_server, "widest", "TSV", {"schema": schema})
    line = "\t".join(str(i) for i in range(5000)) + "\n"
    loaded(shared_server, "widest", "widest.tsv", line * 20, {"sep": "\t"})
    found = rows(shared_server, "SELECT count(*) AS n, min(c0) AS c0, max(c4999) AS c4999, sum(c4997) AS c4997 FROM widest")
    assert found == [{"n": 20, "c0": "0", "c4999": 4999, "c4997": 4997.0 * 20}]


def test_names_that_mean_something_in_sql_are_only_names(shared_server):
    options = tsv_options("CHR_START_END_ZERO_BASE", "CHR=select START=from END=end", "select:STRING from:LONG end:LONG order:BOOLEAN 1st:INT")
    create(shared_server, "select_from", "TSV", options)
    loaded(shared_server, "select_from", "names.tsv", "x\t1\t2\ttrue\t3\n", {"sep": "\t"})
    found = rows(shared_server, 'SELECT "select", "from", "end", "order", "1st" FROM "select_from" WHERE "from" < 2')
    assert found == [{"select": "x", "from": 1, "end": 2, "order": True, "1st": 3}]


def test_no_text_of_an_answer_tells_a_secret_of_the_file(shared_server):
    """An error shows the value that does not fit, shortened, and nothing of the rest of its line."""
    create(shared_server, "secret", "TSV", tsv_options("GENERIC", "", "patient:STRING n:INT"))
    job = load(shared_server, "secret", "secret.tsv", "patient\tn\nNAMEOFAPATIENT\tx\n")
    assert job["status"] == "FAILED" and "NAMEOFAPATIENT" not in job["statusMessage"]
    assert "NAMEOFAPATIENT" not in shared_server.log()


def test_an_object_that_is_not_there_fails_the_job_alone(shared_server):
    create(shared_server, "absent_object", "GFF")
    job = wait(shared_server, start(shared_server, "absent_object", "nowhere/none.gff3"))
    assert job["status"] == "FAILED" and "nowhere/none.gff3" in job["statusMessage"], job["statusMessage"]
