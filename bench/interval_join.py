"""Joins five million variants with 60,000 genes in Varberg, bedtools and DuckDB, side by side; prints a table.

The variants lie on 24 contigs of the lengths of GRCh38's, one base or up to twenty long; the genes have lengths as human ones
(log-normal, median 4 kb, up to 2.3 Mb), so that they nest and overlap. Each system reads its own form from disk: Varberg
two stores that it imported, bedtools two sorted BED files (its fastest form), DuckDB two Parquet files of its own writing.
Varberg and DuckDB use two threads, bedtools has one. Wall time is what a user waits for: a request to the server with
its answer (a process of its own for each statement), a whole command, a process that loads DuckDB and answers; for DuckDB
the time of the query alone stands beside it. The answers must be equal.
"""

import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from measure import WORK, command, cpu_model, version, warm
from server import Server, binary, create_store, reference_arn, start_import, wait_for_job

ROUNDS = int(os.environ.get("VARBERG_BENCH_RUNS", "5"))
DUCKDB_LIMIT_S = int(os.environ.get("VARBERG_BENCH_DUCKDB_S", "120"))
ONCE_S = 15
VARIANTS, GENES, SEED, THREADS = 5_000_000, 60_000, 5, 2
FILES = WORK / "interval-join"
#: Millions of bases of chr1 to chr22, X and Y.
CONTIGS = dict(zip(
    [f"chr{name}" for name in (*range(1, 23), "X", "Y")],
    [249, 242, 198, 190, 182, 171, 159, 145, 138, 134, 135, 133, 114, 107, 102, 90, 83, 80, 59, 64, 47, 51, 156, 57],
))  # fmt: skip

OVERLAP = 'v.contigname = g.contigname AND v.start < g."end" AND g.start < v."end"'
SORTED = ("bedtools", "intersect", "-sorted", "-g", FILES / "genome")
QUESTIONS = {
    "pairs": (
        f"SELECT count(*) FROM variants v JOIN genes g ON {OVERLAP}",
        (*SORTED, "-a", FILES / "variants.bed", "-b", FILES / "genes.bed"),
    ),
    "variants in a gene": (
        f"SELECT count(*) FROM variants v WHERE EXISTS (SELECT 1 FROM genes g WHERE {OVERLAP})",
        (*SORTED, "-u", "-a", FILES / "variants.bed", "-b", FILES / "genes.bed"),
    ),
    "genes with over 100 variants": (
        "SELECT count(*) FROM (SELECT gene, count(*) AS variants FROM variants v "
        f"JOIN (SELECT contigname, start, \"end\", {{gene}} AS gene FROM genes) g ON {OVERLAP} GROUP BY gene HAVING count(*) > 100)",
        (*SORTED, "-c", "-a", FILES / "genes.bed", "-b", FILES / "variants.bed"),
    ),
}  # fmt: skip
DUCKDB = """
import sys, time, duckdb
connection = duckdb.connect(config={{"threads": {threads}}})
connection.execute("SET enable_progress_bar = false")
for name in ("variants", "genes"):
    connection.execute(f"CREATE VIEW {{name}} AS SELECT * FROM '{files}/{{name}}.parquet'")
began = time.monotonic()
print(connection.execute(sys.argv[1]).fetchone()[0], time.monotonic() - began)
"""


def place(random, count: int, lengths) -> list:
    """Sorted intervals on each contig, its share of `count`."""
    total, out = sum(CONTIGS.values()), []
    for contig, millions in CONTIGS.items():
        share = round(count * millions / total)
        starts = np.sort(random.integers(0, millions * 1_000_000 - 3_000_000, share))
        out.append((contig, starts, starts + lengths(share)))
    return out


def variant_lengths(random):
    return lambda count: np.where(random.random(count) < 0.9, 1, random.integers(2, 21, count))


def gene_lengths(random):
    return lambda count: np.clip(random.lognormal(np.log(4_000), 2.0, count), 60, 2_300_000).astype(np.int64)


def write(name: str, table: list, vcf_line) -> None:
    """The table as VCF for Varberg, as BED in the order of names for bedtools."""
    number = 0
    with open(FILES / "store" / f"{name}.vcf", "w") as vcf:
        vcf.write('##fileformat=VCFv4.2\n##INFO=<ID=END,Number=1,Type=Integer,Description="End">\n')
        vcf.writelines(f"##contig=<ID={contig}>\n" for contig in CONTIGS)
        vcf.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        rows = {}
        for contig, starts, ends in table:
            rows[contig] = bed = []
            for start, end in zip(starts.tolist(), ends.tolist()):
                number += 1
                vcf.write(vcf_line(contig, start, end, number))
                bed.append(f"{contig}\t{start}\t{end}\t{number}\n")
    with open(FILES / f"{name}.bed", "w") as bed:
        for contig in sorted(rows):
            bed.writelines(rows[contig])


def variant_line(contig: str, start: int, end: int, number: int) -> str:
    return f"{contig}\t{start + 1}\trs{number}\t{'ACGT' * 5:.{end - start}}\tA\t50\tPASS\t.\n".replace("\tA\tA\t", "\tA\tG\t")


def gene_line(contig: str, start: int, end: int, number: int) -> str:
    return f"{contig}\t{start + 1}\tgene{number}\tN\t<CNV>\t.\tPASS\tEND={end}\n"


def inputs() -> None:
    if (FILES / "genes.parquet").exists():
        return
    print("making variants and genes (a minute, once)", file=sys.stderr)
    (FILES / "store").mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    write("variants", place(random, VARIANTS, variant_lengths(random)), variant_line)
    write("genes", place(random, GENES, gene_lengths(random)), gene_line)
    (FILES / "genome").write_text("".join(f"{name}\t{CONTIGS[name] * 1_000_000}\n" for name in sorted(CONTIGS)))
    import duckdb

    for name, number in (("variants", "id"), ("genes", "gene")):
        columns = f"{{'contigname': 'VARCHAR', 'start': 'BIGINT', 'end': 'BIGINT', '{number}': 'VARCHAR'}}"
        read = f"SELECT * FROM read_csv('{FILES}/{name}.bed', header=false, delim='\t', columns={columns})"
        duckdb.execute(f"COPY ({read}) TO '{FILES}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)")


def ask_varberg(server: Server, question: str) -> dict:
    sql = QUESTIONS[question][0].format(gene="names[1]")
    began = time.monotonic()
    answer = server.value(sql)
    return {"wall": time.monotonic() - began, "answer": answer}


def ask_bedtools(question: str) -> dict:
    """The lines are counted by `wc`, those with a count over 100 chosen by `awk`."""
    count = "awk '$NF > 100' | wc -l" if "-c" in QUESTIONS[question][1] else "wc -l"
    line = " ".join(f"'{argument}'" for argument in QUESTIONS[question][1])
    result = command("bash", "-c", f"{line} | {count}")
    return {"wall": result["wall"], "answer": int(result["output"])}


def ask_duckdb(question: str) -> dict:
    sql = QUESTIONS[question][0].format(gene="gene")
    script = DUCKDB.format(threads=THREADS, files=FILES)
    began = time.monotonic()
    try:
        done = subprocess.run([sys.executable, "-c", script, sql], capture_output=True, text=True, check=True, timeout=DUCKDB_LIMIT_S)
    except subprocess.TimeoutExpired:
        return {"wall": float("inf"), "query": float("inf"), "answer": None}
    answer, query = done.stdout.splitlines()[-1].split()
    return {"wall": time.monotonic() - began, "query": float(query), "answer": int(answer)}


def import_all(server: Server) -> None:
    arn = reference_arn(server)
    for name in ("variants", "genes"):
        create_store(server, name, arn)
        job = wait_for_job(server, start_import(server, name, f"{name}.vcf"), 3600)
        if job["status"] != "COMPLETED":
            raise RuntimeError(job)


def run(server: Server) -> dict:
    """The results of each question and system, a list of one for each round; what took a system too long is asked once."""
    systems = {"varberg": lambda q: ask_varberg(server, q), "bedtools": ask_bedtools, "duckdb": ask_duckdb}
    results = {(question, system): [] for question in QUESTIONS for system in systems}
    for _ in range(ROUNDS):
        for (question, system), rounds in results.items():
            if not rounds or rounds[0]["wall"] < ONCE_S:
                rounds.append(systems[system](question))
    return results


def check(results: dict) -> None:
    for question in QUESTIONS:
        answers = {r["answer"] for (q, _), rounds in results.items() if q == question for r in rounds} - {None}
        if len(answers) != 1:
            raise RuntimeError(f"{question}: answers differ: {answers}")


def seconds(rounds: list, key: str) -> str:
    values = [r[key] for r in rounds]
    median = statistics.median(values)
    if median == float("inf"):
        return f"over {DUCKDB_LIMIT_S}"
    return f"{median:.2f} ({min(values):.2f}, {max(values):.2f})" if len(values) > 1 else f"{median:.1f}, once"


def show(results: dict) -> None:
    print("| question | answer | varberg, wall s (least, most) | bedtools | DuckDB, process | DuckDB, query alone | fastest other / varberg |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for question in QUESTIONS:
        ours, bedtools, duckdb = (results[question, system] for system in ("varberg", "bedtools", "duckdb"))
        median = lambda rounds, key="wall": statistics.median(r[key] for r in rounds)  # noqa: E731
        ratio = min(median(bedtools), median(duckdb, "query")) / median(ours)
        print(
            f"| {question} | {ours[0]['answer']:,} | {seconds(ours, 'wall')} | {seconds(bedtools, 'wall')} "
            f"| {seconds(duckdb, 'wall')} | {seconds(duckdb, 'query')} | {ratio:.2f} |"
        )


def main():
    import duckdb

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    inputs()
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        with Server(pathlib.Path(scratch) / "data", FILES / "store", lease_s=30) as server:
            import_all(server)
            for file in [*FILES.glob("*.*"), *pathlib.Path(scratch).rglob("*.parquet")]:
                warm(file)
            print(f"- {version(str(binary()), '--version')}; {version('bedtools', '--version')}; DuckDB {duckdb.__version__}")
            print(f"- {os.cpu_count()} cores ({cpu_model()}); medians of {ROUNDS} rounds")
            print(f"- {server.value('SELECT count(*) FROM variants'):,} variants, {server.value('SELECT count(*) FROM genes'):,} genes\n")
            results = run(server)
    check(results)
    show(results)


if __name__ == "__main__":
    main()
