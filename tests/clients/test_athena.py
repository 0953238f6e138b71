"""Athena's API as its clients use it: boto3, awswrangler in its three modes, PyAthena, its dialect of SQLAlchemy.

Each client is unmodified but for endpoints. What a statement may say is in `test_sql*.py`; here is how it is started, watched,
stopped and read.
"""

import datetime
import json
import os
import pathlib
import time

import boto3
import credentials
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from server import create_store, reference_arn, start_import, wait_for, wait_for_job

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
import awswrangler  # noqa: E402
import pyathena  # noqa: E402
import sqlalchemy  # noqa: E402
from pyathena.pandas.cursor import PandasCursor  # noqa: E402

RESULTS = "varberg-results"
PLACE = f"s3://{RESULTS}/000000000000/"
SERVICES = ("ATHENA", "S3", "GLUE", "STS", "RAM", "LAKEFORMATION")
COHORT = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=1000>
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB
chr1\t10\trs1;rs2\tA\tG,T\t50.5\tPASS\tAF=0.5,0.25;DB\tGT\t0|1\t2/2
chr1\t20\t.\tC\tT\t.\t.\t.\tGT\t0|1\t./.
"""
ROWS = [["A", 9, 50.5, ["G", "T"], [0, 1]], ["B", 9, 50.5, ["G", "T"], [2, 2]], ["A", 19, None, ["T"], [0, 1]], ["B", 19, None, ["T"], [-1, -1]]]
SQL = "SELECT sampleid, start, qual, alternatealleles, calls FROM cohort ORDER BY start, sampleid"


def import_cohort(server):
    (server.files / "cohort.vcf").write_text(COHORT)
    create_store(server, "cohort", reference_arn(server))
    wait_for_job(server, start_import(server, "cohort", "cohort.vcf"), 60)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from server import Server

    base = tmp_path_factory.mktemp("athena")
    with Server(base / "data", base / "files") as running:
        import_cohort(running)
        yield running


@pytest.fixture
def endpoints(server, monkeypatch):
    """What a user sets, and nothing else."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "thing")
    for service in SERVICES:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", server.endpoint)


def client(server, service="athena", **more):
    return boto3.client(
        service, endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="thing", **more
    )


def run(athena, sql, **more):
    """The execution of a statement, once it has ended."""
    more.setdefault("WorkGroup", "primary")
    started = athena.start_query_execution(QueryString=sql, **more)["QueryExecutionId"]

    def ended():
        found = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        return found if found["Status"]["State"] not in ("QUEUED", "RUNNING") else None

    return wait_for(ended, "the statement to end")


def answer(athena, sql, **more):
    """Heading and rows of an answer, as texts."""
    execution = run(athena, sql, **more)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
    return [[value.get("VarCharValue") for value in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]


def code(call, **members):
    with pytest.raises(ClientError) as caught:
        call(**members)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"].get("Message")


@pytest.mark.parametrize(
    "mode",
    [{}, {"ctas_approach": False}, {"ctas_approach": False, "unload_approach": True, "s3_output": f"{PLACE}unloaded/"}],
    ids=["ctas", "csv", "unload"],
)
def test_awswrangler_reads_an_answer_in_each_of_its_modes(server, endpoints, mode):
    awswrangler.config.athena_endpoint_url = server.endpoint
    frame = awswrangler.athena.read_sql_query(SQL, database="default", workgroup="primary", **mode)
    numbers = [None if value != value else float(value) for value in frame["qual"].astype("float64")]
    plain = lambda value: json.loads(value.replace("G", '"G"').replace("T", '"T"')) if isinstance(value, str) else list(value)  # noqa: E731
    rows = zip(frame["sampleid"], frame["start"], numbers, frame["alternatealleles"], frame["calls"], strict=True)
    assert [[sample, start, qual, plain(alts), plain(calls)] for sample, start, qual, alts, calls in rows] == ROWS


def test_awswrangler_takes_parameters_and_chunks(server, endpoints):
    ask = awswrangler.athena.read_sql_query
    frame = ask("SELECT start FROM cohort WHERE sampleid = ? ORDER BY 1", "default", params=["'A'"], paramstyle="qmark", ctas_approach=False)
    assert list(frame["start"]) == [9, 19]
    chunks = list(ask("SELECT start FROM cohort", "default", ctas_approach=False, chunksize=3))
    assert [len(chunk) for chunk in chunks] == [3, 1]


def test_pyathena_reads_by_api_and_by_file(server, endpoints):
    rows = pyathena.connect(s3_staging_dir=PLACE, region_name="us-east-1").cursor().execute(SQL).fetchall()
    assert [list(row) for row in rows] == ROWS
    pandas = pyathena.connect(work_group="primary", region_name="us-east-1", cursor_class=PandasCursor).cursor()
    assert list(pandas.execute("SELECT start, qual FROM cohort WHERE sampleid = 'A' ORDER BY start").as_pandas()["qual"].fillna(-1)) == [50.5, -1]
    asked = pyathena.connect(s3_staging_dir=PLACE, region_name="us-east-1").cursor()
    assert asked.execute("SELECT count(*) FROM cohort WHERE sampleid = %(s)s", {"s": "B"}).fetchone() == (2,)


def test_sqlalchemy_sees_tables_and_asks(server, endpoints):
    engine = sqlalchemy.create_engine(f"awsathena+rest://@athena.us-east-1.amazonaws.com:443/default?s3_staging_dir={PLACE}")
    found = sqlalchemy.inspect(engine)
    assert found.get_table_names() == ["cohort"] and found.has_table("cohort") and not found.has_table("nothing")
    kinds = {column["name"]: str(column["type"]) for column in found.get_columns("cohort")}
    assert (kinds["start"], kinds["qual"], kinds["contigname"]) == ("BIGINT", "DOUBLE", "VARCHAR")
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.text("SELECT start FROM cohort WHERE sampleid = :s ORDER BY start"), {"s": "A"})
        assert rows.all() == [(9,), (19,)]


def test_values_are_written_as_athena_writes_them(server):
    athena = client(server)
    values = {
        "CAST(1 AS bigint)": "1",
        "true": "true",
        "1.5e0": "1.5",
        "CAST(100 AS double)": "100.0",
        "CAST(1e10 AS double)": "1.0E10",
        "CAST(12345678.9 AS double)": "1.23456789E7",
        "CAST(0.0001 AS double)": "1.0E-4",
        "'a \"b\", c'": 'a "b", c',
        "''": "",
        "CAST(NULL AS varchar)": None,
        "ARRAY['a', NULL]": "[a, null]",
        "ARRAY[ARRAY[1, 2], ARRAY[3]]": "[[1, 2], [3]]",
        "DATE '2026-01-31'": "2026-01-31",
        "TIMESTAMP '2026-01-31 12:00:00'": "2026-01-31 12:00:00.000",
    }
    heading, row = answer(athena, "SELECT " + ", ".join(f"{sql} AS c{at}" for at, sql in enumerate(values)))
    assert heading == [f"c{at}" for at in range(len(values))]
    assert row == list(values.values())
    assert answer(athena, "SELECT attributes, names FROM cohort WHERE start = 9 AND sampleid = 'A'")[1] == ["{AF=0.5,0.25, DB=}", "[rs1, rs2]"]


def test_an_execution_says_what_it_is_and_what_it_took(server):
    athena = client(server)
    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=5)
    execution = run(athena, "SELECT qual FROM cohort")
    identity = execution["QueryExecutionId"]
    assert execution["ResultConfiguration"]["OutputLocation"] == f"{PLACE}{identity}.csv"
    assert (execution["StatementType"], execution["SubstatementType"], execution["WorkGroup"]) == ("DML", "SELECT", "primary")
    assert before < execution["Status"]["SubmissionDateTime"] <= execution["Status"]["CompletionDateTime"]
    assert execution["Statistics"]["DataScannedInBytes"] > 0
    results = athena.get_query_results(QueryExecutionId=identity)["ResultSet"]
    assert [(column["Name"], column["Type"]) for column in results["ResultSetMetadata"]["ColumnInfo"]] == [("qual", "double")]
    found = athena.batch_get_query_execution(QueryExecutionIds=[identity, "00000000-0000-4000-8000-000000000000"])
    assert [one["QueryExecutionId"] for one in found["QueryExecutions"]] == [identity]
    assert len(found["UnprocessedQueryExecutionIds"]) == 1
    pages = athena.get_paginator("list_query_executions").paginate(PaginationConfig={"PageSize": 1})
    assert identity in [one for page in pages for one in page["QueryExecutionIds"]]
    rows = athena.get_query_runtime_statistics(QueryExecutionId=identity)["QueryRuntimeStatistics"]["Rows"]
    assert (rows["OutputRows"], rows["InputBytes"]) == (4, execution["Statistics"]["DataScannedInBytes"])


def test_pages_join_to_the_whole_answer(server):
    athena = client(server)
    sql = "SELECT v.start + t.n AS n FROM cohort v CROSS JOIN (SELECT row_number() OVER () AS n FROM cohort a, cohort b, cohort c, cohort d, cohort e) t"
    rows = answer(athena, sql)
    assert len(rows) == 1 + 4**6 and rows[0] == ["n"]
    execution = run(athena, "SELECT start FROM cohort ORDER BY start")["QueryExecutionId"]
    page = athena.get_query_results(QueryExecutionId=execution, MaxResults=2)
    assert [row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]] == ["start", "9"]
    last = athena.get_query_results(QueryExecutionId=execution, MaxResults=1000, NextToken=page["NextToken"])
    assert [row["Data"][0]["VarCharValue"] for row in last["ResultSet"]["Rows"]] == ["9", "19", "19"] and "NextToken" not in last


def test_the_same_token_starts_a_statement_once(server):
    athena = client(server)
    token = "a" * 40
    start = lambda sql: athena.start_query_execution(QueryString=sql, ClientRequestToken=token)["QueryExecutionId"]  # noqa: E731
    assert start("SELECT 1") == start("SELECT 1")


def test_failures_say_why_and_whose_they_are(server):
    athena = client(server)
    for sql, told in {
        "SELECT nothing FROM cohort": "nothing",
        "SELECT * FROM elsewhere": "elsewhere",
        "DROP TABLE cohort": "read-only",
        "SELEC 1": "syntax",
    }.items():
        status = run(athena, sql)["Status"]
        assert status["State"] == "FAILED" and told in status["StateChangeReason"], (sql, status)
        assert status["AthenaError"]["ErrorCategory"] == 2
    failed = run(athena, "SELECT nothing FROM cohort")["QueryExecutionId"]
    assert code(athena.get_query_results, QueryExecutionId=failed)[0] == "InvalidRequestException"
    assert code(athena.start_query_execution, QueryString="CREATE VIEW v AS SELECT 1")[0] == "InvalidRequestException"
    assert code(athena.start_query_execution, QueryString="SELECT 1", WorkGroup="none")[0] == "InvalidRequestException"
    assert code(athena.get_query_execution, QueryExecutionId="00000000-0000-4000-8000-000000000000")[0] == "InvalidRequestException"
    assert code(athena.create_named_query, Name="a", Database="b", QueryString="c")[0] == "InvalidRequestException"


def test_a_statement_can_be_stopped(server):
    athena = client(server)
    many = ", ".join(f"cohort c{n}" for n in range(14))
    started = athena.start_query_execution(QueryString=f"SELECT count(*) FROM {many} WHERE c0.qual + c13.qual > 1e9")["QueryExecutionId"]
    state = lambda: athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]["State"]  # noqa: E731
    wait_for(lambda: state() == "RUNNING", "it to run")
    begin = time.monotonic()
    athena.stop_query_execution(QueryExecutionId=started)
    assert state() == "CANCELLED" and time.monotonic() - begin < 2
    athena.stop_query_execution(QueryExecutionId=started)
    assert answer(athena, "SELECT 1 AS one") == [["one"], ["1"]]


def test_what_a_server_did_not_end_has_failed(make_server):
    server = make_server()
    import_cohort(server)
    athena = client(server)
    many = ", ".join(f"cohort c{n}" for n in range(14))
    started = athena.start_query_execution(QueryString=f"SELECT count(*) FROM {many} WHERE c0.qual + c13.qual > 1e9")["QueryExecutionId"]
    kept = run(athena, "SELECT 1")["QueryExecutionId"]
    server.kill()
    athena = client(make_server())
    status = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
    assert status["State"] == "FAILED" and "started again" in status["StateChangeReason"]
    assert len(athena.get_query_results(QueryExecutionId=kept)["ResultSet"]["Rows"]) == 2


def test_unload_and_ctas_write_files(server):
    athena, s3 = client(server), client(server, "s3")
    place = f"{PLACE}test-files/"
    execution = run(athena, f"UNLOAD (SELECT start, calls FROM cohort WHERE sampleid = 'A' ORDER BY start) TO '{place}json/' WITH (format = 'JSON')")
    manifest = execution["Statistics"]["DataManifestLocation"].removeprefix(f"s3://{RESULTS}/")
    [file] = s3.get_object(Bucket=RESULTS, Key=manifest)["Body"].read().decode().split()
    lines = s3.get_object(Bucket=RESULTS, Key=file.removeprefix(f"s3://{RESULTS}/"))["Body"].read().decode().splitlines()
    assert [json.loads(line) for line in lines] == [{"start": 9, "calls": [0, 1]}, {"start": 19, "calls": [0, 1]}]
    refused = {
        f"UNLOAD (SELECT 1) TO '{place}json/' WITH (format = 'PARQUET')": "holds files already",
    }
    for sql, told in refused.items():
        status = run(athena, sql)["Status"]
        assert status["State"] == "FAILED" and told in status["StateChangeReason"]
    for sql, told in {
        "UNLOAD (SELECT 1) TO 's3://elsewhere/x/' WITH (format = 'PARQUET')": "below s3://varberg-results/",
        f"UNLOAD (SELECT 1) TO '{PLACE}../x/' WITH (format = 'PARQUET')": "below s3://varberg-results/",
        f"UNLOAD (SELECT 1) TO '{place}orc/' WITH (format = 'ORC')": "ORC",
        "CREATE TABLE t WITH (partitioned_by = ARRAY['a']) AS SELECT 1 a": "partitioned_by",
    }.items():
        name, text = code(athena.start_query_execution, QueryString=sql)
        assert name == "InvalidRequestException" and told in text, (sql, text)


def test_databases_work_groups_and_catalogs_are_told(server):
    athena = client(server)
    group = athena.get_work_group(WorkGroup="primary")["WorkGroup"]["Configuration"]
    assert group["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"
    assert group["ResultConfiguration"]["OutputLocation"] == PLACE and group["EnforceWorkGroupConfiguration"]
    athena.create_work_group(Name="athena-v3", Description="of a notebook")
    assert [one["Name"] for one in athena.list_work_groups()["WorkGroups"]] == ["primary", "athena-v3"]
    assert code(athena.create_work_group, Name="athena-v3")[0] == "InvalidRequestException"
    assert athena.list_data_catalogs()["DataCatalogsSummary"][0]["CatalogName"] == "AwsDataCatalog"
    databases = [one["Name"] for one in athena.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]]
    own = next(name for name in databases if name.startswith("variant_000000000000_"))
    table = athena.get_table_metadata(CatalogName="awsdatacatalog", DatabaseName=own, TableName="cohort")["TableMetadata"]
    kinds = {column["Name"]: column["Type"] for column in table["Columns"]}
    assert (kinds["calls"], kinds["attributes"], kinds["end"]) == ("array<int>", "map<string,string>", "bigint")
    assert answer(athena, "SELECT count(*) FROM cohort", QueryExecutionContext={"Database": own})[1] == ["4"]
    assert code(athena.get_table_metadata, CatalogName="AwsDataCatalog", DatabaseName=own, TableName="none")[0] == "MetadataException"


def test_a_resource_link_is_another_name_for_a_table(server):
    glue, athena = client(server, "glue"), client(server)
    own = next(one["Name"] for one in glue.get_databases()["DatabaseList"] if one["Name"].startswith("variant_"))
    link = {"Name": "linked", "TargetTable": {"CatalogId": "000000000000", "DatabaseName": own, "Name": "cohort"}}
    glue.create_table(DatabaseName="default", TableInput=link)
    assert code(glue.create_table, DatabaseName="default", TableInput=link)[0] == "AlreadyExistsException"
    assert glue.get_table(DatabaseName="default", Name="linked")["Table"]["StorageDescriptor"]["Columns"][1]["Name"] == "contigname"
    assert answer(athena, "SELECT count(*) FROM default.linked")[1] == ["4"]
    glue.create_table(DatabaseName="default", TableInput=link | {"Name": "cohort"})  # its own name: as it is already
    glue.delete_table(DatabaseName="default", Name="linked")
    assert code(glue.get_table, DatabaseName="default", Name="linked")[0] == "EntityNotFoundException"
    assert code(glue.delete_table, DatabaseName="default", Name="cohort")[0] == "InvalidInputException"
    assert code(glue.delete_table, DatabaseName="default", Name="none")[0] == "EntityNotFoundException"


def test_notebooks_find_out_who_they_are_and_who_shares(server):
    assert client(server, "sts").get_caller_identity()["Account"] == "000000000000"
    ram = client(server, "ram")
    [resource] = ram.list_resources(resourceOwner="OTHER-ACCOUNTS", resourceType="glue:Database")["resources"]
    [share] = ram.get_resource_shares(resourceOwner="OTHER-ACCOUNTS", resourceShareArns=[resource["resourceShareArn"]])["resourceShares"]
    assert share["owningAccountId"] == "000000000000" and ":database/variant_" in resource["arn"]
    lake = client(server, "lakeformation")
    database = {"Database": {"CatalogId": "000000000000", "Name": "default"}}
    grant = {"Principal": {"DataLakePrincipalIdentifier": "arn:aws:iam::000000000000:role/x"}, "Resource": database, "Permissions": ["DESCRIBE"]}
    lake.grant_permissions(**grant)
    assert lake.list_permissions()["PrincipalResourcePermissions"][0]["Permissions"] == ["DESCRIBE"]


def test_the_s3_door_reads_ranges_and_lists(server):
    athena, s3 = client(server), client(server, "s3")
    keys = [run(athena, f"SELECT {n} AS n")["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{RESULTS}/") for n in range(3)]
    whole = s3.get_object(Bucket=RESULTS, Key=keys[0])
    text = whole["Body"].read()
    assert text == b'"n"\n"0"\n' and whole["ETag"] == s3.head_object(Bucket=RESULTS, Key=keys[0])["ETag"]
    assert s3.get_object(Bucket=RESULTS, Key=keys[0], Range="bytes=4-6", IfMatch=whole["ETag"])["Body"].read() == text[4:7]
    assert s3.get_object(Bucket=RESULTS, Key=keys[0], Range="bytes=-4")["Body"].read() == text[-4:]
    assert code(s3.get_object, Bucket=RESULTS, Key=keys[0], Range="bytes=100-")[0] == "InvalidRange"
    assert code(s3.get_object, Bucket=RESULTS, Key=keys[0], IfMatch='"other"')[0] == "PreconditionFailed"
    assert code(s3.get_object, Bucket=RESULTS, Key="000000000000/none")[0] == "NoSuchKey"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=RESULTS, Prefix="000000000000/", PaginationConfig={"PageSize": 2})
    found = [one["Key"] for page in pages for one in page.get("Contents", [])]
    assert set(keys) <= set(found) and found == sorted(found) and len(found) == len(set(found))
    assert [one["Prefix"] for one in s3.list_objects_v2(Bucket=RESULTS, Delimiter="/")["CommonPrefixes"]] == ["000000000000/"]
    s3.delete_objects(Bucket=RESULTS, Delete={"Objects": [{"Key": keys[0]}, {"Key": keys[1]}]})
    s3.delete_object(Bucket=RESULTS, Key=keys[2])
    assert not set(keys) & {one["Key"] for one in s3.list_objects_v2(Bucket=RESULTS).get("Contents", [])}


def test_the_s3_door_takes_no_files_and_gives_none_without_a_signature(server):
    s3 = client(server, "s3", config=Config(signature_version="s3v4"))
    key = run(client(server), "SELECT 1 AS n")["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{RESULTS}/")
    address = s3.generate_presigned_url("get_object", Params={"Bucket": RESULTS, "Key": key})
    assert requests.get(address, timeout=10).text == '"n"\n"1"\n'
    assert requests.get(address.split("?")[0], timeout=10).status_code == 404
    for call, members in [
        (s3.put_object, {"Key": "000000000000/x", "Body": b"x"}),
        (s3.create_multipart_upload, {"Key": "000000000000/x"}),
        (s3.copy_object, {"Key": "000000000000/x", "CopySource": f"{RESULTS}/{key}"}),
        (s3.put_bucket_policy, {"Policy": "{}"}),
        (s3.delete_bucket, {}),
    ]:
        assert code(call, Bucket=RESULTS, **members)[0] == "AccessDenied", members
    data = next(pathlib.Path(server.data_dir / "warehouse").rglob("*.parquet")).relative_to(server.data_dir / "warehouse")
    assert s3.get_object(Bucket="varberg-warehouse", Key=str(data))["Body"].read(4) == b"PAR1"
    assert code(s3.delete_object, Bucket="varberg-warehouse", Key=str(data))[0] == "AccessDenied"
    for key in ["../catalog.sqlite", "000000000000/../../catalog.sqlite", "varberg-catalog-id"]:
        assert code(s3.get_object, Bucket="varberg-warehouse", Key=key)[0] in ("AccessDenied", "NoSuchKey", "InvalidRequest", "404", "403", "InvalidArgument"), key
    assert code(s3.list_objects_v2, Bucket="elsewhere")[0] == "NoSuchBucket"


def test_accounts_see_their_own(make_server):
    server = make_server()
    data = server.data_dir
    one, other = credentials.create(data, "one"), credentials.create(data, "other", account="111111111111", role="reader")
    time.sleep(1.2)  # the server looks at its users once a second
    athena = {name: credentials.client(server, key, "athena") for name, key in (("one", one), ("other", other))}
    s3 = {name: credentials.client(server, key, "s3") for name, key in (("one", one), ("other", other))}
    execution = run(athena["one"], "SELECT 1 AS n")
    key = execution["ResultConfiguration"]["OutputLocation"].removeprefix(f"s3://{RESULTS}/")
    assert s3["one"].get_object(Bucket=RESULTS, Key=key)["Body"].read() == b'"n"\n"1"\n'
    assert code(s3["other"].get_object, Bucket=RESULTS, Key=key)[0] == "AccessDenied"
    assert code(s3["other"].delete_object, Bucket=RESULTS, Key=key)[0] == "AccessDenied"
    assert s3["other"].list_objects_v2(Bucket=RESULTS).get("Contents", []) == []
    assert code(athena["other"].get_query_execution, QueryExecutionId=execution["QueryExecutionId"])[0] == "InvalidRequestException"
    assert code(athena["other"].create_work_group, Name="mine")[0] == "AccessDeniedException"
    wrong = one | {"secretAccessKey": "wrong"}
    assert code(credentials.client(server, wrong, "s3").list_objects_v2, Bucket=RESULTS)[0] == "SignatureDoesNotMatch"
    assert code(credentials.client(server, wrong, "athena").list_work_groups)[0] == "InvalidSignatureException"
    assert requests.get(f"{server.endpoint}/{RESULTS}/{key}", timeout=10).status_code == 403
    foreign = credentials.client(server, one, "s3").generate_presigned_url("get_object", Params={"Bucket": RESULTS, "Key": key})
    assert requests.get(foreign, timeout=10).status_code in (200, 403)
