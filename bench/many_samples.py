"""1,000 imports of one sample each, 20,000 records, into one store; questions before and after its files are merged, and to a
store that got the same records as one file. Prints a table.

The cohort is simulated (msprime, GT), and split by `bcftools +split`. Each import is a job of its own. Merging by itself is put off,
so that the state before can be measured. The questions are those of cohort_questions.py, in plain SQL; their answers must agree.

Usage: python bench/many_samples.py [SAMPLES]
"""

import contextlib
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import cohort_varberg
import report
import requests
from cohort_inputs import Input, simulated
from cohort_queries import sample_names
from cohort_questions import same
from cohort_statements import statements
from cohort_varberg import STORE
from measure import WORK, machine, medians, version
from process_tree import cpu_seconds
from server import TERMINAL, Server, binary, create_store, reference_arn, start_import, wait_for

RUNS = int(os.environ.get("VARBERG_BENCH_RUNS", "5"))
SAMPLES = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
RECORDS, BASES = 20_000, 6_000_000
IN_FLIGHT = 8
QUESTIONS = ["region", "region carried", "region of a sample", "sample"]
JOINED = Input(
    f"joined-{SAMPLES}", f"msprime cohort, {SAMPLES:,} samples x {RECORDS:,} records", simulated(SAMPLES, BASES, RECORDS), SAMPLES, RECORDS,
    region=(1_000_001, 1_100_000),
)  # fmt: skip
BEFORE, AFTER, ONE_FILE = "many files", "merged", "imported as one file"
#: The question, and the state of which its time after merging may be at most twice.
GOALS = {"region": ONE_FILE, "region carried": ONE_FILE, "region of a sample": BEFORE, "sample": BEFORE}


def split() -> pathlib.Path:
    """A folder with a file for each sample."""
    folder = JOINED.make().with_suffix("").with_suffix(".split")
    if not folder.exists():
        print("splitting the cohort (minutes, once)", file=sys.stderr)
        partial = folder.with_suffix(".partial")
        subprocess.run(["bcftools", "+split", JOINED.path, "-Oz", "-o", partial], check=True)
        partial.rename(folder)
    return folder


@contextlib.contextmanager
def filled(folder: pathlib.Path):
    """A server whose store got each file by a job of its own, and what that took."""
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        scratch = pathlib.Path(scratch)
        config = "[maintenance]\nautomatic = false\n"
        with Server(scratch / "data", folder, lease_s=30, config=config) as server:
            create_store(server, STORE, reference_arn(server))
            cpu, began = cpu_seconds(server.process.pid), time.monotonic()
            running = []
            for file in sorted(folder.glob("*.vcf.gz")):
                running.append(start_import(server, STORE, file.name))
                if len(running) == IN_FLIGHT:
                    completed(server, running.pop(0))
            for job in running:
                completed(server, job)
            yield server, {"wall": time.monotonic() - began, "cpu": cpu_seconds(server.process.pid) - cpu}


def completed(server: Server, job: str):
    client = server.client()

    def ended():
        status = client.get_variant_import_job(jobId=job)["status"]
        return status if status in TERMINAL else None

    if wait_for(ended, f"job {job} to end", 600, 0.02) != "COMPLETED":
        raise RuntimeError(f"job {job} failed")


def merge(server: Server) -> dict:
    """`varberg table compact`."""
    cpu, began = cpu_seconds(server.process.pid), time.monotonic()
    task = requests.post(f"{server.endpoint}/varberg/tables/{STORE}/compact", json={}, timeout=60).json()

    def ended():
        now = requests.get(f"{server.endpoint}/varberg/tasks/{task['taskId']}", timeout=60).json()
        return now if now["status"] not in ("SUBMITTED", "IN_PROGRESS") else None

    done = wait_for(ended, "the merge to end", 3600, 0.1)
    if done["status"] != "COMPLETED":
        raise RuntimeError(done)
    return {"wall": time.monotonic() - began, "cpu": cpu_seconds(server.process.pid) - cpu} | done["report"]


def questions(server: Server, names: list[str]) -> dict:
    """Medians and the answer of each question."""
    found = {}
    for question in QUESTIONS:
        statement = statements(JOINED, names[len(names) // 2])[question]["plain"]
        rounds = [cohort_varberg.ask(server, statement.sql) for _ in range(RUNS)]
        found[question] = medians(rounds) | {"answer": statement.read(rounds[0]["table"], names)}
    return found


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    folder = split()
    names = sample_names(JOINED)
    asked, notes = {}, []
    with cohort_varberg.imported(JOINED) as (server, joined):
        asked[ONE_FILE] = questions(server, names)
    with filled(folder) as (server, imports):
        notes.append(f"- {SAMPLES:,} imports, {IN_FLIGHT} at a time: {imports['wall']:.0f} s, {imports['cpu']:.0f} CPU s; as one file {joined['wall']:.2f} s")
        asked[BEFORE] = questions(server, names)
        merged = merge(server)
        notes.append(f"- merging: {merged['wall']:.1f} s, {merged['cpu']:.1f} CPU s; {merged['filesBefore']:,} data files to {merged['filesAfter']:,}")
        asked[AFTER] = questions(server, names)
    rows = []
    for question in QUESTIONS:
        times = {state: asked[state][question]["wall"] for state in (ONE_FILE, BEFORE, AFTER)}
        goal = f"{times[AFTER] / times[GOALS[question]]:.2f} of {GOALS[question]}"
        rows.append([question, *(report.seconds(wall) for wall in times.values()), goal])
        if not all(same(asked[state][question]["answer"], asked[AFTER][question]["answer"]) for state in asked):
            notes.append(f"- **{question}: answers differ: {[asked[state][question]['answer'] for state in asked]}**")
    head = f"- {version(str(binary()), '--version')}; {machine()}; medians of {RUNS} rounds"
    table = report.table(["question, wall s", ONE_FILE, BEFORE, AFTER, "after merging (goal 2)"], rows)
    report.section(f"{SAMPLES:,} imports of one sample", "\n\n".join([head, table, "\n".join(notes)]))


if __name__ == "__main__":
    main()
