"""Ten analytical questions of the shapes that HealthOmics users ask, over 100 million rows of the contract: Varberg and DuckDB on
the same Parquet files, on the same cores.

The simulated cohort is imported into a store of the long layout, and a ClinVar-like annotation of a twentieth of its sites into an annotation
store; both are seeded. DuckDB reads the data files of both tables in a process that runs already; Varberg is asked over HTTP. Each question is
asked once to warm up, then VARBERG_BENCH_RUNS times (default 3) by both in turn; medians. Answers are compared.
"""

import math
import os
import pathlib
import random
import statistics
import tempfile
import time

import duckdb
from cohort_inputs import INPUTS
from cohort_varberg import post
from measure import WORK, cpu_model, version
from report import ratio, seconds, section, table
from server import BUCKET, ROLE, Server, binary, create_store, reference_arn, wait_for

RUNS = int(os.environ.get("VARBERG_BENCH_RUNS", "3"))
GENES = [f"GENE{n}" for n in range(300)]
MEANINGS = ["Benign", "Likely_benign", "Uncertain_significance", "Likely_pathogenic", "Pathogenic", "Pathogenic/Likely_pathogenic"]
JOIN = (
    'variants V INNER JOIN annots A ON V.contigname = A.contigname AND V.start = A.start AND V."end" = A."end" AND V.referenceallele = A.referenceallele'
    " AND V.alternatealleles = A.alternatealleles"
)
QUESTIONS = {
    "rows of each sample": "SELECT sampleid, count(*) AS n FROM variants V GROUP BY sampleid",
    "samples": "SELECT DISTINCT sampleid FROM variants V",
    "rows of one sample": "SELECT count(*) AS n FROM variants V WHERE sampleid = '<sample>'",
    "carriers of pathogenic variants": f"SELECT V.sampleid, count(*) AS n FROM {JOIN} WHERE A.attributes['CLNSIG'] IN ('Pathogenic', 'Likely_pathogenic',"
    " 'Pathogenic/Likely_pathogenic') AND (V.calls[1] > 0 OR V.calls[2] > 0) GROUP BY V.sampleid",
    "variants by sample and significance": f"SELECT V.sampleid, A.attributes['CLNSIG'] AS significance, count(*) AS n FROM {JOIN}"
    " WHERE A.attributes['CLNSIG'] IS NOT NULL GROUP BY V.sampleid, A.attributes['CLNSIG']",
    "variants of genes in some samples": f"SELECT V.sampleid, V.start, V.calls FROM {JOIN} WHERE lower(A.attributes['GENEINFO']) IN ('gene7:7', 'gene8:8', 'gene9:9')"
    " AND V.sampleid IN ('<sample>', '<other>') ORDER BY 1, 2",
    "a region of some samples": "SELECT sampleid, start, referenceallele, alternatealleles, calls FROM variants V WHERE replace(contigname, 'chr', '') = '<contig>'"
    " AND start BETWEEN <begin> AND <end> AND sampleid IN ('<sample>', '<other>') ORDER BY 1, 2",
    "transitions and transversions": "SELECT sampleid, sum(CASE WHEN concat(referenceallele, alternatealleles[1]) IN ('AG', 'GA', 'CT', 'TC') THEN 1 ELSE 0 END) AS ti,"
    " count(*) AS n FROM variants V WHERE length(referenceallele) = 1 AND cardinality(alternatealleles) = 1 AND length(alternatealleles[1]) = 1"
    " AND (calls[1] > 0 OR calls[2] > 0) GROUP BY sampleid",
    "genotype frequencies": "SELECT contigname, start, referenceallele, alternatealleles, calls, CAST(count(*) AS double) / 2504 AS frequency FROM variants V"
    " WHERE start BETWEEN <begin> AND <end> GROUP BY contigname, start, referenceallele, alternatealleles, calls",
    "numbers of a cohort": "SELECT count(CASE WHEN calls[1] <> calls[2] THEN 1 END) AS het, avg(CAST(start AS double)) AS middle, min(start) AS first, max(start) AS last,"
    " count(DISTINCT sampleid) AS samples, 100.0 * count(CASE WHEN calls[1] > 0 AND calls[2] > 0 THEN 1 END) / count(*) AS percent FROM variants V",
}


def annotations(path: pathlib.Path, sites: list):
    chance = random.Random(20261123)
    with open(path, "w") as out:
        out.write("##fileformat=VCFv4.2\n" + "".join(f"##contig=<ID={name}>\n" for name in dict.fromkeys(site[0] for site in sites)))
        for key in ("CLNSIG", "GENEINFO"):
            out.write(f'##INFO=<ID={key},Number=.,Type=String,Description="x">\n')
        out.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
        for contig, start, reference, alternates in sites:
            if chance.random() < 0.05:
                gene = chance.randrange(len(GENES))
                info = f"CLNSIG={chance.choice(MEANINGS)};GENEINFO={GENES[gene]}:{gene}"
                out.write(f"{contig}\t{start + 1}\t.\t{reference}\t{','.join(alternates)}\t.\t.\t{info}\n")


def completed(call):
    def ended():
        answer = call()
        return answer if answer["status"] in ("COMPLETED", "COMPLETED_WITH_FAILURES", "FAILED", "CANCELLED") else None

    answer = wait_for(ended, "the job to end", 3600, 0.1)
    if answer["status"] != "COMPLETED":
        raise RuntimeError(answer)


def stores(server: Server, source):
    """The two stores, filled."""
    client, reference = server.client(), reference_arn(server)
    create_store(server, "variants", reference, layout="long")
    os.link(source.path, server.files / "cohort.vcf.gz")
    job = client.start_variant_import_job(destinationName="variants", roleArn=ROLE, items=[{"source": f"s3://{BUCKET}/cohort.vcf.gz"}])["jobId"]
    completed(lambda: client.get_variant_import_job(jobId=job))
    one = server.sql("SELECT sampleid FROM variants LIMIT 1")[0]["sampleid"]
    sites = server.sql(f"SELECT contigname, start, referenceallele, alternatealleles FROM variants WHERE sampleid = '{one}' ORDER BY 1, 2")
    annotations(server.files / "annotations.vcf", [tuple(site.values()) for site in sites])
    client.create_annotation_store(name="annots", reference={"referenceArn": reference}, storeFormat="VCF")
    job = client.start_annotation_import_job(destinationName="annots", roleArn=ROLE, items=[{"source": f"s3://{BUCKET}/annotations.vcf"}])["jobId"]
    completed(lambda: client.get_annotation_import_job(jobId=job))


def spelled(sql: str, server: Server) -> str:
    found = server.sql("SELECT min(contigname) AS contig, min(start) AS first, max(start) AS last, min(sampleid) AS a, max(sampleid) AS b FROM variants")[0]
    middle = (found["first"] + found["last"]) // 2
    names = {"sample": found["a"], "other": found["b"], "contig": found["contig"].replace("chr", ""), "begin": middle, "end": middle + 200_000}
    for name, value in names.items():
        sql = sql.replace(f"<{name}>", str(value))
    return sql


def varberg(server: Server, sql: str) -> float:
    with tempfile.TemporaryFile(dir=WORK) as output:
        began = time.perf_counter()
        status = post(server, sql, output)
        took = time.perf_counter() - began
        if status != 200:
            output.seek(0)
            raise RuntimeError(output.read(500))
    return took


def rows(values) -> list:
    plain = lambda value: round(value, 6) if isinstance(value, float) else tuple(value) if isinstance(value, list) else value  # noqa: E731
    return sorted(tuple(plain(value) for value in row) for row in values)


def main():
    source = INPUTS["simulated"]
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "files").mkdir()
        config = "[query]\nmemory_bytes = 4294967296\n"
        with Server(scratch / "data", scratch / "files", lease_s=30, config=config) as server:
            stores(server, source)
            database = duckdb.connect()
            database.execute(f"SET threads = {os.cpu_count()}")
            for name in ("variants", "annots"):
                files = [str(path) for path in sorted((scratch / "data" / "warehouse").rglob(f"*/{name}/data/**/*.parquet"))]
                database.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({files!r})")
            lines, ratios = [], []
            for name, question in QUESTIONS.items():
                sql = spelled(question, server)
                theirs_sql = sql.replace("cardinality(", "len(")  # of lists
                same = rows(row.values() for row in server.sql(sql)) == rows(database.execute(theirs_sql).fetchall())
                ours, theirs = [], []
                for _ in range(RUNS):
                    ours.append(varberg(server, sql))
                    began = time.perf_counter()
                    database.execute(theirs_sql).to_arrow_table()
                    theirs.append(time.perf_counter() - began)
                ours, theirs = statistics.median(ours), statistics.median(theirs)
                ratios.append(ours / theirs)
                lines.append([name, seconds(ours), seconds(theirs), ratio(ours / theirs), "yes" if same else "NO"])
                print(lines[-1], flush=True)
            total = server.value("SELECT count(*) FROM variants")
    mean = math.exp(sum(math.log(one) for one in ratios) / len(ratios))
    head = f"- {version(str(binary()), '--version')}; DuckDB {duckdb.__version__}; {os.cpu_count()} cores ({cpu_model()}); medians of {RUNS} rounds\n- {total:,} rows of the contract, long layout\n\n"
    end = f"\n\nGeometric mean of Varberg / DuckDB: {mean:.2f} (bound 1)."
    section("Analytical questions against DuckDB", head + table(["question", "Varberg s", "DuckDB s", "Varberg / DuckDB", "same answer"], lines) + end)


if __name__ == "__main__":
    main()
