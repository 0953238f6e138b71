"""The TSV stores of the HealthOmics documentation, with files of that shape made here.

Each file is written from rows of Python values, and what the table must hold is computed from the same values.
"""

import random
import re

import pytest
from annotation_stores import create, loaded, rows, tsv_options, wait
from server import BUCKET, ROLE, wait_for
from vcf_files import bgzf, gzipped

PACKED = {"plain": bytes, "gzip": gzipped, "bgzf": bgzf}
TABS_AND_COMMENTS = {"sep": "\t", "header": False, "comment": "#"}


def as_text(value) -> str:
    return "" if value is None else str(value)


def delimited(lines, sep="\t") -> str:
    return "".join(sep.join(as_text(value) for value in line) + "\n" for line in lines)


def table(server, store: str, *names: str) -> list[tuple]:
    """The rows of a store, in an order of their own."""
    listed = ", ".join(f'"{name}"' for name in names)
    return sorted((tuple(row.values()) for row in rows(server, f'SELECT {listed} FROM "{store}"')), key=repr)


def ordered(lines) -> list[tuple]:
    return sorted((tuple(line) for line in lines), key=repr)


GENEMAP_COLUMNS = {
    **{"chromosome": "STRING", "genomic_position_start": "LONG", "genomic_position_end": "LONG"},
    **{"cyto_location": "STRING", "computed_cyto_location": "STRING", "mim_number": "INT", "gene_symbols": "STRING"},
    **{"gene_name": "STRING", "approved_gene_symbol": "STRING", "entrez_gene_id": "INT", "ensembl_gene_id": "STRING"},
    **{"comments": "STRING", "phenotypes": "STRING", "mouse_gene_symbol": "STRING"},
}
GENEMAP_HEAD = """# Copyright (c) of whoever wrote the file
# Generated: 2026-11-22
# Chromosome\tGenomic Position Start\tGenomic Position End\tCyto Location\tComputed Cyto Location\tMIM Number\tGene Symbols
"""


def genemap_lines(count=400) -> list[tuple]:
    random_ = random.Random(3)
    lines = []
    for i in range(count):
        start = random_.randint(1, 200_000_000)
        known = random_.random() < 0.8
        lines.append((
            *(f"chr{random_.choice([*range(1, 23), 'X', 'Y'])}", start, start + random_.randint(0, 90_000)),
            *(f"{i % 22 + 1}p36.{i % 9}", f"{i % 22 + 1}p36.{i % 7}" if known else None, 100_000 + i, f"GENE{i}, ALIAS{i}"),
            *(f"Protein {i}, alpha-{i % 5} subunit", f"GENE{i}" if known else None, 1000 + i if known else None),
            *(f"ENSG{i:011}" if known else None, None if known else "mutation identified in 1 family"),
            *(f'{{Disease {i}, "susceptibility" to}}, {200_000 + i} (3), Autosomal dominant; [x], ?y' if i % 3 else None, None),
        ))
    return lines


@pytest.mark.parametrize("packed", PACKED)
def test_omim_genemap(shared_server, packed):
    name = f"genemap_{packed}"
    schema = " ".join(f"{column}:{kind}" for column, kind in GENEMAP_COLUMNS.items())
    keys = "CHR=chromosome START=genomic_position_start END=genomic_position_end"
    create(shared_server, name, "TSV", tsv_options("CHR_START_END_ONE_BASE", keys, schema))
    lines = genemap_lines()
    data = PACKED[packed]((GENEMAP_HEAD + delimited(lines)).encode())
    loaded(shared_server, name, f"{name}.txt", data, TABS_AND_COMMENTS)
    expected = [(line[0], line[1] - 1, *line[2:]) for line in lines]
    assert table(shared_server, name, *GENEMAP_COLUMNS) == ordered(expected)
    nothing = shared_server.value(f"SELECT count(*) FROM {name} WHERE information IS NOT NULL")
    assert nothing == 0


def test_a_bed_file(shared_server):
    schema = "chr:STRING start:LONG end:LONG name:STRING score:INT strand:STRING"
    create(shared_server, "bed_store", "TSV", tsv_options("CHR_START_END_ZERO_BASE", "CHR=chr START=start END=end", schema))
    lines = [(f"chr{i % 5 + 1}", 1000 * i, 1000 * i + 500, f"target{i}", i % 1000, "+-."[i % 3]) for i in range(300)]
    loaded(shared_server, "bed_store", "targets.bed", "#gffTags\n" + delimited(lines), TABS_AND_COMMENTS)
    assert table(shared_server, "bed_store", "chr", "start", "end", "name", "score", "strand") == ordered(lines)


CHRM_COLUMNS = {
    **{"chromosome": "STRING", "position": "LONG", "ref": "STRING", "alt": "STRING", "filters": "STRING", "ac_hom": "INT"},
    **{"ac_het": "INT", "af_hom": "DOUBLE", "af_het": "DOUBLE", "an": "INT", "max_observed_heteroplasmy": "FLOAT"},
}


def test_gnomad_chrm(shared_server):
    schema = " ".join(f"{column}:{kind}" for column, kind in CHRM_COLUMNS.items())
    keys = "CHR=chromosome POS=position REF=ref ALT=alt"
    create(shared_server, "gnomad_chrm", "TSV", tsv_options("CHR_POS_REF_ALT", keys, schema))
    random_ = random.Random(4)
    lines = []
    for position in range(3, 16_000, 50):
        ref = "".join(random_.choice("ACGT") for _ in range(random_.choice([1, 1, 1, 2, 5])))
        homs, hets = random_.randint(0, 900), random_.randint(0, 30)
        rates = (homs / 56_434, hets / 56_434)
        lines.append((
            *("chrM", position, ref, random_.choice("ACGT"), "PASS" if homs else "npg", homs, hets, *rates, 56_434),
            random_.randrange(0, 1024) / 1024,  # exact in 32 bits
        ))
    heading = "chromosome\tposition\tref\talt\tfilters\tAC_hom\tAC_het\tAF_hom\tAF_het\tAN\tmax_observed_heteroplasmy\n"
    read = {"sep": "\t", "header": True}
    loaded(shared_server, "gnomad_chrm", "gnomad.chrM.tsv", heading + delimited(lines), read)
    expected = [(line[0], line[1] - 1, *line[2:], line[1] - 1 + len(line[2])) for line in lines]
    assert table(shared_server, "gnomad_chrm", *CHRM_COLUMNS, "end") == ordered(expected)


def test_mim2gene(shared_server):
    schema = "mim_gene_id:INT mim_type:STRING entrez_id:INT hgnc:STRING ensembl:STRING"
    create(shared_server, "mim2gene", "TSV", tsv_options("GENERIC", "", schema))
    kinds = ("gene", "phenotype", "predominantly phenotypes", "moved/removed")
    lines = [
        (100_050 + i, kinds[i % 4], 600 + i, f"GENE{i}", f"ENSG{i:011}") if i % 4 == 0 else (100_050 + i, kinds[i % 4], None, None, None)
        for i in range(200)
    ]
    head = "# This file provides links between the genes in OMIM and other gene identifiers.\n# MIM Number\tMIM Entry Type\n"
    loaded(shared_server, "mim2gene", "mim2gene.txt", head + delimited(lines), TABS_AND_COMMENTS)
    assert table(shared_server, "mim2gene", "mim_gene_id", "mim_type", "entrez_id", "hgnc", "ensembl") == ordered(lines)


def test_the_bed_example_of_the_aws_command_line(shared_server, aws):
    """`aws omics create-annotation-store help` and `start-annotation-import-job help`, as they stand there."""
    options = (
        "tsvStoreOptions={annotationType=CHR_START_END_ZERO_BASE,formatToHeader={CHR=chromosome,START=start,END=end},"
        "schema=[{chromosome=STRING},{start=LONG},{end=LONG},{name=STRING}]}"
    )
    created = aws(
        *("create-annotation-store", "--name", "my_ann_store", "--store-format", "TSV", "--store-options", options),
        *("--tags", "team=blue", "--version-name", "my_version"),
    )
    assert (created["status"], created["versionName"]) == ("CREATING", "my_version")
    aws("wait", "annotation-store-created", "--name", "my_ann_store")
    lines = [(f"chr{i % 3 + 1}", 10 * i, 10 * i + 7, f"Pos{i}") for i in range(50)]
    (shared_server.files / "targetedregions.bed.gz").write_bytes(gzipped(delimited(lines).encode()))
    start = ("start-annotation-import-job", "--destination-name", "my_ann_store", "--role-arn", ROLE)
    item = ("--no-run-left-normalization", "--items", f"source=s3://{BUCKET}/targetedregions.bed.gz")
    read = '{"tsvOptions":{"readOptions":{"sep":"\\t","header":false,"quote":"\\"","comment":"#"}}}'
    job = aws(*start, *item, "--format-options", read)["jobId"]
    assert re.fullmatch(r"[0-9a-f-]{36}", job)
    assert wait(shared_server, job)["status"] == "COMPLETED"
    aws("wait", "annotation-import-job-created", "--job-id", job)
    shown = aws("get-annotation-import-job", "--job-id", job)
    assert (shown["destinationName"], shown["versionName"], shown["runLeftNormalization"]) == ("my_ann_store", "my_version", False)
    assert shown["formatOptions"]["tsvOptions"]["readOptions"] == {"sep": "\t", "header": False, "quote": '"', "comment": "#"}
    assert table(shared_server, "my_ann_store", "chromosome", "start", "end", "name") == ordered(lines)

    shorthand = aws(*start, *item, "--format-options", r"tsvOptions={readOptions={sep=\t,header=false}}")["jobId"]
    assert wait(shared_server, shorthand)["status"] == "COMPLETED", "a tab in two characters, as a shell has it"
    listed = aws("list-annotation-import-jobs", "--filter", "storeName=my_ann_store")["annotationImportJobs"]
    assert [entry["id"] for entry in listed] == [shorthand, job]
    aws("cancel-annotation-import-job", "--job-id", job, fails_with="ValidationException")
    shown = aws("get-annotation-store", "--name", "my_ann_store")
    assert shown["storeOptions"]["tsvStoreOptions"]["annotationType"] == "CHR_START_END_ZERO_BASE"
    assert shown["tags"] == {"team": "blue"} and shown["numVersions"] == 1


def test_versions_through_the_aws_command_line(shared_server, aws):
    aws("create-annotation-store", "--name", "cli_versions", "--store-format", "GFF")
    made = aws("create-annotation-store-version", "--name", "cli_versions", "--version-name", "second", "--tags", "a=b")
    assert made["name"] == "cli_versions"
    aws("update-annotation-store-version", "--name", "cli_versions", "--version-name", "second", "--description", "new")
    shown = aws("get-annotation-store-version", "--name", "cli_versions", "--version-name", "second")
    assert (shown["description"], shown["tags"]) == ("new", {"a": "b"})
    aws("delete-annotation-store", "--name", "cli_versions", fails_with="ConflictException")
    answer = aws("delete-annotation-store-versions", "--name", "cli_versions", "--versions", "second", "absent")
    assert [error["versionName"] for error in answer["errors"]] == ["absent"]
    aws("wait", "annotation-store-version-deleted", "--name", "cli_versions", "--version-name", "second")
    listed = aws("list-annotation-store-versions", "--name", "cli_versions")["annotationStoreVersions"]
    assert [version["versionName"] for version in listed] == ["cli_versions"]
    assert aws("delete-annotation-store", "--name", "cli_versions", "--force")["status"] == "DELETING"
    client = shared_server.client()
    wait_for(lambda: "cli_versions" not in [s["name"] for s in client.list_annotation_stores()["annotationStores"]], "deletion")
    aws("wait", "annotation-store-deleted", "--name", "cli_versions")
