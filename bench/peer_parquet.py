"""polars-bio's Parquet (the question `import`), the rows that DuckDB explodes from it (`explode`), and DuckDB's answers.

Two files: `wide`, as polars-bio writes it (one row a record, genotypes as a list of texts), and `long`, one row for each
carried call in order of position: chrom, pos, ref, alt, sample (its place), alternates.

Usage: peer_parquet.py SPEC, run by `peer_process.Peer`.
"""

from peer_serve import serve  # first: it takes standard output away

import json
import sys

import duckdb

SPEC = json.loads(sys.argv[1])
WIDE, LONG = SPEC["store"], SPEC["store"].replace(".parquet", ".long.parquet")
SAMPLE = SPEC.get("index", 0) + 1
SNV = "length(ref) = 1 AND length(alt) = 1"
TRANSITION = "ref || alt IN ('AG', 'GA', 'CT', 'TC')"
CONNECTION = duckdb.connect(config={"threads": 2})
CONNECTION.execute("SET enable_progress_bar = false")


def store() -> list:
    import polars_bio  # only here: questions start without it

    fields = {"format_fields": SPEC["fields"]} if SPEC["samples"] else {}
    polars_bio.scan_vcf(SPEC["source"], **fields).sink_parquet(WIDE, compression="zstd")
    return query(f"SELECT count(*) FROM '{WIDE}'")


def genotypes() -> str:
    """The column of genotypes: a struct of lists; with one sample it has no list."""
    return "genotypes.GT" if SPEC["samples"] > 1 else "[GT]"


def explode() -> list:
    rows = f"SELECT chrom, start AS pos, ref, alt, unnest({genotypes()}) AS gt, generate_subscripts({genotypes()}, 1)::INT AS sample FROM '{WIDE}'"
    alternates = "length(gt) - length(translate(gt, '123456789', ''))"
    select = f"SELECT chrom, pos, ref, alt, sample, ({alternates})::TINYINT AS alternates FROM ({rows}) WHERE {alternates} > 0"
    CONNECTION.execute(f"COPY ({select}) TO '{LONG}' (FORMAT parquet, COMPRESSION zstd)")
    return query(f"SELECT count(*) FROM '{LONG}'")


def query(sql: str) -> list:
    return [float(value) if isinstance(value, float) else int(value or 0) for value in CONNECTION.execute(sql).fetchone()]


def frequencies() -> list:
    text = f"array_to_string({genotypes()}, ' ')"
    counted = f"""SELECT length(gts) - length(translate(gts, '123456789', '')) AS ac, length(gts) - length(translate(gts, '0123456789', '')) AS an
                  FROM (SELECT {text} AS gts FROM '{WIDE}')"""
    return query(f"SELECT count(*), sum(ac), sum(an), sum(ac / greatest(an, 1)) FROM ({counted})")


def region() -> str:
    return f"chrom = '{SPEC['contig']}' AND pos BETWEEN {SPEC['first']} AND {SPEC['last']}"


def calls(where: str) -> list:
    return query(f"SELECT count(*), sum(pos::BIGINT), sum(alternates) FROM '{LONG}' WHERE {where}")


serve(
    {
        "import": store,
        "explode": explode,
        "frequencies": frequencies,
        "sample": lambda: calls(f"sample = {SAMPLE}"),
        "region carried": lambda: calls(region()),
        "per sample": lambda: query(f"SELECT count(*), sum(n), sum(n * sample) FROM (SELECT sample, count(*) AS n FROM '{LONG}' GROUP BY sample)"),
        "ti/tv of calls": lambda: query(f"SELECT count(*) FILTER ({TRANSITION}), count(*) FILTER (NOT {TRANSITION}) FROM '{LONG}' WHERE {SNV}"),
        "ti/tv of sites": lambda: query(f"SELECT count(*) FILTER ({TRANSITION}), count(*) FILTER (NOT {TRANSITION}) FROM '{WIDE}' WHERE {SNV}"),
    }
)
