"""Annotation stores from a shell: created, filled, versioned, asked and deleted."""

import json
import re

import pytest
from server import BUCKET
from vcf_files import vcf

SCORES = "chr\tpos\tref\talt\tscore\nchr1\t100\tA\tC,G\t0.5\nchr1\t200\tAT\tA\t\n"
SCHEMA = "chr:string,pos:long,ref:string,alt:string,score:double"
BED = "#chrom\tstart\tend\tname\nchr1\t95\t120\tone\nchr2\t10\t20\ttwo\n"
GENES = "##gff-version 3\nchr1\tx\tgene\t51\t150\t.\t+\t.\tID=g1;Name=First\n"


@pytest.fixture(scope="module")
def files(shared_server):
    folder = shared_server.files
    (folder / "cli_scores.tsv").write_text(SCORES)
    (folder / "cli_panel.bed").write_text(BED)
    (folder / "cli_genes.gff3").write_text(GENES)
    (folder / "cli_sites.vcf").write_text(vcf(3))
    (folder / "cli_bad.tsv").write_text("chr\tpos\tref\talt\tscore\nchr1\tfar\tA\tC\t1\n")
    return f"s3://{BUCKET}/cli_"


def rows(varberg, statement: str) -> list:
    return json.loads(varberg("query", statement, "--output", "json").stdout)


def test_delimited_text_goes_into_a_store_that_says_what_its_columns_are(varberg, files):
    create = ("store", "create", "cli_scores", "--format", "tsv", "--type", "chr_pos_ref_alt", "--schema", SCHEMA)
    assert varberg(*create, "--version", "first_one").stdout == "cli_scores\n"
    varberg("import", "cli_scores", f"{files}scores.tsv", "--wait")
    found = rows(varberg, "SELECT chr, pos, ref, alt, score, \"end\" FROM cli_scores ORDER BY pos")
    assert found == [
        {"chr": "chr1", "pos": 99, "ref": "A", "alt": "C,G", "score": 0.5, "end": 100},
        {"chr": "chr1", "pos": 199, "ref": "AT", "alt": "A", "score": None, "end": 201},
    ]
    failed = varberg("import", "cli_scores", f"{files}bad.tsv", "--wait", exit=1)
    assert re.search(r"E19: .*column pos, type LONG, value 'far'.*\(line 2\)", failed.stdout), failed.stdout
    shown = varberg("store", "show", "cli_scores").stdout
    assert re.search(r"^holds +annotations \(TSV\)$", shown, re.M) and re.search(r"^type +CHR_POS_REF_ALT$", shown, re.M)
    jobs = json.loads(varberg("job", "list", "--store", "cli_scores", "--output", "json").stdout)
    assert [job["status"] for job in jobs["annotationImportJobs"]] == ["FAILED", "COMPLETED"]
    job = varberg("job", "show", jobs["annotationImportJobs"][1]["id"]).stdout
    assert re.search(r"^version +first_one$", job, re.M) and re.search(r"^COMPLETED +2 ", job, re.M), job
    varberg("store", "delete", "cli_scores")
    assert "cli_scores" not in varberg("store", "list").stdout


def test_a_bed_file_needs_its_columns_named_and_no_header(varberg, files):
    schema = "chrom:string,start:long,stop:long,name:string"
    columns = ("--column", "chr=chrom", "--column", "end=stop")
    varberg("store", "create", "cli_panel", "--format", "tsv", "--type", "CHR_START_END_ZERO_BASE", "--schema", schema, *columns)
    varberg("import", "cli_panel", f"{files}panel.bed", "--comment", "#", "--wait")
    assert rows(varberg, "SELECT chrom, start, stop, name FROM cli_panel ORDER BY chrom") == [
        {"chrom": "chr1", "start": 95, "stop": 120, "name": "one"},
        {"chrom": "chr2", "start": 10, "stop": 20, "name": "two"},
    ]
    varberg("store", "delete", "cli_panel")


def test_versions_are_created_listed_filled_and_deleted(varberg, files):
    varberg("store", "create", "cli_genes", "--format", "gff")
    varberg("store", "version", "create", "cli_genes", "v2_0", "--description", "newer", "--tag", "a=b")
    varberg("import", "cli_genes", f"{files}genes.gff3", "--version", "v2_0", "--wait")
    listed = varberg("store", "version", "list", "cli_genes").stdout
    assert re.search(r"^v2_0 +cli_genes_v2_0 +ACTIVE ", listed, re.M) and re.search(r"^cli_genes +cli_genes +ACTIVE ", listed, re.M)
    shown = json.loads(varberg("store", "version", "show", "cli_genes", "v2_0", "--output", "json").stdout)
    assert (shown["description"], shown["tags"], shown["versionSizeBytes"] > 0) == ("newer", {"a": "b"}, True)
    assert rows(varberg, "SELECT id, name, start FROM cli_genes_v2_0") == [{"id": "g1", "name": "First", "start": 50}]
    assert rows(varberg, "SELECT count(*) AS n FROM cli_genes") == [{"n": 0}]
    refused = varberg("store", "delete", "cli_genes", exit=1)
    assert "2 versions; delete all but one first" in refused.stderr
    partly = varberg("store", "version", "delete", "cli_genes", "v2_0", "v3_0", exit=3)
    assert "v2_0 is DELETING" in partly.stderr and "version v3_0 of annotation store cli_genes does not exist" in partly.stderr
    varberg("store", "delete", "cli_genes")


def test_vcf_annotations_are_imported_without_what_is_not_wanted(varberg, files):
    varberg("store", "create", "cli_sites", "--format", "vcf")
    varberg("import", "cli_sites", f"{files}sites.vcf", "--ignore-qual", "--ignore-filter", "--wait")
    found = rows(varberg, "SELECT count(*) AS n, count(qual) AS quals, count(filters) AS filters FROM cli_sites")
    assert found[0]["n"] > 0 and (found[0]["quals"], found[0]["filters"]) == (0, 0)
    varberg("store", "delete", "cli_sites")


def test_what_does_not_fit_a_store_is_a_wrong_call(varberg, files):
    for arguments, text in [
        (("store", "create", "cli_wrong", "--format", "gff", "--schema", SCHEMA), "are for --format tsv"),
        (("store", "create", "cli_wrong", "--schema", SCHEMA), "need --format tsv"),
        (("store", "create", "cli_wrong", "--format", "tsv", "--schema", "chr"), "NAME:TYPE"),
        (("store", "create", "cli_wrong", "--format", "tsv", "--schema", "chr:text"), "string"),
    ]:
        assert text in varberg(*arguments, exit=2).stderr
    varberg("store", "create", "cli_fits", "--format", "gff")
    two = varberg("import", "cli_fits", f"{files}genes.gff3", f"{files}genes.gff3", exit=2)
    assert "one file" in two.stderr
    missing = varberg("import", "cli_absent", f"{files}genes.gff3", exit=1)
    assert "store cli_absent does not exist" in missing.stderr
    varberg("store", "delete", "cli_fits")
