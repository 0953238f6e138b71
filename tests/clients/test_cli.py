"""The command line, as a shell sees it: standard output is data, standard error is talk, exit codes 0, 1, 2, 3."""

import csv
import io
import json
import re
import shlex
import subprocess

import pyarrow as pa
import pyarrow.parquet
import pytest
from server import BUCKET, binary, clean_environment, create_store
from vcf_files import MALFORMED, bgzf, fasta, vcf


def as_json(done):
    return json.loads(done.stdout)


def test_the_journey(shared_server, varberg):
    files = shared_server.files
    (files / "shell.fa").write_text(fasta())
    arn = varberg("reference", "import", f"s3://{BUCKET}/shell.fa", "--name", "shell-reference", "--store", "shell").stdout.strip()
    assert re.fullmatch(r"arn:aws:omics:us-east-1:000000000000:referenceStore/\d{10}/reference/\d{10}", arn)
    listed = as_json(varberg("reference", "list", "--output", "json"))["references"]
    assert "shell-reference" in [r["name"] for r in listed]

    assert varberg("store", "create", "shell_store", "--reference", "shell-reference", "--tag", "a=b").stdout == "shell_store\n"
    shown = as_json(varberg("store", "show", "shell_store", "--output", "json"))
    assert (shown["status"], shown["reference"]["referenceArn"], shown["tags"]) == ("ACTIVE", arn, {"a": "b"})
    assert "shell_store" in varberg("store", "list").stdout
    stores = as_json(varberg("store", "list", "--status", "ACTIVE", "--output", "json"))["variantStores"]
    assert "shell_store" in [s["name"] for s in stores]

    (files / "shell1.vcf").write_text(vcf(10))
    (files / "shell2.vcf.gz").write_bytes(bgzf(vcf(5).encode()))
    (files / "shellbad.vcf").write_text(MALFORMED)
    good, more, bad = (f"s3://{BUCKET}/{f}" for f in ("shell1.vcf", "shell2.vcf.gz", "shellbad.vcf"))
    done = varberg("import", "shell_store", good, more, "--wait", "--output", "json")
    assert as_json(done)["status"] == "COMPLETED"
    partly = varberg("import", "shell_store", good, bad, "--wait", exit=3)
    assert "E15" in partly.stdout + partly.stderr
    varberg("import", "shell_store", bad, "--wait", exit=1)
    job = varberg("import", "shell_store", good).stdout.strip()
    assert re.fullmatch(r"[0-9a-f-]{36}", job)
    varberg("job", "watch", job)
    assert as_json(varberg("job", "show", job, "--output", "json"))["status"] == "COMPLETED"
    shown = varberg("job", "show", job).stdout
    assert re.search(r"^normalized +no$", shown, re.M) and re.search(r"^annotations +CSQ$", shown, re.M), shown
    assert re.search(rf"^COMPLETED +10 +{re.escape(good)}$", shown, re.M), shown
    jobs = as_json(varberg("job", "list", "--store", "shell_store", "--output", "json"))["variantImportJobs"]
    assert len(jobs) == 4 and jobs[0]["id"] == job
    cancelled = varberg("job", "cancel", job, exit=1)
    assert cancelled.stdout == "" and "error:" in cancelled.stderr

    count = 'SELECT count(*) AS n FROM "default"."shell_store"'
    assert varberg("query", count, "-o", "csv").stdout.split() == ["n", str((10 + 5 + 10 + 10) * 2)]
    assert as_json(varberg("query", count, "--output", "json")) == [{"n": 70}]
    varberg("store", "delete", "shell_store", "--force")


def test_every_form_of_an_answer(shared_server, reference, varberg):
    create_store(shared_server, "forms", reference)
    statement = "SELECT 1 AS a, 'x,\"y' AS b, CAST(NULL AS varchar) AS c UNION ALL SELECT 2, 'z', 'd' ORDER BY a"
    wanted = [{"a": 1, "b": 'x,"y', "c": None}, {"a": 2, "b": "z", "c": "d"}]
    assert as_json(varberg("query", statement, "-o", "json")) == wanted
    lines = varberg("query", statement, "-o", "ndjson").stdout.splitlines()
    assert [{"c": None} | json.loads(line) for line in lines] == wanted
    assert list(csv.reader(io.StringIO(varberg("query", statement, "-o", "csv").stdout))) == [["a", "b", "c"], ["1", 'x,"y', ""], ["2", "z", "d"]]
    assert varberg("query", statement, "-o", "tsv").stdout.splitlines()[0] == "a\tb\tc"
    table = varberg("query", statement, "-o", "table").stdout
    assert re.search(r"\| a \| b\s+\| c", table)
    for form in ("arrow", "parquet"):
        settings = clean_environment() | {"VARBERG_ENDPOINT": shared_server.endpoint}
        raw = subprocess.run([binary(), "query", statement, "-o", form], env=settings, capture_output=True, timeout=60)
        assert raw.returncode == 0
        source = io.BytesIO(raw.stdout)
        got = pa.ipc.open_stream(source).read_all() if form == "arrow" else pa.parquet.read_table(source)
        assert got.to_pylist() == wanted
    assert as_json(varberg("query", "-", "-o", "json", stdin=statement)) == wanted


def test_an_empty_answer_has_its_columns(shared_server, reference, varberg):
    create_store(shared_server, "empty_answer", reference)
    assert varberg("query", "SELECT start, sampleid FROM empty_answer", "-o", "csv").stdout.strip() == "start,sampleid"
    assert as_json(varberg("query", "SELECT start FROM empty_answer", "-o", "json")) == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT nothing FROM nowhere",
        "SELEC 1",
        "",
        "DROP TABLE forms",
        "CREATE TABLE x AS SELECT 1",
        "INSERT INTO forms VALUES (1)",
        "COPY (SELECT 1) TO '/tmp/varberg-copy-test.csv'",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "SELECT * FROM '/etc/passwd'",
        "SELECT 1; SELECT 2",
        "SET datafusion.execution.batch_size = 1",
    ],
)
def test_statements_that_are_refused(varberg, statement):
    done = varberg("query", statement, exit=1)
    assert done.stdout == ""
    assert done.stderr.startswith("error:") and "panicked" not in done.stderr


def test_a_wrong_call_ends_with_2(varberg):
    varberg("no-such-command", exit=2)
    varberg("import", "somewhere", exit=2)
    varberg("import", "somewhere", "/no/such/file.vcf", exit=2)
    varberg("query", "SELECT 1", "-o", "no-such-form", exit=2)


def test_an_error_of_the_server_ends_with_1(varberg):
    done = varberg("store", "show", "no_such_store", exit=1)
    assert done.stdout == "" and "no_such_store" in done.stderr
    varberg("store", "create", "Bad-Name", "--reference", "arn:aws:omics:us-east-1:000000000000:referenceStore/1234567890/reference/1234567890", exit=2)


def test_without_a_server_it_says_so(varberg):
    done = varberg("store", "list", "--endpoint", "http://127.0.0.1:9", exit=1)
    assert "varberg serve" in done.stderr and "127.0.0.1:9" in done.stderr


def test_env_points_clients_here_and_doctor_agrees(shared_server, varberg):
    lines = varberg("env").stdout.splitlines()
    settings = {}
    for line in lines:
        if line.startswith("#"):
            continue
        word, assignment = shlex.split(line)
        assert word == "export"
        name, _, value = assignment.partition("=")
        settings[name] = value
    assert settings["AWS_ENDPOINT_URL_OMICS"] == shared_server.endpoint
    assert settings["AWS_DISABLE_HOST_PREFIX_INJECTION"] == "true"
    varberg("doctor", environment=settings)
    bad = varberg("doctor", exit=1)
    assert "AWS_ENDPOINT_URL_OMICS" in bad.stdout
    checks = as_json(varberg("doctor", "--output", "json", environment=settings))["checks"]
    assert all(check["ok"] for check in checks)


def test_completions_for_the_usual_shells(varberg):
    for shell in ("bash", "zsh", "fish"):
        assert "varberg" in varberg("completions", shell, endpoint=False).stdout


def test_version_and_help(varberg):
    assert re.fullmatch(r"varberg \d+\.\d+\.\d+\n", varberg("--version").stdout)
    assert "serve" in varberg("--help").stdout


@pytest.mark.timeout(120)
def test_the_demo_shows_three_answers(varberg):
    done = varberg("demo", "--samples", "20", "--records", "2000", endpoint=False)
    assert done.stdout.count("SELECT") >= 3
    assert "varberg" in done.stdout.splitlines()[-1] or "varberg" in done.stdout[-2000:]
