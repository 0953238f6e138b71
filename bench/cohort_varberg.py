"""Varberg's side of the cohort benchmarks: an import by a plain client through the API, and questions to a running server."""

import contextlib
import http.client
import os
import pathlib
import tempfile
import time

import page_cache
import pyarrow.ipc
from cohort_inputs import Input
from measure import WORK
from process_tree import Watch, cpu_seconds
from server import BUCKET, ROLE, TERMINAL, Server, create_store, reference_arn, stored_files, wait_for

STORE = "cohort"
ARROW = "application/vnd.apache.arrow.stream"


class NotOffered(Exception):
    """A statement that the server refuses; the text is the server's."""


@contextlib.contextmanager
def imported(source: Input):
    """A fresh server on an empty directory that has imported the file, and what the import cost: from
    StartVariantImportJob to the first answered `SELECT count(*)`. CPU is that of the server and its children."""
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        scratch = pathlib.Path(scratch)
        files = scratch / "files"
        files.mkdir()
        name = "cohort.vcf.gz"
        os.link(source.path, files / name)
        with Server(scratch / "data", files, lease_s=30) as server:
            create_store(server, STORE, reference_arn(server))
            client = server.client()
            before, began = cpu_seconds(server.process.pid), time.monotonic()
            with Watch(server.process.pid, fresh=True) as watch:
                items = [{"source": f"s3://{BUCKET}/{name}"}]
                job = client.start_variant_import_job(destinationName=STORE, roleArn=ROLE, items=items)["jobId"]
                answer = wait_for(lambda: ended(client, job), "the job to end", 7200, 0.02)
                done = time.monotonic() - began
                if answer["status"] != "COMPLETED":
                    raise RuntimeError(answer["items"])
                rows = server.value(f"SELECT count(*) FROM {STORE}")
                wall = time.monotonic() - began
                cpu = cpu_seconds(server.process.pid) - before
            expected = source.records * max(source.samples, 1)
            if rows != expected:
                raise RuntimeError(f"{rows} rows instead of {expected}")
            size = page_cache.size(*stored_files(server.data_dir))
            yield server, {"wall": wall, "job": done, "cpu": cpu, "memory": watch.memory, "size": size}


def ended(client, job: str):
    answer = client.get_variant_import_job(jobId=job)
    return answer if answer["status"] in TERMINAL else None


def ask(server: Server, statement: str) -> dict:
    """One statement: until its whole answer (an Arrow stream) is in a file, as for the peers that are programs; reading that file
    does not count."""
    with tempfile.TemporaryFile(dir=WORK) as output, Watch(server.process.pid, interval=0.01) as watch:
        before, began = cpu_seconds(server.process.pid), time.monotonic()
        status = post(server, statement, output)
        wall = time.monotonic() - began
        cpu = cpu_seconds(server.process.pid) - before
        output.seek(0)
        if status != 200:
            raise NotOffered(f"{status}: {output.read(200).decode(errors='replace')}")
        table = pyarrow.ipc.open_stream(output).read_all()
        size = output.tell()
    return {"wall": wall, "cpu": max(cpu, watch.cpu), "memory": watch.memory, "bytes": size, "table": table}


def post(server: Server, statement: str, output) -> int:
    """The status of an answer, whose body goes to a file. Not by `requests`, which reads in pieces of 10 KiB: 0.1 s for 70 MB."""
    connection = http.client.HTTPConnection(server.endpoint.removeprefix("http://"), timeout=3600)
    buffer = memoryview(bytearray(1 << 20))
    with contextlib.closing(connection):
        connection.request("POST", "/sql", statement.encode(), {"Accept": ARROW})
        response = connection.getresponse()
        while length := response.readinto(buffer):
            output.write(buffer[:length])
        output.flush()
    return response.status


def forget(server: Server):
    """The pages of the store's files leave the page cache."""
    page_cache.forget(server.data_dir / "warehouse")
