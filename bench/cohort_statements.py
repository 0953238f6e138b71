"""The SQL that Varberg is asked, for each question in several spellings, and what an answered table says as numbers.

`plain` uses only the columns of docs/schema.md, as a user of HealthOmics would write it; `functions` the functions on genotypes
and the view "store$sites"; `counts` the stored count columns. A spelling that the server does not know is left out of the table.
"""

import dataclasses
from collections.abc import Callable

import pyarrow
import pyarrow.compute as pc
from cohort_inputs import Input
from cohort_varberg import STORE

SITES = f'"{STORE}$sites"'
SITE = "contigname, start, referenceallele, alternatealleles"
CARRIED = "(calls[1] > 0 OR calls[2] > 0)"
IS_SNV = "length(referenceallele) = 1 AND cardinality(alternatealleles) = 1 AND length(alternatealleles[1]) = 1 AND alternatealleles[1] <> '*'"
IS_TRANSITION = "concat(referenceallele, alternatealleles[1]) IN ('AG', 'GA', 'CT', 'TC')"


@dataclasses.dataclass(frozen=True)
class Statement:
    sql: str
    read: Callable[[pyarrow.Table, list[str]], list]


def statements(source: Input, sample: str) -> dict[str, dict[str, Statement]]:
    """For each question its spellings."""
    first, last = source.region
    region = f"contigname = '{source.contig}' AND start >= {first - 1} AND start < {last}"
    sample = "'" + sample.replace("'", "''") + "'"
    rows = f"SELECT sampleid, start, calls FROM {STORE} WHERE"
    allele = f"SELECT {SITE}, unnest(calls) AS allele FROM {STORE}"
    titv = f"count(*) FILTER (WHERE {IS_TRANSITION}) AS ti, count(*) FILTER (WHERE NOT {IS_TRANSITION}) AS tv"
    carriers = "(het_count(calls) + hom_alt_count(calls))"
    return {
        "frequencies": {
            "plain": Statement(
                f"SELECT {SITE}, count(*) FILTER (WHERE allele > 0) AS ac, count(*) AS an, "
                f"avg(CASE WHEN allele > 0 THEN 1.0 ELSE 0.0 END) AS af FROM ({allele}) WHERE allele >= 0 GROUP BY {SITE}",
                frequencies,
            ),
            "functions": Statement(
                f"SELECT {SITE}, allele_count(calls) AS ac, allele_number(calls) AS an, allele_frequency(calls) AS af FROM {SITES}",
                frequencies,
            ),
            "functions, frequency only": Statement(
                f"SELECT contigname, start, allele_frequency(calls) AS af FROM {SITES}", frequencies_alone
            ),
        },
        "stored counts": {
            "counts": Statement(f"SELECT contigname, start, alleles_called AS an, allele_counts AS counts FROM {SITES}", stored_counts),
        },
        "sample": {
            "plain": Statement(
                f"SELECT start, referenceallele, alternatealleles, calls FROM {STORE} WHERE sampleid = {sample} AND {CARRIED}", calls
            ),
            "functions": Statement(
                f"SELECT start, referenceallele, alternatealleles, call(calls, {sample}) AS calls FROM {SITES} WHERE dosage(calls, {sample}) > 0", calls
            ),
        },
        "region": {"plain": Statement(f"{rows} {region}", calls)},
        "region carried": {"plain": Statement(f"{rows} {region} AND {CARRIED}", calls)},
        "region of a sample": {
            "plain": Statement(f"{rows} {region} AND sampleid = {sample}", calls),
            "functions": Statement(f"SELECT start, call(calls, {sample}) AS calls FROM {SITES} WHERE {region}", calls),
        },
        "rows per sample": {"plain": Statement(f"SELECT sampleid, count(*) AS n FROM {STORE} GROUP BY sampleid", per_sample)},
        "per sample": {
            "plain": Statement(f"SELECT sampleid, count(*) AS n FROM {STORE} WHERE {CARRIED} GROUP BY sampleid", per_sample),
            "functions": Statement(
                f"SELECT sampleid, count(*) AS n FROM (SELECT unnest(carriers(calls)) AS sampleid FROM {SITES}) GROUP BY sampleid", per_sample
            ),
        },
        "ti/tv of calls": {
            "plain": Statement(f"SELECT {titv} FROM {STORE} WHERE {CARRIED} AND {IS_SNV}", first_row),
            "functions": Statement(
                f"SELECT sum({carriers}) FILTER (WHERE {IS_TRANSITION}) AS ti, sum({carriers}) FILTER (WHERE NOT {IS_TRANSITION}) AS tv "
                f"FROM {SITES} WHERE {IS_SNV}",
                first_row,
            ),
        },
        "ti/tv of sites": {
            "plain": Statement(f"SELECT {titv} FROM (SELECT DISTINCT {SITE} FROM {STORE}) WHERE {IS_SNV}", first_row),
            "functions": Statement(f"SELECT {titv} FROM {SITES} WHERE {IS_SNV}", first_row),
        },
    }


# What the answered tables say; `names` are the samples in the order of the header


def flat(column: pyarrow.ChunkedArray):
    """The members of a list column, or the values themselves."""
    joined = column.combine_chunks()
    is_list = pyarrow.types.is_list(joined.type) or pyarrow.types.is_large_list(joined.type)
    return joined.flatten() if is_list else joined


def total(column) -> int:
    return pc.sum(flat(column)).as_py() or 0


def frequencies(table: pyarrow.Table, names: list[str]) -> list:
    return [table.num_rows, int(total(table["ac"])), int(total(table["an"])), float(total(table["af"]))]


def frequencies_alone(table: pyarrow.Table, names: list[str]) -> list:
    """Its two sums of counts stay unsaid: None."""
    return [table.num_rows, None, None, float(total(table["af"]))]


def stored_counts(table: pyarrow.Table, names: list[str]) -> list:
    """`counts` begins with REF."""
    alternates = [sum(counts[1:]) for counts in table["counts"].to_pylist()]
    numbers = table["an"].to_pylist()
    shares = sum(ac / an for ac, an in zip(alternates, numbers, strict=True) if an)
    return [table.num_rows, sum(alternates), sum(numbers), float(shares)]


def calls(table: pyarrow.Table, names: list[str]) -> list:
    alleles = flat(table["calls"])
    positions = total(table["start"]) + table.num_rows
    return [table.num_rows, positions, int(pc.sum(pc.greater(alleles, 0)).as_py() or 0)]


def per_sample(table: pyarrow.Table, names: list[str]) -> list:
    places = {name: place + 1 for place, name in enumerate(names)}
    counts = dict(zip(table["sampleid"].to_pylist(), table["n"].to_pylist(), strict=True))
    return [len(counts), sum(counts.values()), sum(n * places[name] for name, n in counts.items())]


def first_row(table: pyarrow.Table, names: list[str]) -> list:
    return [int(column[0].as_py() or 0) for column in table.columns]
