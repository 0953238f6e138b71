"""Latency of small statements: `SELECT 1`, and a region of one sample in a store of five million records, beside `bcftools view -r -s` on
the indexed BCF of the same file.

Statements follow each other with a pause of 50 ms on one server that does nothing else. Median and 99th of a hundred; a statement ends with the last byte of
its answer in a file, a command with its last byte in a file.
"""

import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

import single_sample
from cohort_varberg import post
from measure import WORK, cpu_model, version
from report import section, table
from server import BUCKET, ROLE, Server, binary, create_store, reference_arn, wait_for

TIMES = 100
REGION = 100_000


def latencies(work) -> list[float]:
    work(0), work(1)
    times = []
    for number in range(TIMES):
        time.sleep(0.05)
        began = time.perf_counter()
        work(number)
        times.append((time.perf_counter() - began) * 1e3)
    return times


def main():
    single_sample.inputs()
    bcf = WORK / "single-5000000.bcf"
    if not bcf.exists():
        subprocess.run(["bcftools", "view", "--threads", "2", "-Ob", "-o", bcf, single_sample.VCF], check=True)
        subprocess.run(["bcftools", "index", bcf], check=True)
    sample = subprocess.run(["bcftools", "query", "-l", bcf], check=True, capture_output=True, text=True).stdout.split()[0]
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "files").mkdir()
        os.link(single_sample.VCF, scratch / "files" / "sample.vcf.gz")
        with Server(scratch / "data", scratch / "files", lease_s=30) as server:
            create_store(server, "sample", reference_arn(server))
            client = server.client()
            job = client.start_variant_import_job(destinationName="sample", roleArn=ROLE, items=[{"source": f"s3://{BUCKET}/sample.vcf.gz"}])["jobId"]
            wait_for(lambda: single_sample.ended(client, job), "the job to end", 3600, 0.1)
            places = server.sql("SELECT contigname, min(start) AS first, max(start) AS last FROM sample GROUP BY contigname ORDER BY 1")
            chance = random.Random(20261123)
            regions = []
            for _ in range(TIMES):
                place = chance.choice(places)
                begin = chance.randint(place["first"], max(place["first"], place["last"] - REGION))
                regions.append((place["contigname"], begin, begin + REGION))

            def ask(sql):
                with tempfile.TemporaryFile(dir=WORK) as output:
                    if post(server, sql, output) != 200:
                        raise RuntimeError("the statement failed")

            def region(number):
                contig, begin, end = regions[number]
                ask(f"SELECT * FROM sample WHERE contigname = '{contig}' AND start < {end} AND \"end\" > {begin} AND sampleid = '{sample}'")

            def bcftools(number):
                contig, begin, end = regions[number]
                command = ["bcftools", "view", "-H", "-r", f"{contig}:{begin + 1}-{end}", "-s", sample, "-o", scratch / "out.vcf", bcf]
                subprocess.run(command, check=True, capture_output=True)

            contig, begin, end = regions[0]
            count = server.value(f"SELECT count(*) FROM sample WHERE contigname = '{contig}' AND start < {end} AND \"end\" > {begin}")
            found = {
                "SELECT 1": latencies(lambda _: ask("SELECT 1")),
                "region of one sample: varberg, all columns": latencies(region),
                "region of one sample: bcftools view -r -s": latencies(bcftools),
            }
    lines = [[name, f"{statistics.median(times):.1f}", f"{statistics.quantiles(times, n=100)[98]:.1f}", f"{min(times):.1f}"] for name, times in found.items()]
    head = f"- {version(str(binary()), '--version')}; {version('bcftools', '--version')}; {os.cpu_count()} cores ({cpu_model()}); {TIMES} statements each\n- 5,000,000 records of one sample; regions of {REGION:,} bases at random places (the first has {count} records)\n\n"
    section("Small statements", head + table(["", "p50 ms", "p99 ms", "least ms"], lines) + "\n\nBounds: `SELECT 1` p50 below 10 ms; the region p50 below 100 ms and at most that of bcftools.")


if __name__ == "__main__":
    main()
