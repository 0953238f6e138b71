"""Imports the simulated cohort and compares with bcftools and with the reader alone; prints a table.

Runs on the machine it is started on, with the binary `make build` made (the same profile that users and tests run).
Each step runs VARBERG_BENCH_RUNS times (default 3); the table shows the fastest. Nothing is warmed up on purpose,
but the file is read once before, so that all steps find it in the page cache.
"""

import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

from measure import HERE, READER, WORK, command, cpu_model, cpu_seconds, version, warm
from server import Server, binary, create_store, reference_arn, start_import, wait_for_job

RUNS = int(os.environ.get("VARBERG_BENCH_RUNS", "3"))


def cohort() -> pathlib.Path:
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / "cohort.vcf"
    if not path.exists():
        print("simulating the cohort (minutes, once)", file=sys.stderr)
        subprocess.run([sys.executable, HERE / "cohort.py", path], check=True)
    return warm(path)


def one_import(path: pathlib.Path, suffix: str) -> dict:
    """One import by a fresh server; memory is the server's peak since its start."""
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        scratch = pathlib.Path(scratch)
        files = scratch / "files"
        files.mkdir()
        os.link(path, files / f"cohort{suffix}")
        with Server(scratch / "data", files, lease_s=30) as server:
            create_store(server, "cohort", reference_arn(server))
            before, began = cpu_seconds(server.process.pid), time.monotonic()
            job = wait_for_job(server, start_import(server, "cohort", f"cohort{suffix}"), 3600)
            wall = time.monotonic() - began
            if job["status"] != "COMPLETED":
                raise RuntimeError(job["items"])
            cpu = cpu_seconds(server.process.pid) - before
            size = server.client().get_variant_store(name="cohort")["storeSizeBytes"]
            rows = server.value("SELECT count(*) FROM cohort")
            return {"wall": wall, "cpu": cpu, "memory": server.peak_memory(), "size": size, "rows": rows}


def fastest(step, *arguments) -> dict:
    return min((step(*arguments) for _ in range(RUNS)), key=lambda r: r["wall"])


def to_bcf(path: pathlib.Path) -> dict:
    out = WORK / "cohort.bcf"
    return command("bcftools", "view", "-Ob", "-o", out, path) | {"size": out.stat().st_size}


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    path = cohort()
    text_bytes = path.stat().st_size
    packed = WORK / "cohort.vcf.gz"
    if shutil.which("bgzip") and not packed.exists():
        with open(packed, "wb") as out:
            subprocess.run(["bgzip", "-c", path], stdout=out, check=True)
    rows = [("import, plain text", fastest(one_import, path, ".vcf"))]
    if packed.exists():
        rows.append((f"import, BGZF ({packed.stat().st_size / 1e6:.1f} MB)", fastest(one_import, packed, ".vcf.gz")))
    if READER.exists():
        rows.append(("reader alone, one core", fastest(command, READER, path)))
    if shutil.which("bcftools"):
        rows.append(("bcftools view -Ob", fastest(to_bcf, path)))
    base = rows[0][1]["wall"]
    print(f"- {version(str(binary()), '--version')}; {version('bcftools', '--version') if shutil.which('bcftools') else 'no bcftools'}")
    print(f"- {os.cpu_count()} cores ({cpu_model()}); fastest of {RUNS} runs")
    print(f"- input: {text_bytes / 1e6:.1f} MB of VCF text, 2,504 samples; {rows[0][1]['rows']:,} rows\n")
    print("| step | wall s | CPU s | MB of text per CPU s | peak memory MiB | output MB | wall, import = 1 |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, r in rows:
        size = f"{r['size'] / 1e6:.1f}" if "size" in r else ""
        print(
            f"| {name} | {r['wall']:.2f} | {r['cpu']:.2f} | {text_bytes / 1e6 / r['cpu']:.0f} "
            f"| {r['memory'] / (1 << 20):.0f} | {size} | {r['wall'] / base:.2f} |"
        )


if __name__ == "__main__":
    main()
