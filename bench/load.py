"""64 signed clients against one server on the same cores: calls a second and latencies, alone and while five imports run.

The clients (crates/server/examples/load.rs) share the machine's cores with the server. Seven of ten calls get or list. The imports
are those of a cohort's file that is repeated until the load ends. Prints a table.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from measure import cpu_model, version  # first: it knows where the clients' helpers are
from credentials import create, wait_until_known
from server import BUCKET, ROLE, Server, binary, create_store, reference_arn, start_import, wait_for_job

CLIENTS = int(os.environ.get("VARBERG_BENCH_CLIENTS", "64"))
SECONDS = int(os.environ.get("VARBERG_BENCH_SECONDS", "20"))
STORES, SAMPLES, RECORDS = 50, 200, 40_000


def cohort(path: pathlib.Path):
    head = "##fileformat=VCFv4.2\n##contig=<ID=chr1>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"x\">\n"
    with open(path, "w") as out:
        names = "\t".join(f"s{i}" for i in range(SAMPLES))
        out.write(f"{head}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n")
        calls = "\t".join(["0|0", "0|1", "1|1", "0|0"] * (SAMPLES // 4))
        for position in range(1, RECORDS + 1):
            out.write(f"chr1\t{position * 10}\t.\tA\tC\t30\tPASS\t.\tGT\t{calls}\n")


def load(server: Server, credentials: tuple, job: str) -> dict:
    generator = binary().parent / "examples" / "load"
    command = [str(generator), server.endpoint, *credentials, str(CLIENTS), str(SECONDS), "store_0", job]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    with tempfile.TemporaryDirectory() as base:
        base = pathlib.Path(base)
        config = f'max_jobs = 5\n[roles."*"]\nsources = ["s3://{BUCKET}/"]\n'
        with Server(base / "data", base / "files", config=config) as server:
            arn = reference_arn(server)
            for index in range(STORES):
                create_store(server, f"store_{index}", arn)
            (server.files / "small.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t1\t.\tA\tC\t.\t.\t.\n")
            cohort(server.files / "cohort.vcf")
            job = start_import(server, "store_0", "small.vcf")
            wait_for_job(server, job)
            key = create(server.data_dir, "bench")
            wait_until_known(server, key)
            credentials = (key["accessKeyId"], key["secretAccessKey"])
            idle = load(server, credentials, job)
            running = Imports(server, credentials)
            busy = load(server, credentials, job)
            finished = running.stop()
    print(f"{CLIENTS} signed clients, {SECONDS} s each; {cpu_model()}, {os.cpu_count()} cores; {version(str(binary()), '--version')}")
    print(f"beside: five imports at a time of {RECORDS:,} records x {SAMPLES} samples, {finished} of which ended")
    print(f"{'':14}{'calls/s':>9}{'get p50':>9}{'get p99':>9}{'list p99':>10}{'write p99':>11}{'most':>8}  failed")
    for name, found in (("alone", idle), ("five imports", busy)):
        kinds = found["kinds"]
        most = max(kind["most"] for kind in kinds.values())
        failed = sum(kind["failed"] for kind in kinds.values())
        print(
            f"{name:14}{found['calls_a_second']:9.0f}{kinds['get']['p50']:9.1f}{kinds['get']['p99']:9.1f}{kinds['list']['p99']:10.1f}"
            f"{kinds['write']['p99']:11.1f}{most:8.0f}  {failed}"
        )


class Imports:
    """Keeps five import jobs going until it is told to stop."""

    def __init__(self, server: Server, credentials: tuple):
        import threading

        import boto3
        from botocore.config import Config

        self.client = boto3.client(
            "omics",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id=credentials[0],
            aws_secret_access_key=credentials[1],
            config=Config(inject_host_prefix=False),
        )
        self.ended, self.stopping = 0, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        items = [{"source": f"s3://{BUCKET}/cohort.vcf"}]
        start = lambda store: self.client.start_variant_import_job(destinationName=store, roleArn=ROLE, items=items)["jobId"]
        jobs = {f"store_{i}": start(f"store_{i}") for i in range(1, 6)}
        while not self.stopping.wait(0.2):
            for store, job in jobs.items():
                status = self.client.get_variant_import_job(jobId=job)["status"]
                if status == "COMPLETED":
                    self.ended += 1
                    jobs[store] = start(store)
                elif status == "FAILED":
                    sys.exit("an import failed")

    def stop(self) -> int:
        self.stopping.set()
        self.thread.join()
        return self.ended


if __name__ == "__main__":
    main()
