"""Imports a single-sample VCF of five million records, side by side with bcftools; prints a table of times and sizes.

Each round runs every step once, one after the other, so that what else the machine does falls on all of them alike; the
table shows medians over VARBERG_BENCH_RUNS rounds (default 5). An import is a fresh server on an empty directory, from
StartVariantImportJob to the answer of the first count. The steps with normalization need a reference that the
benchmark makes too (`sample.py`). Files of VARBERG_SHARED are imported for their stored size.
"""

import os
import pathlib
import resource
import subprocess
import tempfile
import time

import sample
from botocore.exceptions import ClientError
from measure import READER, WORK, command, cpu_seconds, machine, medians, version, warm
from server import BUCKET, ROLE, Server, binary, create_store, reference_arn, wait_for

RUNS = int(os.environ.get("VARBERG_BENCH_RUNS", "5"))
RECORDS = int(os.environ.get("VARBERG_BENCH_RECORDS", str(sample.RECORDS)))
SHARED = pathlib.Path(os.environ.get("VARBERG_SHARED", "/nonexistent"))
SIZES = ["giab.ashkenazim-trio.vcf.gz", "NA12878.chr20-snippet.g.vcf.gz"]
VCF = WORK / f"single-{RECORDS}.vcf.gz"
FASTA = WORK / f"single-{RECORDS}.fa"
DONE = ("COMPLETED", "COMPLETED_WITH_FAILURES", "FAILED", "CANCELLED")


def inputs():
    WORK.mkdir(parents=True, exist_ok=True)
    if not VCF.exists():
        print("making the sample and its reference (a minute, once)", flush=True)
        sample.write(VCF, FASTA, RECORDS)
    if not FASTA.with_suffix(".fa.fai").exists():
        subprocess.run(["samtools", "faidx", FASTA], check=True)
    warm(VCF)
    warm(FASTA)


def timed_import(path: pathlib.Path, normalize: bool = False) -> dict:
    """One import by a fresh server, and the first count."""
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        scratch = pathlib.Path(scratch)
        files = scratch / "files"
        files.mkdir()
        os.link(path, files / "sample.vcf.gz") if path.is_relative_to(WORK) else (files / "sample.vcf.gz").write_bytes(path.read_bytes())
        with Server(scratch / "data", files, lease_s=30) as server:
            create_store(server, "sample", own_reference(server) if normalize else reference_arn(server))
            client = server.client()
            before, began = cpu_seconds(server.process.pid), time.monotonic()
            job = client.start_variant_import_job(
                destinationName="sample", roleArn=ROLE, items=[{"source": f"s3://{BUCKET}/sample.vcf.gz"}],
                runLeftNormalization=normalize,
            )["jobId"]
            answer = wait_for(lambda: ended(client, job), "the job to end", 3600, 0.05)
            if answer["status"] != "COMPLETED":
                raise RuntimeError(answer["items"])
            imported = time.monotonic() - began
            rows = server.value("SELECT count(*) FROM sample")
            wall = time.monotonic() - began
            cpu = cpu_seconds(server.process.pid) - before
            size = client.get_variant_store(name="sample")["storeSizeBytes"]
            return {"wall": wall, "imported": imported, "cpu": cpu, "memory": server.peak_memory(), "size": size, "rows": rows}


def ended(client, job: str):
    answer = client.get_variant_import_job(jobId=job)
    return answer if answer["status"] in DONE else None


def own_reference(server: Server) -> str:
    """Imports the FASTA of the sample; its reference's ARN."""
    os.link(FASTA, server.files / "sample.fa")
    client = server.client()
    store = client.create_reference_store(name="references")["id"]
    source = {"sourceFile": f"s3://{BUCKET}/sample.fa", "name": "sample"}
    job = client.start_reference_import_job(referenceStoreId=store, roleArn=ROLE, sources=[source])["id"]
    status = lambda: client.get_reference_import_job(id=job, referenceStoreId=store)["status"]
    wait_for(lambda: status() == "COMPLETED", "the reference import to complete", 600)
    return client.list_references(referenceStoreId=store)["references"][0]["arn"]


def bcf(*arguments) -> dict:
    out = WORK / "single.bcf"
    return command("bcftools", *arguments, "--threads", "2", "-Ob", "-o", out, VCF) | {"size": out.stat().st_size}


def decompress() -> dict:
    return command("bash", "-c", f"bgzip -@ 2 -dc '{VCF}' > /dev/null")


STEPS = {
    "import": lambda: timed_import(VCF),
    "bcftools view --threads 2 -Ob": lambda: bcf("view"),
    "import, normalized": lambda: timed_import(VCF, normalize=True),
    "bcftools norm --threads 2 -f -Ob": lambda: bcf("norm", "-f", FASTA),
    "decompress only (bgzip -@ 2)": decompress,
    "reader alone, one core": lambda: command(READER, VCF),
}


def run(rounds: int) -> dict[str, list[dict]]:
    """The results of each step; a step that the server does not offer is left out."""
    results = {name: [] for name in STEPS}
    for _ in range(rounds):
        for name in list(results):
            try:
                results[name].append(STEPS[name]())
            except ClientError as error:
                print(f"- {name}: left out, {error}")
                del results[name]
    return results


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    inputs()
    print(f"- {version(str(binary()), '--version')}; {version('bcftools', '--version')}; {machine()}")
    print(f"- medians of {RUNS} rounds; input {VCF.stat().st_size / 1e6:.1f} MB of vcf.gz, {RECORDS:,} records, 1 sample\n", flush=True)
    rounds = run(RUNS)
    results = {name: medians(r) for name, r in rounds.items()}
    print("| step | wall s | (least, most) | CPU s | peak memory MiB | output MB | of the vcf.gz | wall, decompress = 1 |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    base = results["decompress only (bgzip -@ 2)"]["wall"]
    for name, r in results.items():
        walls = [one["wall"] for one in rounds[name]]
        size = (f"{r['size'] / 1e6:.1f}", f"{r['size'] / VCF.stat().st_size:.2f}") if "size" in r else ("", "")
        print(
            f"| {name} | {r['wall']:.2f} | {min(walls):.2f}, {max(walls):.2f} | {r['cpu']:.2f} "
            f"| {r['memory'] / (1 << 20):.0f} | {size[0]} | {size[1]} | {r['wall'] / base:.1f} |"
        )
    print_ratios(results)
    print_sizes()


def print_ratios(results: dict):
    pairs = [("import", "bcftools view --threads 2 -Ob", 2), ("import, normalized", "bcftools norm --threads 2 -f -Ob", 3)]
    print()
    for ours, theirs, goal in (pair for pair in pairs if pair[0] in results):
        ratio = results[theirs]["wall"] / results[ours]["wall"]
        print(f"- {ours}: {ratio:.2f} times as fast as `{theirs}` (goal {goal}); in CPU seconds {results[theirs]['cpu'] / results[ours]['cpu']:.2f}")
    commit = results["import"]["wall"] - results["import"]["imported"]
    print(f"- from the end of the job to the first count: {commit:.2f} s")


def print_sizes():
    for name in SIZES:
        path = SHARED / "data" / name
        if path.exists():
            size, packed = timed_import(path)["size"], path.stat().st_size
            print(f"- {name}: {size / 1e6:.2f} MB stored, {size / packed:.2f} of the vcf.gz")


if __name__ == "__main__":
    main()
