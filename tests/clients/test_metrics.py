"""`/metrics` and the log: what can be counted and read about a running server."""

import json
import re
import socket
import time

import pytest
import requests
from server import create_store, import_files, reference_arn, wait_for
from vcf_files import vcf

LINE = re.compile(r'([a-z_]+)(?:\{(.*)\})? (\S+)')


def metrics(server) -> dict:
    """Value by name and labels, as `name{label="value"}`."""
    answer = requests.get(f"{server.endpoint}/metrics", timeout=10)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {}
    for line in answer.text.splitlines():
        if line.startswith("#"):
            assert re.fullmatch(r"# (HELP|TYPE) varberg_\w+ .+", line), line
            continue
        name, labels, value = LINE.fullmatch(line).groups()
        found[f"{name}{{{labels}}}" if labels else name] = float(value)
    return found


def test_requests_jobs_parts_and_statements_are_counted(make_server):
    server = make_server()
    arn = reference_arn(server)
    (server.files / "secret_name.vcf").write_text(vcf())
    size = (server.files / "secret_name.vcf").stat().st_size
    create_store(server, "hidden_cohort", arn)
    import_files(server, "hidden_cohort", "secret_name.vcf")
    server.sql("SELECT count(*) FROM hidden_cohort")
    assert requests.post(f"{server.endpoint}/sql", data="SELECT nonsense", timeout=30).status_code == 400
    with pytest.raises(server.client().exceptions.ResourceNotFoundException):
        server.client().get_variant_store(name="nobody")
    found = metrics(server)
    assert found['varberg_requests_total{operation="CreateVariantStore",status="200"}'] == 1
    assert found['varberg_requests_total{operation="GetVariantStore",status="404"}'] == 1
    assert found['varberg_request_duration_seconds_count{operation="Query"}'] == 2
    assert found['varberg_request_duration_seconds_bucket{operation="Query",le="+Inf"}'] == 2
    assert found['varberg_jobs{kind="variant",status="COMPLETED"}'] == 1
    assert found['varberg_jobs{kind="variant",status="FAILED"}'] == 0
    assert found['varberg_jobs{kind="reference",status="COMPLETED"}'] == 1
    assert found["varberg_import_parts_total"] == 1 and found["varberg_import_bytes_total"] == size
    assert found['varberg_statements_total{result="answered"}'] == 1
    assert found['varberg_statements_total{result="refused"}'] == 1
    assert found["varberg_statements_running"] == 0
    assert found["varberg_webhook_waiting_events"] == 0
    assert any(name.startswith("varberg_build_info{") for name in found)
    assert metrics(server)['varberg_requests_total{operation="GetMetrics",status="200"}'] == 1
    text = requests.get(f"{server.endpoint}/metrics", timeout=10).text
    assert not any(name in text for name in ("hidden_cohort", "secret_name", "nobody", "S1"))


def test_a_statement_that_is_stopped_is_counted_as_such(make_server):
    server = make_server(config="[query]\ntime_s = 1\n")
    digits = "WITH d(n) AS (VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)) SELECT sum(" + "+".join(f"t{i}.n" for i in range(10)) + ") FROM "
    endless = digits + ", ".join(f"d t{i}" for i in range(10))
    answer = requests.post(f"{server.endpoint}/sql", data=endless, timeout=60)
    assert answer.status_code == 400, answer.text
    assert metrics(server).get('varberg_statements_total{result="killed"}', 0) == 1, answer.text


def json_log(server) -> list[dict]:
    return [json.loads(line) for line in server.log().splitlines()]


def test_a_json_log_has_one_line_for_each_request(make_server):
    server = make_server(args=("--log-format", "json"), environment={"VARBERG_LOG_LEVEL": "debug"})
    created = server.client().create_reference_store(name="one")["ResponseMetadata"]["RequestId"]
    assert requests.get(f"{server.endpoint}/health/live", timeout=5).status_code == 200
    missing = requests.get(f"{server.endpoint}/variantStore/nobody", timeout=5)
    unknown = requests.get(f"{server.endpoint}/nothing/here", timeout=5)
    ended = lambda: [line for line in json_log(server) if line["message"] == "answered"]  # noqa: E731
    wait_for(lambda: len(ended()) >= 4, "the lines")
    by_id = {line["request.id"]: line for line in ended()}
    assert len(by_id) == len(ended()), "one line a request"
    line = by_id[created]
    assert (line["operation"], line["status"], line["caller"], line["level"]) == ("CreateReferenceStore", 200, "any", "info")
    assert (line["method"], line["path"]) == ("POST", "/referencestore")
    assert isinstance(line["duration_ms"], int) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line["time"])
    line = by_id[missing.headers["x-amzn-requestid"]]
    assert (line["operation"], line["status"], line["level"]) == ("GetVariantStore", 404, "debug")
    line = by_id[unknown.headers["x-amzn-requestid"]]
    assert line["status"] == 404 and "operation" not in line


def test_a_request_that_fails_tells_why_once_with_its_id(make_server):
    server = make_server(args=("--log-format", "json"))
    create_store(server, "cohort", reference_arn(server))
    # A catalog that is damaged while the server runs: no fault of the client.
    import sqlite3

    with sqlite3.connect(server.data_dir / "catalog.sqlite") as db:
        db.execute("UPDATE variant_stores SET tags = 'broken'")
    answer = requests.get(f"{server.endpoint}/variantStore/cohort", timeout=10)
    assert answer.status_code == 500 and "broken" not in answer.text
    told = [line for line in json_log(server) if line.get("request.id") == answer.headers["x-amzn-requestid"]]
    assert [(line["level"], line["message"]) for line in told] == [("error", "a request failed")], told
    assert "tags" in told[0]["error"]


def test_a_client_that_leaves_is_told_of_once(make_server):
    server = make_server(args=("--log-format", "json"), environment={"VARBERG_LOG_LEVEL": "debug"})
    host, port = server.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET /varberg/events?wait=20 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        time.sleep(0.5)
    ends = ("answered", "the client left before the answer")
    of_it = lambda: [line for line in json_log(server) if line.get("path") == "/varberg/events" and line["message"] in ends]  # noqa: E731
    wait_for(of_it, "the end of the request", 10)
    assert [line["message"] for line in of_it()] == ["the client left before the answer"]
    assert metrics(server)['varberg_requests_total{operation="none",status="none"}'] == 1
