"""The column annotations against a computation of our own from the file's text; SnpEff and bcftools csq; the API's echo."""

import os
import pathlib
import subprocess

import pyarrow as pa
import pyarrow.ipc
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from server import ACCOUNT, BUCKET, ROLE, ROOT, binary, clean_environment, create_store, wait_for_job

SHARED = pathlib.Path(os.environ.get("VARBERG_SHARED", ROOT.parent / "shared"))
GNOMAD = "gnomad.v4.exomes.chr1-slice.vep.vcf"
ARROW = "application/vnd.apache.arrow.stream"
STANDARD = (
    "Allele Consequence IMPACT SYMBOL Gene Feature_type Feature BIOTYPE EXON INTRON HGVSc HGVSp cDNA_position CDS_position Protein_position "
    "Amino_acids Codons Existing_variation DISTANCE STRAND FLAGS SYMBOL_SOURCE HGNC_ID"
).split()
LISTS = {"Consequence", "Existing_variation", "FLAGS"}
PAIRS = {"EXON": ("rank", "total"), "INTRON": ("rank", "total"), "Amino_acids": ("reference", "variant"), "Codons": ("reference", "variant")}
NULL_ENTRY = dict.fromkeys([name.lower() for name in STANDARD] + ["extras"])
BCSQ = (
    "Local consequence annotation from BCFtools/csq, see http://samtools.github.io/bcftools/howtos/csq-calling.html for details. "
    "Format: Consequence|gene|transcript|biotype|strand|amino_acid_change|dna_change"
)
SNPEFF = (
    "Functional annotations: 'Allele | Annotation | Annotation_Impact | Gene_Name | Gene_ID | Feature_Type | Feature_ID | Transcript_BioType | "
    "Rank | HGVS.c | HGVS.p | cDNA.pos / cDNA.length | CDS.pos / CDS.length | AA.pos / AA.length | Distance | ERRORS / WARNINGS / INFO' "
)


def member(name: str, text: str):
    if name in LISTS:
        return text.split("&") if text else None
    if name in PAIRS:
        parts = text.split("/", 1)
        return dict(zip(PAIRS[name], [*parts, None])) if text else None
    return text


def expected_entry(names: list, text: str) -> dict:
    entry = dict(NULL_ENTRY)
    values = dict(zip(names, text.split("|"), strict=True))
    for name in STANDARD:
        if name in values:
            entry[name.lower()] = member(name, values[name])
    entry["extras"] = {n.lower(): v for n, v in values.items() if n not in STANDARD} or None
    return entry


def expected_rows(path: pathlib.Path, field: str) -> list:
    """(contig, start, ref, alts, entries) of every record of a file without samples."""
    rows, names = [], None
    for line in path.read_text().splitlines():
        if line.startswith(f"##INFO=<ID={field},"):
            names = line.split("Format:", 1)[1].rstrip('">').strip().split("|")
        elif not line.startswith("#"):
            contig, position, _, reference, alternates, _, _, info = line.split("\t")[:8]
            texts = [entry[len(field) + 1 :] for entry in info.split(";") if entry.startswith(f"{field}=")]
            entries = texts[-1].split(",") if texts else []
            whole = all(len(text.split("|")) == len(names) for text in entries)
            entries = [expected_entry(names, text) for text in entries] if whole else []
            rows.append((contig, int(position) - 1, reference, alternates.split(","), entries))
    return rows


def plain_entry(entry: dict) -> dict:
    return entry | {"extras": dict(entry["extras"]) if entry["extras"] is not None else None}


def rows_of(table: pa.Table) -> list:
    def entries(row):
        return [plain_entry(e) for e in row["annotations"]["vep"]]

    return [(r["contigname"], r["start"], r["referenceallele"], r["alternatealleles"], entries(r)) for r in table.to_pylist()]


def rows(server, statement: str) -> pa.Table:
    return pa.ipc.open_stream(server.sql(statement, ARROW)).read_all()


def key(row):
    return repr(row[:4])


def run_import(server, store: str, file: str, **members) -> dict:
    client = server.client()
    items = [{"source": f"s3://{BUCKET}/{file}"}]
    job = client.start_variant_import_job(destinationName=store, roleArn=ROLE, items=items, **members)["jobId"]
    ended = wait_for_job(server, job, 300)
    assert ended["status"] == "COMPLETED", ended["items"]
    return ended


def small(field: str, description: str, *values: str) -> str:
    records = "".join(f"chr1\t{i + 1}\t.\tA\tG\t.\t.\t{field}={value}\tGT\t0/1\t1/1\n" for i, value in enumerate(values))
    return (
        f'##fileformat=VCFv4.2\n##INFO=<ID={field},Number=.,Type=String,Description="{description}">\n'
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
        f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\n{records}"
    )


def present(entry: dict) -> dict:
    return {name: value for name, value in plain_entry(entry).items() if value is not None}


@pytest.fixture(scope="module")
def gnomad(shared_server, reference):
    """The store with gnomAD's slice, and the rows that our own reading of the file expects.

    The slice has 48 values an entry where its header names 46: the header gets two names more, so that there is something to parse.
    """
    source = SHARED / "data" / GNOMAD
    if not source.exists():
        pytest.skip(f"{source} is absent; set VARBERG_SHARED")
    path = shared_server.files / GNOMAD
    path.write_text(source.read_text().replace("|LoF_flags|LoF_info\">", "|LoF_flags|LoF_info|more_1|more_2\">"))
    store = create_store(shared_server, "gnomad_vep", reference)
    job = run_import(shared_server, "gnomad_vep", GNOMAD, annotationFields={"VEP": " vep "})
    assert job["annotationFields"] == {"VEP": " vep "}
    return store, sorted(expected_rows(path, "vep"), key=key)


def test_every_row_of_gnomad_has_the_annotations_of_its_text(shared_server, gnomad):
    _, expected = gnomad
    actual = sorted(rows_of(rows(shared_server, 'SELECT * FROM "default"."gnomad_vep"')), key=key)
    assert sum(len(row[4]) for row in expected) > 500
    assert len(actual) == len(expected)
    for got, wanted in zip(actual, expected):
        assert got == wanted


def test_entries_that_do_not_fit_the_header_are_counted(shared_server, reference):
    source = SHARED / "data" / GNOMAD
    if not source.exists():
        pytest.skip(f"{source} is absent; set VARBERG_SHARED")
    (shared_server.files / "as_it_is.vcf").write_bytes(source.read_bytes())
    create_store(shared_server, "gnomad_as_it_is", reference)
    job = run_import(shared_server, "gnomad_as_it_is", "as_it_is.vcf", annotationFields={"VEP": "vep"})
    assert "the record's annotations are empty (101 times, first on line" in job["items"][0]["statusMessage"]
    actual = rows_of(rows(shared_server, 'SELECT * FROM "default"."gnomad_as_it_is"'))
    assert len(actual) == 101 and all(row[4] == [] for row in actual)


def test_a_foreign_reader_sees_the_struct(shared_server, gnomad):
    store, expected = gnomad
    data = shared_server.data_dir
    catalog = SqlCatalog("varberg", uri=f"sqlite:///{data}/catalog.sqlite", warehouse=f"file://{data}/warehouse")
    table = catalog.load_table(f"variant_{ACCOUNT}_{store['id']}.gnomad_vep").scan().to_arrow()
    assert sorted(rows_of(table), key=key) == expected


def test_sql_counts_entries_of_a_gene(shared_server, gnomad):
    _, expected = gnomad
    statement = """
        SELECT a['symbol'] AS symbol, count(*) AS n
        FROM (SELECT unnest(annotations['vep']) AS a FROM "default"."gnomad_vep") GROUP BY 1
    """
    counts = {}
    for row in expected:
        for entry in row[4]:
            counts[entry["symbol"]] = counts.get(entry["symbol"], 0) + 1
    assert {row["symbol"]: row["n"] for row in shared_server.sql(statement)} == counts


def test_snpeff_and_bcftools_csq_fill_the_same_struct(shared_server, reference):
    create_store(shared_server, "other_programs", reference)
    ann = "G|missense_variant&splice_region_variant|MODERATE|BRCA1|ENSG1|transcript|ENST1.2|protein_coding|3/22|c.5A>G|p.Ala2Val|5/70|5/55|2/18||W1"
    (shared_server.files / "ann.vcf").write_text(small("ANN", SNPEFF, ann))
    (shared_server.files / "bcsq.vcf").write_text(
        small("BCSQ", BCSQ, "missense|G1|T1|protein_coding|+|25S>25T|100A>C,intron|G2||lncRNA,@200", "*stop_gained|G3|T3|protein_coding|-")
    )
    for field, file in (("ANN", "ann.vcf"), ("BCSQ", "bcsq.vcf")):
        job = run_import(shared_server, "other_programs", file, annotationFields={"VEP": field})
        table = rows(shared_server, f"""SELECT * FROM "default"."other_programs" WHERE importjobid = '{job["id"]}' ORDER BY start, sampleid""")
        lists = [[present(e) for e in row["annotations"]["vep"]] for row in table.to_pylist()]
        assert lists[::2] == lists[1::2]
        if field == "ANN":
            assert lists[0] == [
                dict(
                    allele="G", consequence=["missense_variant", "splice_region_variant"], impact="MODERATE", symbol="BRCA1", gene="ENSG1",
                    feature_type="transcript", feature="ENST1.2", biotype="protein_coding", hgvsc="c.5A>G", hgvsp="p.Ala2Val",
                    cdna_position="5/70", cds_position="5/55", protein_position="2/18", distance="",
                    extras={"rank": "3/22", "errors / warnings / info": "W1"},
                )
            ]  # fmt: skip
        else:
            missense = dict(consequence=["missense"], symbol="G1", feature="T1", biotype="protein_coding", strand="+")
            missense["extras"] = {"amino_acid_change": "25S>25T", "dna_change": "100A>C"}
            intron = dict(consequence=["intron"], symbol="G2", feature="", biotype="lncRNA", extras={})
            stop = dict(consequence=["*stop_gained"], symbol="G3", feature="T3", biotype="protein_coding", strand="-", extras={})
            assert lists[0] == [missense, intron, dict(extras={"compound_position": "200"})]
            assert lists[2] == [stop]


VEP = "Consequence annotations from Ensembl VEP. Format: Allele|SYMBOL|IMPACT"


def states(server, job: dict) -> set:
    table = rows(server, f"""SELECT annotations FROM "default"."asked" WHERE importjobid = '{job["id"]}'""")
    return {"null" if a is None else "absent" if a["vep"] is None else len(a["vep"]) for a in table["annotations"].to_pylist()}


def test_what_is_asked_for_is_echoed_and_done(shared_server, reference):
    create_store(shared_server, "asked", reference)
    (shared_server.files / "csq.vcf").write_text(small("CSQ", VEP, "G|TP53|HIGH"))
    (shared_server.files / "short.vcf").write_text(small("CSQ", VEP, "G|TP53"))
    (shared_server.files / "none.vcf").write_text(small("OTHER", "x", "y"))
    implied = run_import(shared_server, "asked", "csq.vcf")
    assert (implied["annotationFields"], states(shared_server, implied)) == ({"VEP": "CSQ"}, {1})
    listed = shared_server.client().list_variant_import_jobs(ids=[implied["id"]])["variantImportJobs"]
    assert [job["annotationFields"] for job in listed] == [{"VEP": "CSQ"}]
    blank = run_import(shared_server, "asked", "csq.vcf", annotationFields={"VEP": " "})
    assert (blank["annotationFields"], states(shared_server, blank)) == ({"VEP": " "}, {"null"})
    nothing = run_import(shared_server, "asked", "csq.vcf", annotationFields={})
    assert ("annotationFields" in nothing, states(shared_server, nothing)) == (False, {"null"})
    absent = run_import(shared_server, "asked", "none.vcf")
    assert states(shared_server, absent) == {"absent"}
    short = run_import(shared_server, "asked", "short.vcf")
    assert states(shared_server, short) == {0}
    assert "the record's annotations are empty (line 5)" in short["items"][0]["statusMessage"]


def test_the_command_line_names_the_field(shared_server, reference):
    create_store(shared_server, "by_hand", reference)
    (shared_server.files / "hand.vcf").write_text(small("ANN", SNPEFF, "G" + "|" * 15))
    command = [binary(), "import", "--endpoint", shared_server.endpoint, "by_hand", f"s3://{BUCKET}/hand.vcf", "--annotations", "ANN", "--wait"]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = shared_server.sql("""SELECT annotations['vep'][1]['allele'] AS allele FROM "default"."by_hand" """)
    assert found == [{"allele": "G"}, {"allele": "G"}]
