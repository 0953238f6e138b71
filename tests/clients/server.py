"""Starts the real program on a directory of its own, and reads its tables without its help.

In: the binary named by VARBERG_BIN. Out: a running server with its address. Nothing here knows how the program works
inside, except for the two public things a user may rely on: the data directory's layout and the Iceberg tables in it.
"""

import json
import os
import pathlib
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.parse

import boto3
import requests
from botocore.config import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/importer"
BUCKET = "lab-files"
AWS = pathlib.Path(sys.executable).parent / "aws"
FULL = os.environ.get("VARBERG_FULL") == "1"
NO_AWS = {
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
TERMINAL = {"COMPLETED", "COMPLETED_WITH_FAILURES", "FAILED", "CANCELLED"}


def binary() -> pathlib.Path:
    """The program under test."""
    named = os.environ.get("VARBERG_BIN")
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    path = pathlib.Path(named) if named else pathlib.Path(target) / "debug" / "varberg"
    if not path.exists():
        raise RuntimeError(f"{path} does not exist; build it with `make build` or name it with VARBERG_BIN")
    return path


def wait_for(condition, what: str, timeout: float = 60.0, interval: float = 0.05):
    """Polls until `condition` answers something true, and returns that; fails with `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s in vain: {what}")
        time.sleep(interval)


class Server:
    """`varberg serve` on `data_dir`; `files` is what the bucket `lab-files` shows; `wrapper` starts
    the command, `environment` is added to a clean one; `ca` is the certificate to trust when it speaks TLS."""

    def __init__(
        self, data_dir, files, hold=None, config="", lease_s=3, args=(), wrapper=(), environment=None, ca=None, listen="127.0.0.1:0"
    ):
        self.ca = ca
        self.data_dir = pathlib.Path(data_dir)
        self.files = pathlib.Path(files)
        self.files.mkdir(parents=True, exist_ok=True)
        self.log_path = self.data_dir.parent / f"{self.data_dir.name}-{time.monotonic_ns()}.log"
        config_path = self.log_path.with_suffix(".toml")
        config_path.write_text(f"[import]\nlease_s = {lease_s}\n{config}")
        environment = clean_environment() | (environment or {})
        if hold:
            environment["VARBERG_HOLD_AT"] = hold
        command = [*wrapper, str(binary()), "serve", "--listen", listen, "--data-dir", str(self.data_dir)]
        command += ["--config", str(config_path), "--bucket", f"{BUCKET}={self.files}", *args]
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._log = open(self.log_path, "wb")
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=self._log)
        self.endpoint = self._wait_until_ready()

    def _wait_until_ready(self) -> str:
        def address():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()}")
            found = re.search(r'listening on (https?)://[^\s"]+:(\d+)', self.log())
            return found and f"{found.group(1)}://127.0.0.1:{found.group(2)}"

        endpoint = wait_for(address, "the line that says where the server listens", 30)
        wait_for(lambda: self._is_ready(endpoint), "/health/ready to answer 200", 30)
        return endpoint

    def _is_ready(self, endpoint) -> bool:
        try:
            return requests.get(f"{endpoint}/health/ready", timeout=5, verify=self.ca).status_code == 200
        except requests.ConnectionError:
            return False

    def log(self) -> str:
        return re.sub(r"\x1b\[[0-9;]*m", "", self.log_path.read_text(errors="replace"))

    def client(self, **config):
        """An unmodified boto3 client; the endpoint and the host-prefix switch are all it needs."""
        return boto3.client(
            "omics",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="thing",
            config=Config(inject_host_prefix=False, **config),
        )

    def sql(self, statement: str, accept: str = "application/json"):
        """The answer of `POST /sql`; JSON as a list of row objects, everything else as bytes."""
        answer = requests.post(f"{self.endpoint}/sql", data=statement.encode(), headers={"Accept": accept}, timeout=600)
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text[:2000]}"
        return answer.json() if accept == "application/json" else answer.content

    def value(self, statement: str):
        """The only value of the only row."""
        rows = self.sql(statement)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return next(iter(rows[0].values()))

    def peak_memory(self) -> int:
        """Highest resident memory of the server process so far, in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024

    def kill(self):
        """kill -9: nothing is cleaned up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code. A stopped (SIGSTOP) server is woken first."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(45)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"SIGTERM did not end the server within 45 s:\n{self.log()[-2000:]}") from None
        self._log.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self._log.close()


def clean_environment() -> dict:
    """The environment without settings that would point a client or the server elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "VARBERG_"))}
    return kept | NO_AWS


def isolate():
    """Makes this process forget the AWS settings of whoever runs the tests."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(NO_AWS)


# What a user does


def run_aws(running, *arguments, fails_with=None):
    """`aws omics ...` against a server; what it printed, parsed."""
    environment = clean_environment() | {
        "AWS_ENDPOINT_URL_OMICS": running.endpoint,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "thing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
    }
    done = subprocess.run([AWS, "omics", *arguments, "--output", "json"], env=environment, capture_output=True, text=True, timeout=120)
    if fails_with:
        assert done.returncode != 0 and fails_with in done.stderr, done
        return None
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def reference_arn(server: Server, fasta: str = "reference.fa", text: str | None = ">chr1\nACGTACGTAC\n") -> str:
    """Creates a reference store, imports a FASTA (a file that is there if no text is given) and gives the reference's ARN."""
    if text is not None:
        (server.files / fasta).write_text(text)
    client = server.client()
    store = client.create_reference_store(name="references")["id"]
    source = {"sourceFile": f"s3://{BUCKET}/{fasta}", "name": "tiny"}
    job = client.start_reference_import_job(referenceStoreId=store, roleArn=ROLE, sources=[source])["id"]
    wait_for(
        lambda: client.get_reference_import_job(id=job, referenceStoreId=store)["status"] == "COMPLETED",
        "the reference import to complete",
        30,
    )
    return client.list_references(referenceStoreId=store)["references"][0]["arn"]


def create_store(server: Server, name: str, arn: str, layout: str = "auto") -> dict:
    """`long` for tests that read the columns of the contract from the data files."""
    tags = {"varberg:layout": layout} if layout != "auto" else {}
    return server.client().create_variant_store(name=name, reference={"referenceArn": arn}, tags=tags)


def start_import(server: Server, store: str, *sources: str) -> str:
    """Starts an import job of files of the bucket (or of whole URIs); its id."""
    items = [{"source": s if "://" in s else f"s3://{BUCKET}/{s}"} for s in sources]
    return server.client().start_variant_import_job(destinationName=store, roleArn=ROLE, items=items)["jobId"]


def wait_for_job(server: Server, job: str, timeout: float = 60.0) -> dict:
    client = server.client()

    def ended():
        answer = client.get_variant_import_job(jobId=job)
        return answer if answer["status"] in TERMINAL else None

    return wait_for(ended, f"job {job} to end", timeout)


def import_files(server: Server, store: str, *sources: str, timeout: float = 60.0) -> dict:
    return wait_for_job(server, start_import(server, store, *sources), timeout)


# The data directory, read by other means than the program's own


def metadata_location(data_dir: pathlib.Path, store: str) -> str:
    """The current metadata file of a store's table, from the SQLite catalog that PyIceberg reads too."""
    with sqlite3.connect(f"file:{data_dir}/catalog.sqlite?mode=ro", uri=True) as db:
        query = "select metadata_location from iceberg_tables where table_name = ?"
        rows = db.execute(query, (store,)).fetchall()
    assert len(rows) == 1, f"{store}: {rows}"
    return rows[0][0]


def tables(data_dir: pathlib.Path) -> list[str]:
    with sqlite3.connect(f"file:{data_dir}/catalog.sqlite?mode=ro", uri=True) as db:
        return [row[0] for row in db.execute("select metadata_location from iceberg_tables").fetchall()]


def to_path(location: str) -> str:
    return urllib.parse.unquote(urllib.parse.urlparse(location).path) if location.startswith("file:") else location


def reachable_files(data_dir: pathlib.Path) -> set[str]:
    """Every file that the tables' metadata names, followed with PyIceberg."""
    from pyiceberg.table import StaticTable

    found = set()
    for location in tables(data_dir):
        table = StaticTable.from_metadata(location)
        found.add(to_path(location))
        found.update(to_path(entry.metadata_file) for entry in table.metadata.metadata_log)
        for snapshot in table.metadata.snapshots:
            found.add(to_path(snapshot.manifest_list))
            for manifest in snapshot.manifests(table.io):
                found.add(to_path(manifest.manifest_path))
                entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)  # what a snapshot deletes is not its own
                found.update(to_path(entry.data_file.file_path) for entry in entries)
    return found


def stored_files(data_dir: pathlib.Path) -> set[str]:
    """Every file of the warehouse that is not a reference's or the mark of its catalog."""
    warehouse = data_dir / "warehouse"
    every = (p for p in warehouse.rglob("*") if p.is_file())
    return {str(p) for p in every if p.relative_to(warehouse).parts[0] not in ("references", "varberg-catalog-id")}


def wait_for_no_leftovers(data_dir: pathlib.Path, timeout: float = 45.0):
    """Stored files = reachable files, once the janitor has been."""
    state = {}

    def clean():
        try:
            state["stored"], state["reachable"] = stored_files(data_dir), reachable_files(data_dir)
        except FileNotFoundError as gone:  # a table was dropped while we looked
            state["gone"] = str(gone)
            return False
        return state["stored"] == state["reachable"]

    try:
        wait_for(clean, "no leftover files", timeout, 0.3)
    except AssertionError as error:
        left = sorted(state.get("stored", set()) - state.get("reachable", set()))
        lost = sorted(state.get("reachable", set()) - state.get("stored", set()))
        raise AssertionError(f"{error}\nleft over: {left}\nmissing: {lost}\n{state.get('gone', '')}") from None


def wait_readable(stream, timeout: float) -> bool:
    return bool(select.select([stream], [], [], timeout)[0])
