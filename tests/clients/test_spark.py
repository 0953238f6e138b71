"""Apache Spark with the Iceberg runtime reads the tables through the REST catalog. Slow, and only where Java is there: the first run fetches
the runtime from Maven Central.
"""

import shutil

import pytest
from server import create_store, import_files, reference_arn

pytestmark = pytest.mark.slow
RUNTIME = "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0"
COHORT = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=1000>
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB
"""
LINES = [f"chr1\t{n}\trs{n}\tA\tG\t{n}.5\tPASS\tDP={n}\tGT\t0|1\t1|1\n" for n in range(1, 41)]


@pytest.fixture
def spark(make_server):
    pyspark = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    server = make_server()
    (server.files / "a.vcf").write_text(COHORT + "".join(LINES[:20]))
    (server.files / "b.vcf").write_text(COHORT + "".join(LINES[20:]))
    create_store(server, "cohort", reference_arn(server), layout="long")
    import_files(server, "cohort", "a.vcf")
    import_files(server, "cohort", "b.vcf")
    builder = pyspark.SparkSession.builder.master("local[1]").appName("varberg")
    settings = {
        "spark.jars.packages": RUNTIME,
        "spark.ui.enabled": "false",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "rest",
        "spark.sql.catalog.lake.uri": f"{server.endpoint}/iceberg",
        "spark.sql.catalog.lake.view-endpoints-supported": "false",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield server, session
    session.stop()


def test_spark_lists_scans_filters_and_travels(spark):
    server, session = spark
    own = "variant_000000000000_" + server.client().get_variant_store(name="cohort")["id"]
    assert {"default", own} <= {row[0] for row in session.sql("SHOW NAMESPACES IN lake").collect()}
    assert [row["tableName"] for row in session.sql("SHOW TABLES IN lake.default").collect()] == ["cohort"]
    asked = "SELECT sampleid, count(*) AS n, sum(start) AS s, min(qual) AS q FROM {} WHERE start BETWEEN 3 AND 30 GROUP BY sampleid ORDER BY sampleid"
    theirs = [row.asDict() for row in session.sql(asked.format("lake.default.cohort")).collect()]
    assert theirs == server.sql(asked.format("cohort"))
    row = session.sql("SELECT names, attributes['DP'] AS depth, calls FROM lake.default.cohort WHERE start = 9 AND sampleid = 'B'").collect()[0]
    assert (row["names"], row["depth"], row["calls"]) == (["rs10"], "10", [1, 1])
    first = server.sql('SELECT snapshot_id FROM "cohort$snapshots" ORDER BY committed_at')[0]["snapshot_id"]
    assert session.sql(f"SELECT count(*) FROM lake.default.cohort VERSION AS OF {first}").collect()[0][0] == 40
    with pytest.raises(Exception, match="does not support"):
        session.sql("INSERT INTO lake.default.cohort SELECT * FROM lake.default.cohort").collect()
    assert server.value("SELECT count(*) FROM cohort") == 80
