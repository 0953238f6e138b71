"""PyIceberg (through the SQL catalog in the data directory) and DuckDB read the tables and agree with our SQL."""

import json
import subprocess

import duckdb
import pytest
from duckdb_extensions import import_extension
from pyiceberg.catalog.sql import SqlCatalog
from server import ACCOUNT, ROOT, binary, clean_environment, create_store, import_files, metadata_location
from vcf_files import bgzf, vcf

SUMS = 'count(*) AS n, sum(start) AS starts, sum("end") AS ends, sum(depth) AS depths, sum(conditionalquality) AS qualities'


@pytest.fixture(scope="module")
def imported(shared_server, reference):
    """A store with two jobs: two files on two contigs, then one more."""
    store = create_store(shared_server, "foreign", reference, layout="long")
    (shared_server.files / "foreign1.vcf").write_text(vcf(300))
    (shared_server.files / "foreign2.vcf.gz").write_bytes(bgzf(vcf(200, samples=("S1", "S3"), contig="chr2").encode()))
    assert import_files(shared_server, "foreign", "foreign1.vcf", "foreign2.vcf.gz")["status"] == "COMPLETED"
    assert import_files(shared_server, "foreign", "foreign1.vcf")["status"] == "COMPLETED"
    return store


@pytest.fixture(scope="module")
def ours(shared_server, imported):
    """What `varberg query` says: counts, sums, and the sum of all allele indexes."""

    def query(statement):
        done = subprocess.run(
            [binary(), "query", "--endpoint", shared_server.endpoint, statement, "-o", "json"],
            env=clean_environment(), capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)[0]

    answer = query(f'SELECT {SUMS} FROM "default"."foreign"')
    calls = query('SELECT sum(a) AS calls FROM (SELECT unnest(calls) AS a FROM "default"."foreign")')
    assert answer["n"] == 300 * 2 * 2 + 200 * 2
    return answer | calls


@pytest.fixture(scope="module")
def pyiceberg_table(shared_server, imported):
    data = shared_server.data_dir
    catalog = SqlCatalog("varberg", uri=f"sqlite:///{data}/catalog.sqlite", warehouse=f"file://{data}/warehouse")
    namespace = f"variant_{ACCOUNT}_{imported['id']}"
    assert (namespace,) in catalog.list_namespaces()
    assert catalog.list_tables(namespace) == [(namespace, "foreign")]
    return catalog.load_table(f"{namespace}.foreign")


def test_pyiceberg_agrees(pyiceberg_table, ours):
    import pyarrow.compute as pc

    table = pyiceberg_table.scan().to_arrow()
    total = {name: pc.sum(table[name]).as_py() for name in ("start", "end", "depth", "conditionalquality")}
    calls = pc.sum(pc.list_flatten(table["calls"])).as_py()
    assert (table.num_rows, *total.values(), calls) == tuple(ours.values())


def test_pyiceberg_prunes_by_our_bounds_and_agrees(shared_server, pyiceberg_table):
    part = pyiceberg_table.scan(row_filter="contigname == 'chr2' and start >= 500 and start < 900").to_arrow()
    statement = """SELECT count(*) FROM "default"."foreign" WHERE contigname = 'chr2' AND start >= 500 AND start < 900"""
    assert part.num_rows == shared_server.value(statement) == 40 * 2
    files = list(pyiceberg_table.scan(row_filter="contigname == 'chr2'").plan_files())
    assert 0 < len(files) < len(list(pyiceberg_table.scan().plan_files())), "bounds of contigname let a reader skip files"


def test_snapshots_name_their_jobs(shared_server, pyiceberg_table):
    jobs = shared_server.client().list_variant_import_jobs(filter={"storeName": "foreign"})["variantImportJobs"]
    named = [s.summary.additional_properties.get("varberg.job-id") for s in pyiceberg_table.snapshots()]
    assert sorted(n for n in named if n) == sorted(j["id"] for j in jobs), "one snapshot a job"


def test_pyiceberg_sees_the_types_of_the_contract(pyiceberg_table):
    types = {f.name: str(f.field_type) for f in pyiceberg_table.schema().fields}
    assert types["start"] == types["end"] == types["_record"] == "long"
    assert types["calls"] == "list<int>"
    assert types["attributes"] == types["information"] == "map<string, string>"
    assert types["qual"] == "double"
    assert types["phased"] == types["splitfrommultiallelic"] == "boolean"
    assert types["annotations"].startswith("struct<")
    assert pyiceberg_table.metadata.format_version == 2


def test_duckdb_agrees(shared_server, imported, ours):
    import_extension("avro")
    import_extension("iceberg")
    connection = duckdb.connect()
    connection.execute("LOAD avro")
    connection.execute("LOAD iceberg")
    location = metadata_location(shared_server.data_dir, "foreign")
    scan = f"iceberg_scan('{location.removeprefix('file://')}')"
    sums = connection.execute(f"SELECT {SUMS} FROM {scan}").fetchone()
    calls = connection.execute(f"SELECT sum(a) FROM (SELECT unnest(calls) AS a FROM {scan})").fetchone()
    assert sums + calls == tuple(ours.values())
    pruned = connection.execute(f"SELECT count(*) FROM {scan} WHERE contigname = 'chr1' AND start < 200").fetchone()[0]
    assert pruned == shared_server.value("""SELECT count(*) FROM "default"."foreign" WHERE contigname = 'chr1' AND start < 200""")


def test_the_schema_document_is_true(pyiceberg_table):
    """docs/schema.md names every column of the table, in order, with its type."""
    paragraphs = (ROOT / "docs" / "schema.md").read_text().split("\n\n")
    tables = [table.splitlines()[2:] for table in paragraphs if table.startswith("| column | type |")]
    lines = [line.split(" | ") for table in tables for line in table]
    documented = [(cells[0].removeprefix("| "), cells[1]) for cells in lines]
    actual = [(f.name, str(f.field_type)) for f in pyiceberg_table.schema().fields]
    assert [name for name, _ in documented] == [name for name, _ in actual]
    assert [d for d in documented if d[0] != "annotations"] == [a for a in actual if a[0] != "annotations"]
