"""Imports five million rows like gnomAD's as delimited text, and has DuckDB copy the same file into Parquet; prints a table.

Both read the same plain file with the same declared columns, use two threads, and write zstd (level 1) in row groups of at most
1,048,576 rows. Varberg's wall time is that of the job, from StartAnnotationImportJob until a client sees it COMPLETED, when its rows
are durable and visible; it also checks every value, makes positions 0-based and keeps where each row came from. The time to the first
answered count, its query process included, stands beside it. DuckDB's is that of its COPY alone, without its start. Rounds take turns; medians are told. The sums of three columns
must agree.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from measure import WORK, cpu_model, cpu_seconds, version, warm
from server import BUCKET, ROLE, Server, binary, wait_for

ROUNDS = int(os.environ.get("VARBERG_BENCH_RUNS", "5"))
ROWS = int(os.environ.get("VARBERG_BENCH_ROWS", "5000000"))
SEED, THREADS = 11, 2
COLUMNS = [
    ("chrom", "STRING"),
    ("pos", "LONG"),
    ("ref", "STRING"),
    ("alt", "STRING"),
    ("rsid", "STRING"),
    ("filter", "STRING"),
    ("ac", "INT"),
    ("an", "INT"),
    ("af", "DOUBLE"),
    ("nhomalt", "INT"),
    ("af_popmax", "DOUBLE"),
    ("consequence", "STRING"),
]
DUCKDB_TYPES = {"STRING": "VARCHAR", "LONG": "BIGINT", "INT": "INTEGER", "DOUBLE": "DOUBLE"}
COPY = """
import sys, time, duckdb
connection = duckdb.connect(config={{"threads": {threads}}})
connection.execute("SET enable_progress_bar = false")
began = time.monotonic()
connection.execute(\"\"\"COPY (SELECT * FROM read_csv('{source}', header=true, delim='\\t', columns={columns})) TO '{target}'
    (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 1048576)\"\"\")
wall = time.monotonic() - began
print(wall, *connection.execute("SELECT count(*), sum(pos - 1), sum(ac) FROM '{target}'").fetchone())
"""


def rows(path: pathlib.Path) -> pathlib.Path:
    """The file, made once: 24 contigs, alleles mostly of one base, frequencies mostly small."""
    if path.exists():
        return warm(path)
    WORK.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    contigs = [f"chr{name}" for name in (*range(1, 23), "X", "Y")]
    consequences = ["missense_variant", "synonymous_variant", "intron_variant", "upstream_gene_variant", "stop_gained"]
    with open(path, "w") as out:
        out.write("\t".join(name for name, _ in COLUMNS) + "\n")
        for place, contig in enumerate(contigs):
            count = ROWS * (place + 1) // len(contigs) - ROWS * place // len(contigs)
            positions = np.cumsum(random.integers(1, 40, count))
            refs, alts = random.integers(0, 4, count), random.integers(1, 4, count)
            lengths = np.where(random.random(count) < 0.92, 1, random.integers(2, 12, count))
            totals = random.integers(120_000, 152_312, count) // 2 * 2
            counts = np.minimum(random.zipf(1.6, count), totals)
            homozygous, which = counts // 50, random.integers(0, 5, count)
            passes, popmax = random.random(count) < 0.9, random.random(count)
            for i in range(count):
                ref = "ACGT"[refs[i]] + "CAGT"[refs[i]] * (lengths[i] - 1)
                frequency = counts[i] / totals[i]
                out.write(
                    f"{contig}\t{positions[i]}\t{ref}\t{'ACGT'[(refs[i] + alts[i]) % 4]}\trs{positions[i] * 24 + place}\t"
                    f"{'PASS' if passes[i] else 'AC0'}\t{counts[i]}\t{totals[i]}\t{frequency:.6g}\t{homozygous[i]}\t"
                    f"{frequency * popmax[i]:.6g}\t{consequences[which[i]]}\n"
                )
    return warm(path)


def varberg(path: pathlib.Path) -> dict:
    """One import by a fresh server with two threads."""
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "files").mkdir()
        os.link(path, scratch / "files" / "rows.tsv")
        with Server(scratch / "data", scratch / "files", lease_s=30, config=f"threads = {THREADS}\n") as server:
            client = server.client()
            keys = {"CHR": "chrom", "POS": "pos", "REF": "ref", "ALT": "alt"}
            schema = [{name: kind} for name, kind in COLUMNS]
            options = {"annotationType": "CHR_POS_REF_ALT", "formatToHeader": keys, "schema": schema}
            client.create_annotation_store(name="gnomad", storeFormat="TSV", storeOptions={"tsvStoreOptions": options})
            before, began = cpu_seconds(server.process.pid), time.monotonic()
            items = [{"source": f"s3://{BUCKET}/rows.tsv"}]
            job = client.start_annotation_import_job(destinationName="gnomad", roleArn=ROLE, items=items)["jobId"]
            ended = lambda: client.get_annotation_import_job(jobId=job)["status"] not in ("SUBMITTED", "IN_PROGRESS")  # noqa: E731
            wait_for(ended, "the import to end", 3600, 0.05)
            wall = time.monotonic() - began
            answer = server.sql("SELECT count(*) AS n FROM gnomad")
            answered = time.monotonic() - began
            cpu = cpu_seconds(server.process.pid) - before
            size = client.get_annotation_store(name="gnomad")["storeSizeBytes"]
            sums = server.sql("SELECT count(*) AS n, sum(pos) AS pos, sum(ac) AS ac FROM gnomad")[0]
            assert answer[0]["n"] == sums["n"], (answer, sums)
            return {"wall": wall, "answered": answered, "cpu": cpu, "size": size, "sums": tuple(int(sums[k]) for k in ("n", "pos", "ac"))}


def duckdb_copy(path: pathlib.Path) -> dict:
    target = WORK / "copied.parquet"
    columns = {name: DUCKDB_TYPES[kind] for name, kind in COLUMNS}
    script = COPY.format(threads=THREADS, source=path, columns=columns, target=target)
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    wall, *sums = output.split()
    return {"wall": float(wall), "size": target.stat().st_size, "sums": tuple(int(value) for value in sums)}


def main():
    import duckdb

    path = rows(WORK / f"gnomad-like-{ROWS}.tsv")
    results = {"varberg": [], "DuckDB COPY": []}
    for _ in range(ROUNDS):
        results["varberg"].append(varberg(path))
        results["DuckDB COPY"].append(duckdb_copy(path))
    sums = {r["sums"] for rounds in results.values() for r in rounds}
    if len(sums) != 1:
        raise RuntimeError(f"the sums differ: {sums}")
    print(f"- {version(str(binary()), '--version')}; DuckDB {duckdb.__version__}; {os.cpu_count()} cores ({cpu_model()}); {ROUNDS} rounds")
    print(f"- {ROWS:,} rows, {len(COLUMNS)} columns, {path.stat().st_size:,} bytes of text\n")
    print("| | wall s, median (least, most) | million rows/s | bytes stored |\n|---|--:|--:|--:|")
    for name, rounds in results.items():
        walls = [r["wall"] for r in rounds]
        median = statistics.median(walls)
        print(f"| {name} | {median:.2f} ({min(walls):.2f}, {max(walls):.2f}) | {ROWS / median / 1e6:.2f} | {rounds[0]['size']:,} |")
    ratio = statistics.median(r["wall"] for r in results["DuckDB COPY"]) / statistics.median(r["wall"] for r in results["varberg"])
    cpu = statistics.median(r["cpu"] for r in results["varberg"])
    answered = statistics.median(r["answered"] for r in results["varberg"])
    print(f"\nDuckDB / varberg: {ratio:.2f}; first answered count after {answered:.2f} s; CPU of the import: {cpu:.2f} s")


if __name__ == "__main__":
    main()
