"""The Iceberg REST catalog with the clients that read tables by it: PyIceberg, polars (through it), DuckDB."""

import hmac
import time

import boto3
import credentials
import duckdb
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from server import create_store, import_files, reference_arn

COHORT = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=1000>
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB
"""
LINES = [f"chr1\t{n}\trs{n}\tA\tG\t{n}.5\tPASS\tDP={n}\tGT\t0|1\t1|1\n" for n in range(1, 41)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from server import Server

    base = tmp_path_factory.mktemp("rest")
    with Server(base / "data", base / "files") as running:
        (running.files / "a.vcf").write_text(COHORT + "".join(LINES[:20]))
        (running.files / "b.vcf").write_text(COHORT + "".join(LINES[20:]))
        reference = reference_arn(running)
        create_store(running, "cohort", reference, layout="long")
        create_store(running, "empty", reference)
        for file in ("a.vcf", "b.vcf"):
            import_files(running, "cohort", file)
        yield running


def catalog(server, **more):
    return load_catalog("varberg", type="rest", uri=f"{server.endpoint}/iceberg", **more)


def own_namespace(server) -> str:
    return "variant_000000000000_" + server.client().get_variant_store(name="cohort")["id"]


def test_pyiceberg_lists_loads_scans_and_travels(server):
    found = catalog(server)
    assert (own_namespace(server),) in found.list_namespaces() and ("default",) in found.list_namespaces()
    assert found.list_tables("default") == [("default", "cohort"), ("default", "empty")]
    assert found.list_tables(own_namespace(server)) == [(own_namespace(server), "cohort")]
    assert found.table_exists("default.cohort") and not found.table_exists("default.nothing")
    table = found.load_table("default.cohort")
    rows = table.scan(row_filter="start >= 5 and start < 8 and sampleid = 'A'", selected_fields=("start", "names", "qual", "calls")).to_arrow()
    expected = server.sql("SELECT start, names, qual, calls FROM cohort WHERE start >= 5 AND start < 8 AND sampleid = 'A' ORDER BY start")
    assert rows.sort_by("start").to_pylist() == expected
    snapshots = [row["snapshot_id"] for row in server.sql('SELECT snapshot_id FROM "cohort$snapshots" ORDER BY committed_at')]
    assert {one.snapshot_id for one in table.snapshots()} == set(snapshots) and table.current_snapshot().snapshot_id == snapshots[-1]
    before = table.scan(snapshot_id=snapshots[0]).to_arrow()
    assert before.num_rows == server.value(f"SELECT count(*) FROM cohort FOR VERSION AS OF {snapshots[0]}") == 40
    assert table.scan().to_arrow().num_rows == 80
    with pytest.raises(NoSuchTableError):
        found.load_table("default.nothing")
    with pytest.raises(NoSuchNamespaceError):
        found.list_tables("nothing")


def test_duckdb_attaches_and_agrees(server):
    database = duckdb.connect()
    for name in ("avro", "httpfs", "iceberg"):
        database.execute(f"LOAD {name}") if loaded(database, name) else None
    database.execute(f"ATTACH '' AS lake (TYPE iceberg, ENDPOINT '{server.endpoint}/iceberg', AUTHORIZATION_TYPE 'none')")
    asked = "SELECT sampleid, count(*), sum(start), min(qual) FROM {} WHERE start BETWEEN 3 AND 30 GROUP BY 1 ORDER BY 1"
    theirs = database.execute(asked.format('lake."default".cohort')).fetchall()
    ours = [tuple(row.values()) for row in server.sql(asked.format("cohort"))]
    assert theirs == ours


def loaded(database, name) -> bool:
    from duckdb_extensions import import_extension

    import_extension(name, con=database)
    return True


def test_polars_scans(server):
    polars = pytest.importorskip("polars")
    table = catalog(server).load_table("default.cohort")
    frame = polars.scan_iceberg(table, storage_options=table.io.properties).filter(polars.col("sampleid") == "B").select("start").collect()
    assert sorted(frame["start"]) == [row["start"] for row in server.sql("SELECT start FROM cohort WHERE sampleid = 'B' ORDER BY 1")]


def test_metadata_that_a_client_has_is_not_sent_again(server):
    place = f"{server.endpoint}/iceberg/v1/namespaces/default/tables/cohort"
    first = requests.get(place, timeout=10)
    assert first.json()["metadata"]["format-version"] == 2 and first.json()["metadata-location"].endswith(".metadata.json")
    again = requests.get(place, headers={"If-None-Match": first.headers["ETag"]}, timeout=10)
    assert (again.status_code, again.content) == (304, b"")
    assert requests.get(place, headers={"If-None-Match": '"other"'}, timeout=10).status_code == 200


def test_pages_and_errors_are_those_of_the_specification(server):
    root = f"{server.endpoint}/iceberg/v1"
    config = requests.get(f"{root}/config", params={"warehouse": "any"}, timeout=10).json()
    assert all(not endpoint.startswith(("POST", "DELETE")) or "metrics" in endpoint or "oauth" in endpoint for endpoint in config["endpoints"])
    first = requests.get(f"{root}/namespaces/default/tables", params={"pageSize": 1}, timeout=10).json()
    assert [one["name"] for one in first["identifiers"]] == ["cohort"]
    second = requests.get(f"{root}/namespaces/default/tables", params={"pageSize": 1, "pageToken": first["next-page-token"]}, timeout=10).json()
    assert ([one["name"] for one in second["identifiers"]], second["next-page-token"]) == (["empty"], None)
    assert requests.head(f"{root}/namespaces/default", timeout=10).ok and requests.head(f"{root}/namespaces/no", timeout=10).status_code == 404
    for method, path, status, name in [
        ("GET", "namespaces/no/tables", 404, "NoSuchNamespaceException"),
        ("GET", "namespaces/default/tables/no", 404, "NoSuchTableException"),
        ("GET", "namespaces/default/views/no", 404, "NoSuchTableException"),
        ("POST", "namespaces", 406, "UnsupportedOperationException"),
        ("DELETE", "namespaces/default/tables/cohort", 406, "UnsupportedOperationException"),
        ("POST", "namespaces/default/tables/cohort", 406, "UnsupportedOperationException"),
    ]:
        answer = requests.request(method, f"{root}/{path}", json={}, timeout=10)
        assert (answer.status_code, answer.json()["error"]["type"], answer.json()["error"]["code"]) == (status, name, status), (path, answer.text)
    assert requests.post(f"{root}/namespaces/default/tables/cohort/metrics", json={}, timeout=10).status_code == 204


def test_tokens_are_for_those_who_have_a_key(make_server):
    server = make_server()
    create_store(server, "mine", reference_arn(server))
    key = credentials.create(server.data_dir, "one")
    other = credentials.create(server.data_dir, "other", account="111111111111")
    time.sleep(1.2)  # the server looks at its users once a second
    assert requests.get(f"{server.endpoint}/iceberg/v1/namespaces", timeout=10).status_code == 401
    assert catalog(server, credential=f"{key['accessKeyId']}:{key['secretAccessKey']}").list_tables("default") == [("default", "mine")]
    assert catalog(server, credential=f"{other['accessKeyId']}:{other['secretAccessKey']}").list_tables("default") == []

    def token(secret):
        form = {"grant_type": "client_credentials", "client_id": key["accessKeyId"], "client_secret": secret, "scope": "catalog"}
        return requests.post(f"{server.endpoint}/iceberg/v1/oauth/tokens", data=form, timeout=10)

    assert token("wrong").status_code == 401
    good = token(key["secretAccessKey"]).json()["access_token"]

    def listed(bearer):
        return requests.get(f"{server.endpoint}/iceberg/v1/namespaces", headers={"Authorization": f"Bearer {bearer}"}, timeout=10).status_code

    assert listed(good) == 200
    body, code = good.split(".")
    assert [listed(wrong) for wrong in (body, f"{body}.", f"{body}.{code[:-2]}AA", "x.y", "")] == [401] * 5
    # Not elsewhere.
    assert requests.get(f"{server.endpoint}/variantStore/mine", headers={"Authorization": f"Bearer {good}"}, timeout=10).status_code == 403
    credentials.user("delete", "one", data_dir=server.data_dir)
    time.sleep(1.2)
    assert listed(good) == 401


# Files, for clients elsewhere


def s3(server, key, secret):
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1})
    return boto3.client("s3", endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret, config=config)


def table_files(server, **more):
    """What loadTable gives to a client that asks for keys."""
    place = f"{server.endpoint}/iceberg/v1/namespaces/default/tables/cohort"
    return requests.get(place, headers={"X-Iceberg-Access-Delegation": "vended-credentials", **more}, timeout=10)


def test_locations_are_those_of_the_s3_door_for_clients_that_want_keys(server):
    assert catalog(server).load_table("default.cohort").location().startswith("s3://varberg-warehouse/")
    here = requests.get(f"{server.endpoint}/iceberg/v1/namespaces/default/tables/cohort", timeout=10).json()
    assert here["metadata-location"].startswith("file://") and here["config"] == {}
    files = s3(server, "any", "any").list_objects_v2(Bucket="varberg-warehouse")["Contents"]
    assert {key["Key"].rsplit(".", 1)[1] for key in files} == {"json", "avro", "parquet"}
    door = s3(server, "any", "any")
    for file in files:
        whole = door.get_object(Bucket="varberg-warehouse", Key=file["Key"])["Body"].read()
        assert len(whole) == file["Size"] == door.head_object(Bucket="varberg-warehouse", Key=file["Key"])["ContentLength"]
        assert b"file://" not in whole, file["Key"]
        end = door.get_object(Bucket="varberg-warehouse", Key=file["Key"], Range=f"bytes={len(whole) - 7}-")["Body"].read()
        assert end == whole[-7:]


def test_a_manifest_list_says_how_long_its_manifests_are_there(server):
    door = s3(server, "any", "any")
    table = catalog(server).load_table("default.cohort")
    for manifest in table.current_snapshot().manifests(table.io):
        head = door.head_object(Bucket="varberg-warehouse", Key=manifest.manifest_path.removeprefix("s3://varberg-warehouse/"))
        assert head["ContentLength"] == manifest.manifest_length
        for entry in manifest.fetch_manifest_entry(table.io):
            assert entry.data_file.file_path.startswith("s3://varberg-warehouse/") and entry.data_file.record_count == 40


def test_keys_are_for_one_table_and_its_reader(make_server):
    server = make_server()
    reference = reference_arn(server)
    for name in ("cohort", "second"):
        create_store(server, name, reference, layout="long")
        (server.files / "a.vcf").write_text(COHORT + "".join(LINES))
        import_files(server, name, "a.vcf")
    key = credentials.create(server.data_dir, "one")
    time.sleep(1.2)  # the server looks at its users once a second
    credential = f"{key['accessKeyId']}:{key['secretAccessKey']}"
    table = catalog(server, credential=credential).load_table("default.cohort")
    assert table.scan(row_filter="sampleid = 'A'").to_arrow().num_rows == 40

    database = duckdb.connect()
    for name in ("avro", "httpfs", "iceberg"):
        loaded(database, name)
    database.execute(
        f"CREATE SECRET (TYPE iceberg, CLIENT_ID '{key['accessKeyId']}', CLIENT_SECRET '{key['secretAccessKey']}',"
        f" OAUTH2_SERVER_URI '{server.endpoint}/iceberg/v1/oauth/tokens')"
    )
    database.execute(f"ATTACH '' AS lake (TYPE iceberg, ENDPOINT '{server.endpoint}/iceberg')")
    assert database.execute('SELECT sampleid, count(*) FROM lake."default".cohort GROUP BY 1 ORDER BY 1').fetchall() == [("A", 40), ("B", 40)]

    token = requests.post(
        f"{server.endpoint}/iceberg/v1/oauth/tokens",
        data={"grant_type": "client_credentials", "client_id": key["accessKeyId"], "client_secret": key["secretAccessKey"]},
        timeout=10,
    ).json()["access_token"]
    config = table_files(server, Authorization=f"Bearer {token}").json()["config"]
    given, secret = config["s3.access-key-id"], config["s3.secret-access-key"]
    assert key["secretAccessKey"] not in str(config)
    own, own_secret = key["accessKeyId"], key["secretAccessKey"]
    directories = {file["Key"].split("/")[1]: file["Key"] for file in s3(server, own, own_secret).list_objects_v2(Bucket="varberg-warehouse")["Contents"]}
    mine, other = directories["cohort"], directories["second"]

    def read(key, secret, file, bucket="varberg-warehouse"):
        try:
            return len(s3(server, key, secret).get_object(Bucket=bucket, Key=file)["Body"].read()) > 0
        except ClientError as error:
            return error.response["Error"]["Code"]

    assert read(given, secret, mine) is True and read(own, own_secret, other) is True
    assert read(given, secret, other) == "AccessDenied"
    assert read(given, secret, "000000000000/x.csv", "varberg-results") == "AccessDenied"
    assert {file["Key"].split("/")[1] for file in s3(server, given, secret).list_objects_v2(Bucket="varberg-warehouse")["Contents"]} == {"cohort"}
    assert read(given, "wrong", mine) == "SignatureDoesNotMatch"
    # Another end, or another table, makes another key: its secret is not known.
    assert read(given[:5] + "9" + given[6:], secret, mine) == "SignatureDoesNotMatch"
    ended = f"VBTK{int(time.time()) - 1:010d}" + given[14:]
    code = hmac.new(own_secret.encode(), b"varberg table files 1\0" + ended.encode(), "sha256").hexdigest()
    assert read(ended, code, mine) == "ExpiredToken"
    # It is a key for files and nothing else.
    omics = boto3.client("omics", endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id=given, aws_secret_access_key=secret, config=Config(inject_host_prefix=False))
    with pytest.raises(ClientError):
        omics.list_variant_stores()
    credentials.user("delete", "one", data_dir=server.data_dir)
    credentials.create(server.data_dir, "two")
    time.sleep(1.2)
    assert read(given, secret, mine) == "InvalidAccessKeyId"
