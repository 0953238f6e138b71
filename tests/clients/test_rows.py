"""Every column of every row, against an independent reader (oracle.py), over test vectors and real files.

`make test` takes the first 2,000 records of each real file, `make test-all` the whole files.
"""

import collections
import io
import itertools
import json
import os
import pathlib
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet
import pytest
from oracle import COLUMNS, MAP, blocks, java_double, open_text
from server import FULL, ROOT, create_store, import_files
from vcf_files import vcf

pytestmark = pytest.mark.full
SHARED = pathlib.Path(os.environ.get("VARBERG_SHARED", ROOT.parent / "shared"))
ARROW = "application/vnd.apache.arrow.stream"
SAMPLED_RECORDS = 2_000
SAMPLED_ROWS = 500_000
FILES = [
    "1kg.2020.chrM.vcf.gz",
    "1kg.phase3.chr22-16.0-16.5mb.vcf.gz",
    "NA12878.chr20-snippet.g.vcf.gz",
    "clinvar.2026-02.subset.vcf.gz",
    "field-type-combinations.vcf.gz",
    "giab.ashkenazim-trio.vcf.gz",
    "gnomad-sv.v4.slice.vcf.gz",
    "gnomad.v4.exomes.chr1-slice.vep.vcf",
]
needs_bcftools = pytest.mark.skipif(not shutil.which("bcftools"), reason="bcftools is not installed")


def rows(server, statement: str) -> pa.Table:
    return pa.ipc.open_stream(server.sql(statement, ARROW)).read_all()


def plain(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """The column as one array of `kind`; text views and names of nested fields do not matter."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_map(kind):
        return pa.array(array.to_pylist(), MAP) if len(array) < 1000 else rebuilt_map(array)
    return array.cast(kind)


def rebuilt_map(array: pa.MapArray) -> pa.MapArray:
    mask = array.is_null() if array.null_count else None
    first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
    offsets = pc.subtract(array.offsets, first).cast(pa.int32())
    size = last - first
    keys, items = array.keys, array.items
    if len(keys) != size:
        keys, items = keys.slice(first, size), items.slice(first, size)
    return pa.MapArray.from_arrays(offsets, keys.cast(pa.string()), items.cast(pa.string()), mask=mask)


def row_keys(table: pa.Table) -> pa.Array:
    """A text that tells one row from another, as far as site and sample do."""

    def joined(name):
        return pc.fill_null(pc.binary_join(plain(table[name], pa.list_(pa.string())), ","), ".")

    def text(name, kind):
        return pc.fill_null(plain(table[name], kind).cast(pa.string()), ".")

    parts = [text("start", pa.int64()), text("end", pa.int64()), text("referenceallele", pa.string())]
    parts += [joined("alternatealleles"), joined("names"), text("sampleid", pa.string())]
    return pc.binary_join_element_wise(*parts, "|")


def same_rows(expected: pa.Table, actual: pa.Table):
    """Asserts that both hold the same rows, each as often, in whatever order."""
    assert actual.num_rows == expected.num_rows
    if expected.num_rows == 0:
        return
    wanted, got = row_keys(expected), row_keys(actual)
    counts = wanted.value_counts()
    twice = pc.filter(counts.field("values"), pc.greater(counts.field("counts"), 1))
    if len(twice):
        ours = expected.filter(pc.is_in(wanted, twice)).to_pylist()
        theirs = actual.filter(pc.is_in(got, twice)).to_pylist()
        assert collections.Counter(map(canonical, ours)) == collections.Counter(map(canonical, theirs))
        expected, actual = expected.filter(pc.invert(pc.is_in(wanted, twice))), actual.filter(pc.invert(pc.is_in(got, twice)))
        wanted, got = row_keys(expected), row_keys(actual)
    order = pc.index_in(wanted, value_set=got)
    assert order.null_count == 0, f"no row for {expected.filter(order.is_null()).slice(0, 3).to_pylist()}"
    actual = actual.take(order)
    for name in expected.column_names:
        same_column(name, expected, actual)


def canonical(row: dict) -> str:
    shown = {k: sorted(v) if k in ("attributes", "information") and v else v for k, v in row.items() if k not in ("importjobid", "annotations")}
    return repr([shown[name] for name in COLUMNS if name in shown])


def same_column(name: str, expected: pa.Table, actual: pa.Table):
    kind = expected.schema.field(name).type
    wanted, got = plain(expected[name], kind), plain(actual[name], kind)
    if wanted.equals(got):
        return
    for at, (a, b) in enumerate(zip(wanted.to_pylist(), got.to_pylist())):
        if a != b and pa.types.is_map(kind) and a is not None and b is not None:
            a, b = sorted(a), sorted(b)
        if a != b and a is not None and b is not None and isinstance(a, float) and a != a and b != b:
            continue
        assert a == b, f"column {name}, row {at}: expected {a!r}, found {b!r}; {expected.slice(at, 1).to_pylist()}"


def windows(path, block_rows=200_000):
    """Expected rows as (contig, first start, last start, table); no window cuts through records with the same start."""
    held = None
    for _, _, block in itertools.chain(blocks(path, block_rows), [(None, 0, None)]):
        table = pa.concat_tables([t for t in (held, block) if t is not None])
        held = None
        contigs = plain(table["contigname"], pa.string())
        for contig in pc.unique(contigs).to_pylist():
            part = table.filter(pc.equal(contigs, contig))
            starts = plain(part["start"], pa.int64())
            last = pc.max(starts).as_py()
            if block is not None and contig == contigs[-1].as_py():
                held = part.filter(pc.equal(starts, last))
                part = part.filter(pc.less(starts, last))
                starts = plain(part["start"], pa.int64())
            if part.num_rows:
                bounds = pc.min_max(starts).as_py()
                yield contig, bounds["min"], bounds["max"], part


def check_store(server, store: str, path, job: str) -> int:
    """Compares the whole store with the oracle's rows of `path`; the number of rows."""
    total = 0
    for contig, first, last, expected in windows(path):
        actual = rows(server, f"""SELECT * FROM "default"."{store}" WHERE contigname = '{contig}' AND start BETWEEN {first} AND {last}""")
        assert actual.column_names == COLUMNS
        assert pc.unique(plain(actual["importjobid"], pa.string())).to_pylist() == [job]
        vep = actual["annotations"].combine_chunks()
        assert vep.null_count == len(vep) or pc.struct_field(vep, "vep").null_count == len(vep)
        same_rows(expected, actual)
        total += expected.num_rows
    assert server.value(f'SELECT count(*) FROM "default"."{store}"') == total
    return total


def sampled(path: pathlib.Path, to: pathlib.Path) -> pathlib.Path:
    """The first records of a file, as plain text."""
    with open_text(path) as text, open(to, "w", newline="\n") as out:
        left = SAMPLED_RECORDS
        for line in text:
            if not line.startswith("#"):
                left -= 1
                if left < 0:
                    break
            elif line.startswith("#CHROM"):
                left = min(SAMPLED_RECORDS, SAMPLED_ROWS // max(1, len(line.split("\t")) - 9))
            out.write(line)
    return to


@needs_bcftools
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", FILES)
def test_a_real_file_has_the_rows_an_independent_reader_sees(shared_server, reference, name):
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip(f"{path} is absent; set VARBERG_SHARED")
    if FULL:
        copy = shared_server.files / name
        shutil.copyfile(path, copy)
    else:
        copy = sampled(path, shared_server.files / name.removesuffix(".gz"))
    store = "real_" + name.split(".vcf")[0].lower().replace(".", "_").replace("-", "_")
    create_store(shared_server, store, reference)
    job = import_files(shared_server, store, copy.name, timeout=900)
    assert job["status"] == "COMPLETED", job["items"]
    assert check_store(shared_server, store, copy, job["id"]) > 0
    with open_text(copy) as text:
        records = samples = 0
        for line in text:
            records += not line.startswith("#")
            if line.startswith("#CHROM"):
                samples = max(0, len(line.split("\t")) - 9)
    assert shared_server.value(f'SELECT count(*) FROM "default"."{store}"') == records * max(1, samples)
    copy.unlink()


VECTOR_HEADER = """##fileformat=VCFv4.2
##INFO=<ID=DP,Number=1,Type=Integer,Description="d">
##INFO=<ID=DB,Number=0,Type=Flag,Description="d">
##INFO=<ID=END,Number=1,Type=Integer,Description="d">
##INFO=<ID=XX,Number=1,Type=String,Description="d">
##INFO=<ID=AF,Number=A,Type=Float,Description="d">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="d">
##FORMAT=<ID=GT,Number=1,Type=String,Description="d">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="d">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">
##FORMAT=<ID=GQ,Number=1,Type=Float,Description="freebayes writes Float">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="d">
##FORMAT=<ID=PS,Number=1,Type=Integer,Description="d">
##FORMAT=<ID=MIN_DP,Number=1,Type=Integer,Description="d">
##FORMAT=<ID=FT,Number=1,Type=String,Description="d">
##FORMAT=<ID=AF,Number=1,Type=Float,Description="d">
##FORMAT=<ID=VAF,Number=A,Type=Float,Description="d">
#CHROM	POS	ID	REF	ALT	QUAL	FILTER	INFO	FORMAT	S1
"""
BASE = dict(contigname="1", start=9, end=10, names=None, referenceallele="A", alternatealleles=["G"], qual=None, filters=["PASS"])
BASE |= dict(splitfrommultiallelic=False, attributes={}, phased=False, calls=[0, 1], genotypelikelihoods=None, phredlikelihoods=None)
BASE |= dict(alleledepths=None, conditionalquality=None, spl=None, depth=None, ps=None, sampleid="S1")
NONE = {"min_dp": None, "genotype_filters": None, "af": None, "vaf": None}
VECTORS = [
    ("1 10 rs1;rs2 a c,G 50.5 q10;s50 DP=3;DB GT:AD:DP:GQ:PL 1|2:0,1,2:3:20.6:9,8,7,6,5,0",
     dict(names=["rs1", "rs2"], alternatealleles=["C", "G"], qual=50.5, filters=["q10", "s50"], attributes={"DP": "3", "DB": ""}, phased=True,
          calls=[1, 2], alleledepths=[0, 1, 2], depth=3, conditionalquality=21, phredlikelihoods=[9, 8, 7, 6, 5, 0])),
    ("1 10 . A . . . . GT 0/0", dict(alternatealleles=None, filters=None, calls=[0, 0])),
    ("1 10 . A <NON_REF> . . END=20 GT:DP:GQ:MIN_DP:PL 0/0:30:99:28:0,90,1350",
     dict(end=20, alternatealleles=["<NON_REF>"], filters=None, attributes={"END": "20"}, calls=[0, 0], depth=30, conditionalquality=99,
          phredlikelihoods=[0, 90, 1350], information={"min_dp": "28"})),
    ("1 10 . AT A,* 30 PASS . GT 1/2", dict(end=11, referenceallele="AT", alternatealleles=["A", "*"], qual=30.0, calls=[1, 2])),
    ("1 10 . G G]17:198982] . PASS SVTYPE=BND GT ./.",
     dict(referenceallele="G", alternatealleles=["G]17:198982]"], attributes={"SVTYPE": "BND"}, calls=[-1, -1])),
    ("X 5 . C T . PASS . GT 1", dict(contigname="X", start=4, end=5, referenceallele="C", alternatealleles=["T"], calls=[1])),
    ("1 10 . A G . PASS . GT:FT:AF .:q1:0.25", dict(calls=[-1], information={"genotype_filters": "[q1]", "af": "0.25"})),
    ("1 10 . A G . PASS . GT:FT 0/1:PASS", dict()),
    ("1 10 . A G . PASS . GT:AD 0/1:10,.", dict()),
    ("1 10 . A G . PASS . GT:AF:VAF 0/1:0.00001:0.5,.", dict(information={"af": "1.0E-5", "vaf": "[0.5]"})),
    ("1 10 . A G . PASS . DP 7", dict(calls=None, phased=False, depth=7)),
    ("1 10 . A G . PASS . GT:DP:GQ 0/1", dict()),
    ("1 10 . A G . PASS . GT:PS 0|1:abc", dict(phased=True)),
    ("1 10 . A G . PASS . GT 0/1/1", dict(calls=[0, 1, 1])),
    ("1 10 . A G . PASS AF=0.10;XX;DB=0 GT 0/1", dict(attributes={"AF": "0.10", "XX": "."})),
    ("1 10 . A G . PASS XX= GT 0/1", dict(attributes={"XX": "."})),
    ("1 10 . A G . PASS DP=1;DP=2 GT 0/1", dict(attributes={"DP": "2"})),
    ("1 10 . A G . PASS NOTDECLARED=1 GT 0/1", dict(attributes={"NOTDECLARED": "1"})),
]  # fmt: skip


def as_row(table: pa.Table) -> dict:
    row = table.to_pylist()[0]
    for name in ("attributes", "information"):
        row[name] = dict(row[name]) if row[name] is not None else None
    return {n: row[n] for n in COLUMNS if n not in ("importjobid", "annotations")}


@pytest.fixture(scope="module")
def vectors(shared_server, reference):
    """All vectors as one job, a file each; the importjobid tells nothing of the item, so each has its own store."""
    create_store(shared_server, "vectors", reference)
    found = {}
    for at, (record, _) in enumerate(VECTORS):
        (shared_server.files / f"vector{at}.vcf").write_text(VECTOR_HEADER + record.replace(" ", "\t") + "\n")
        job = import_files(shared_server, "vectors", f"vector{at}.vcf")
        found[record] = job
    return found


@pytest.mark.parametrize("record,expected", VECTORS, ids=[v[0] for v in VECTORS])
def test_row_vectors(shared_server, vectors, record, expected):
    job = vectors[record]
    assert job["status"] == "COMPLETED", job
    got = as_row(rows(shared_server, f"""SELECT * FROM "default"."vectors" WHERE importjobid = '{job["id"]}'"""))
    assert got == BASE | expected | {"information": NONE | expected.get("information", {})}


def test_the_vector_of_the_published_etl(shared_server, reference):
    csq = "T|intron_variant|MODIFIER|ATXN7|"
    text = (
        "##fileformat=VCFv4.1\n"
        '##INFO=<ID=VARID,Number=1,Type=String,Description="v">\n'
        '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: '
        'Allele|Consequence|IMPACT|SYMBOL|TRANSCRIPTION_FACTORS">\n'
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tHG0001\tHG0002\n"
        f"chr3\t63912684\t.\tG\tT\t10\tPASS\tCSQ={csq};VARID=ATXN7\tGT\t0/0\t1/0\n"
    )
    (shared_server.files / "etl.vcf").write_text(text)
    create_store(shared_server, "etl_vector", reference)
    assert import_files(shared_server, "etl_vector", "etl.vcf")["status"] == "COMPLETED"
    table = rows(shared_server, 'SELECT * FROM "default"."etl_vector" ORDER BY sampleid')
    common = BASE | dict(contigname="chr3", start=63912683, end=63912684, referenceallele="G", alternatealleles=["T"], qual=10.0)
    common |= dict(attributes={"CSQ": csq, "VARID": "ATXN7"}, information=None)
    assert as_row(table.slice(0, 1)) == common | dict(sampleid="HG0001", calls=[0, 0])
    assert as_row(table.slice(1, 1)) == common | dict(sampleid="HG0002", calls=[1, 0])


def test_a_sites_only_file_has_one_row_a_record(shared_server, reference):
    text = VECTOR_HEADER.replace("\tFORMAT\tS1\n", "\n") + "1\t10\t.\tA\tG\t.\tPASS\tDP=1\n1\t20\t.\tA\t.\t.\t.\t.\n"
    (shared_server.files / "sites.vcf").write_text(text)
    create_store(shared_server, "sites_only", reference)
    assert import_files(shared_server, "sites_only", "sites.vcf")["status"] == "COMPLETED"
    table = rows(shared_server, 'SELECT * FROM "default"."sites_only" ORDER BY start')
    assert table.num_rows == 2
    assert all(table[name].null_count == 2 for name in COLUMNS[11:22])


def test_every_answer_format_says_the_same(shared_server, reference):
    (shared_server.files / "formats.vcf").write_text(vcf(5))
    create_store(shared_server, "answer_formats", reference)
    import_files(shared_server, "answer_formats", "formats.vcf")
    statement = 'SELECT sampleid, start, depth FROM "default"."answer_formats" ORDER BY start, sampleid'
    json_rows = shared_server.sql(statement)
    assert rows(shared_server, statement).to_pylist() == json_rows
    parquet = pa.parquet.read_table(io.BytesIO(shared_server.sql(statement, "application/vnd.apache.parquet")))
    assert parquet.to_pylist() == json_rows
    csv = shared_server.sql(statement, "text/csv").decode().splitlines()
    assert csv == ["sampleid,start,depth"] + [f"{r['sampleid']},{r['start']},{r['depth']}" for r in json_rows]
    lines = shared_server.sql(statement, "application/x-ndjson").decode().splitlines()
    assert [json.loads(line) for line in lines] == json_rows


def test_the_oracle_prints_floats_like_java():
    known = {0.5: "0.5", 1e-5: "1.0E-5", 1e7: "1.0E7", 0.001: "0.001", 123456.789: "123456.789", 1.25e-4: "1.25E-4", 100.0: "100.0"}
    assert {x: java_double(x) for x in known} == known
