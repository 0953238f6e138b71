"""The same variants from a VCF and from delimited text have the same place and alleles, moved to the left or not."""

import pytest
from annotation_stores import create, loaded, start, tsv_options, wait
from server import BUCKET, ROLE, wait_for_job
from test_normalize import GENOME, as_fasta, as_vcf, random_records, rows, store_over

PLACE = "CHR=c START=s END=e REF=r ALT=a"
INTERVAL = "c:STRING s:LONG e:LONG r:STRING a:STRING"
KINDS = {
    "CHR_POS_REF_ALT": ("CHR=c POS=s REF=r ALT=a", "c:STRING s:LONG r:STRING a:STRING", 1),
    "CHR_START_END_REF_ALT_ONE_BASE": (PLACE, INTERVAL, 1),
    "CHR_START_END_REF_ALT_ZERO_BASE": (PLACE, INTERVAL, 0),
}
"""Type: its keys, its schema, the number of the first base of a contig in its files."""
RECORDS = 1_500


@pytest.fixture(scope="module")
def records() -> list[tuple]:
    """(contig, POS, REF, ALT)"""
    lines = (line.split("\t") for line in random_records(GENOME, RECORDS, seed=21).splitlines())
    return [(contig, int(position), ref, alt) for contig, position, _, ref, alt, *_ in lines]


@pytest.fixture(scope="module")
def reference_of_genome(shared_server):
    return store_over(shared_server, "alleles_meet", as_fasta(GENOME).encode())


@pytest.fixture(scope="module")
def of_vcf(shared_server, reference_of_genome, records):
    """(contig, start, end, REF, ALT) of the rows of a variant store, by whether they were moved."""
    (shared_server.files / "alleles_meet.vcf").write_text(as_vcf(random_records(GENOME, RECORDS, seed=21)))
    found = {}
    for moved in (False, True):
        name = f"alleles_of_vcf_{moved}".lower()
        shared_server.client().create_variant_store(name=name, reference={"referenceArn": reference_of_genome})
        items = [{"source": f"s3://{BUCKET}/alleles_meet.vcf"}]
        job = shared_server.client().start_variant_import_job(destinationName=name, roleArn=ROLE, items=items, runLeftNormalization=moved)
        assert wait_for_job(shared_server, job["jobId"])["status"] == "COMPLETED"
        found[moved] = rows(shared_server, name)
    assert found[False] != found[True]
    return found


@pytest.mark.parametrize("moved", [False, True], ids=["as written", "moved"])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_text_are_those_of_a_vcf(shared_server, reference_of_genome, records, of_vcf, kind, moved):
    keys, schema, first = KINDS[kind]
    has_end = "END" in keys
    name = f"alleles_{list(KINDS).index(kind)}_{moved}".lower()
    create(shared_server, name, "TSV", tsv_options(kind, keys, schema), reference={"referenceArn": reference_of_genome})
    lines = []
    for contig, position, ref, alt in records:
        end = [position - 1 + len(ref)] if has_end else []
        lines.append("\t".join(map(str, [contig, position - 1 + first, *end, ref, alt])) + "\n")
    loaded(shared_server, name, f"{name}.tsv", "".join(lines), {"sep": "\t"}, runLeftNormalization=moved)
    end = "e" if has_end else '"end"'
    found = shared_server.sql(f"SELECT c, s, {end}, r, a FROM {name}")
    assert sorted(tuple(row.values()) for row in found) == of_vcf[moved]


@pytest.mark.parametrize("moved", [False, True], ids=["as written", "moved"])
def test_rows_of_a_vcf_annotation_store_are_those_of_a_variant_store(shared_server, reference_of_genome, of_vcf, moved):
    name = f"alleles_of_annotations_{moved}".lower()
    create(shared_server, name, "VCF", reference={"referenceArn": reference_of_genome})
    job = wait(shared_server, start(shared_server, name, "alleles_meet.vcf", runLeftNormalization=moved))
    assert job["status"] == "COMPLETED" and job["runLeftNormalization"] is moved
    assert rows(shared_server, name) == of_vcf[moved]
