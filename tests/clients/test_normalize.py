"""Left-normalization: the rows are those of `bcftools norm`, whatever the form of the reference; what does not fit the
reference stays as it is, and the item's message says so."""

import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import time

import pytest
from server import BUCKET, ROLE, create_store, start_import, wait_for, wait_for_job
from vcf_files import bgzf, gzipped

needs_bcftools = pytest.mark.skipif(not shutil.which("bcftools"), reason="bcftools is not installed")
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n"
MISMATCH = "REF is not what the store's reference has there; the record is left as it is"
UNKNOWN = "the contig is not in the store's reference; the record is left as it is"


def genome(seed=7, contigs=("chr1", "chr2", "chrM"), blocks=4000) -> dict[str, str]:
    """Contigs of random bases and short repeats, here and there in lower case; longer than a window of the server."""
    random_ = random.Random(seed)

    def piece():
        unit = "".join(random_.choice("ACGT") for _ in range(random_.randint(1, 4)))
        text = unit * random_.randint(2, 30) + "".join(random_.choice("ACGT") for _ in range(random_.randint(1, 300)))
        return text.lower() if random_.random() < 0.2 else text

    return {name: "".join(piece() for _ in range(blocks)) for name in contigs}


GENOME = genome()


def as_fasta(contigs: dict[str, str], width=60) -> str:
    wrapped = lambda bases: "".join(bases[i : i + width] + "\n" for i in range(0, len(bases), width))  # noqa: E731
    return "".join(f">{name}\n{wrapped(bases)}" for name, bases in contigs.items())


def random_records(contigs: dict[str, str], count: int, seed=11) -> str:
    """Sorted records whose REF fits: substitutions, and deletions, insertions and duplications in repeats."""
    random_ = random.Random(seed)
    lines = []
    for name, bases in contigs.items():
        for at in sorted(random_.randrange(0, len(bases) - 40) for _ in range(count)):
            reference = bases[at : at + random_.randint(1, 12)].upper()
            alternates = set()
            for _ in range(random_.randint(1, 3)):
                cut = random_.randint(1, len(reference))
                shapes = (
                    reference[:cut],
                    reference + reference[-cut:],
                    reference[: cut - 1] + random_.choice("ACGT") + reference[cut:],
                )
                alternates.add(random_.choice(shapes))
            alternates.discard(reference)
            if alternates:
                lines.append(f"{name}\t{at + 1}\t.\t{reference}\t{','.join(sorted(alternates))}\t.\t.\t.\tGT\t0/1\n")
    return "".join(lines)


def as_vcf(records: str, contigs=("chr1", "chr2", "chrM")) -> str:
    declared = "".join(f"##contig=<ID={name}>\n" for name in contigs)
    information = '##INFO=<ID=END,Number=1,Type=Integer,Description="End">\n'
    genotype = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    return f"##fileformat=VCFv4.2\n{declared}{information}{genotype}{COLUMNS}{records}"


def line(contig, position, reference, alternate, info=".") -> str:
    return f"{contig}\t{position}\t.\t{reference}\t{alternate}\t.\t.\t{info}\tGT\t0/1\n"


def store_over(server, name: str, data: bytes) -> str:
    """A variant store over a reference made of a FASTA file; the reference's ARN."""
    client = server.client()
    (server.files / f"{name}.fa").write_bytes(data)
    references = client.create_reference_store(name=name)["id"]
    source = {"sourceFile": f"s3://{BUCKET}/{name}.fa", "name": "genome"}
    job = client.start_reference_import_job(referenceStoreId=references, roleArn=ROLE, sources=[source])["id"]

    def completed():
        return client.get_reference_import_job(id=job, referenceStoreId=references)["status"] == "COMPLETED"

    wait_for(completed, "the reference import to complete", 60)
    arn = client.list_references(referenceStoreId=references)["references"][0]["arn"]
    create_store(server, name, arn)
    return arn


def normalized(server, store: str, *files: str) -> dict:
    items = [{"source": f"s3://{BUCKET}/{file}"} for file in files]
    start = server.client().start_variant_import_job
    job = start(destinationName=store, roleArn=ROLE, items=items, runLeftNormalization=True)["jobId"]
    ended = wait_for_job(server, job)
    assert ended["runLeftNormalization"] is True
    return ended


def rows(server, store: str) -> list[tuple]:
    """contig, start, end, REF, ALT of every row, sorted."""
    statement = (
        'SELECT contigname, start, "end", referenceallele, array_to_string(alternatealleles, \',\') AS alts '
        f"FROM {store}"
    )
    return sorted(tuple(row.values()) for row in server.sql(statement))


@needs_bcftools
@pytest.mark.parametrize("packed", [bytes, gzipped, bgzf], ids=["plain", "gzip", "bgzf"])
def test_rows_are_those_of_bcftools_norm(shared_server, tmp_path, packed):
    store = f"norm_{packed.__name__}"
    fasta = as_fasta(GENOME)
    store_over(shared_server, store, packed(fasta.encode()))
    text = as_vcf(random_records(GENOME, 3000))
    (shared_server.files / f"{store}.vcf.gz").write_bytes(bgzf(text.encode()))
    ended = normalized(shared_server, store, f"{store}.vcf.gz")
    assert (ended["status"], ended["items"][0].get("statusMessage", "")) == ("COMPLETED", "")
    (tmp_path / "genome.fa").write_text(fasta)
    (tmp_path / "in.vcf").write_text(text)
    command = ["bcftools", "norm", "-f", str(tmp_path / "genome.fa"), str(tmp_path / "in.vcf")]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    expected = []
    for record in output.splitlines():
        if not record.startswith("#"):
            contig, position, _, reference, alternates = record.split("\t")[:5]
            start, reference = int(position) - 1, reference.upper()
            expected.append((contig, start, start + len(reference), reference, alternates.upper()))
    assert len(expected) > 5000
    assert rows(shared_server, store) == sorted(expected)
    given = [record.split("\t") for record in text.splitlines() if not record.startswith("#")]
    moved = {(r[0], int(r[1]) - 1, r[3]) for r in given} - {(r[0], r[1], r[3]) for r in expected}
    assert len(moved) > 1000, "the test moves enough records to mean something"


def test_what_does_not_fit_the_reference_stays_and_is_told(shared_server):
    store_over(shared_server, "norm_fits", as_fasta({"1": "GGGCACACACAGGGTTTTTA", "2": "acgtACGT", "MT": "ACGT"}).encode())
    records = [
        line("chr1", 8, "CAC", "C"),
        line("chr1", 8, "CAC", "C,<DEL>", "END=10"),
        line("chr1", 4, "CA", "C]chr1:17]"),
        line("chr1", 8, "CAT", "C"),
        line("chr1", 2, "GG", "G"),
        line("2", 2, "c", "T"),
        line("chrM", 2, "CG", "C"),
        line("GL000", 1, "A", "C"),
    ]
    contigs = ("chr1", "2", "chrM", "GL000")
    (shared_server.files / "fits.vcf").write_text(as_vcf("".join(records), contigs))
    ended = normalized(shared_server, "norm_fits", "fits.vcf")
    assert ended["status"] == "COMPLETED"
    message = ended["items"][0]["statusMessage"]
    assert message.startswith("contig names were matched to the reference as chr1 = 1 (2 contigs)"), message
    head = as_vcf("", contigs).count("\n")
    assert f"{MISMATCH} (line {head + 4})" in message and f"{UNKNOWN} (line {head + 8})" in message
    expected = [
        ("chr1", 2, 5, "GCA", "G"),
        ("chr1", 7, 10, "CAC", "C,<DEL>"),
        ("chr1", 3, 5, "CA", "C]chr1:17]"),
        ("chr1", 7, 10, "CAT", "C"),
        ("chr1", 0, 2, "GG", "G"),
        ("2", 1, 2, "C", "T"),
        ("chrM", 1, 3, "CG", "C"),
        ("GL000", 0, 1, "A", "C"),
    ]
    assert rows(shared_server, "norm_fits") == sorted(expected)


def test_without_the_member_rows_are_as_in_the_file(shared_server):
    store_over(shared_server, "norm_off", as_fasta({"1": "GGGCACACACAGGGTTTTTA"}).encode())
    (shared_server.files / "off.vcf").write_text(as_vcf(line("1", 8, "CAC", "C"), ("1",)))
    ended = wait_for_job(shared_server, start_import(shared_server, "norm_off", "off.vcf"))
    assert (ended["status"], ended["runLeftNormalization"]) == ("COMPLETED", False)
    assert rows(shared_server, "norm_off") == [("1", 7, 10, "CAC", "C")]


def test_a_reference_that_is_gone_fails_the_items_with_a_clear_text(make_server):
    server = make_server()
    arn = store_over(server, "lost", as_fasta({"1": "GGGCACACACAGGGTTTTTA"}).encode())
    (server.files / "a.vcf").write_text(as_vcf(line("1", 8, "CAC", "C"), ("1",)))
    for file in (pathlib.Path(server.data_dir) / "warehouse" / "references").rglob("index"):
        file.unlink()
    ended = normalized(server, "lost", "a.vcf", "a.vcf")
    assert ended["status"] == "FAILED"
    for item in ended["items"]:
        assert item["statusMessage"].startswith(f"left-normalization needs the store's reference {arn}, which cannot be opened")


def started(server, store: str, file: str) -> str:
    start = server.client().start_variant_import_job
    items = [{"source": f"s3://{BUCKET}/{file}"}]
    return start(destinationName=store, roleArn=ROLE, items=items, runLeftNormalization=True)["jobId"]


@pytest.fixture
def locked(make_server):
    """A server whose job needs a block index that the warehouse cannot give; `put` puts something else in its place.
    Gives server, ARN, the file, and what it was."""

    def lock(config="", put=lambda blocks: blocks.symlink_to(blocks)):
        server = make_server(config=config, lease_s=1)
        arn = store_over(server, "locked", bgzf(as_fasta({"1": "GGGCACACACAGGGTTTTTA"}).encode()))
        (server.files / "a.vcf").write_text(as_vcf(line("1", 8, "CAC", "C"), ("1",)))
        (blocks,) = (pathlib.Path(server.data_dir) / "warehouse" / "references").rglob("blocks")
        content = blocks.read_bytes()
        blocks.unlink()
        put(blocks)
        return server, arn, blocks, content

    return lock


def test_a_warehouse_that_fails_once_leaves_the_job_to_its_next_attempt(locked):
    server, _, blocks, content = locked()
    job = started(server, "locked", "a.vcf")
    wait_for(lambda: "import job interrupted" in server.log(), "the job to be interrupted")
    blocks.unlink()
    blocks.write_bytes(content)
    ended = wait_for_job(server, job)
    assert (ended["status"], ended["items"][0].get("statusMessage", "")) == ("COMPLETED", "")
    assert rows(server, "locked") == [("1", 2, 5, "GCA", "G")]


def test_a_warehouse_that_keeps_failing_is_told_and_not_taken_for_an_old_reference(locked):
    server, arn, blocks, _ = locked("max_attempts = 2\n")
    ended = wait_for_job(server, started(server, "locked", "a.vcf"))
    message = ended["items"][0]["statusMessage"]
    assert ended["status"] == "FAILED" and f"{arn}, which cannot be read now: reading of 'references/" in message, message
    assert "earlier version" not in message and "symbolic links" not in message and "symbolic links" in server.log()
    blocks.unlink()
    gone = wait_for_job(server, started(server, "locked", "a.vcf"))["items"][0]["statusMessage"]
    assert "an earlier version of the server imported it" in gone and "import it again" in gone
    blocks.write_bytes(b"no index")
    damaged = wait_for_job(server, started(server, "locked", "a.vcf"))["items"][0]["statusMessage"]
    assert "block index of the reference is damaged; import it again" in damaged


def test_a_slow_warehouse_does_not_cost_the_lease(locked):
    """The index is a pipe, whose reader waits for a writer, for several times the lease; then it is an empty file."""
    server, _, blocks, _ = locked(put=os.mkfifo)
    job = started(server, "locked", "a.vcf")

    def claims():
        with sqlite3.connect(f"file:{server.data_dir}/catalog.sqlite?mode=ro", uri=True) as db:
            return db.execute("SELECT epoch FROM import_jobs WHERE id = ?", (job,)).fetchone()[0]

    wait_for(lambda: claims() == 1, "the job to be claimed")
    time.sleep(4)
    held = claims()
    open(blocks, "wb").close()
    ended = wait_for_job(server, job)
    assert (held, claims()) == (1, 1), "one worker had it all the time"
    assert "block index of the reference is damaged" in ended["items"][0]["statusMessage"], ended
