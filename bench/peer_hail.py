"""Hail on two threads: `import_vcf` into a matrix table (the question `import`), and questions to the table.

Usage: peer_hail.py SPEC, run by `peer_process.Peer`.
"""

from peer_serve import serve  # first: it takes standard output away

import json
import pathlib
import sys

import hail as hl

SPEC = json.loads(sys.argv[1])
FOLDER = pathlib.Path(SPEC["store"]).parent
hl.init(master="local[2]", quiet=True, log=str(FOLDER / "hail.log"), tmp_dir=str(FOLDER / "hail-tmp"))


def table():
    return hl.read_matrix_table(SPEC["store"])


def store() -> list:
    hl.import_vcf(SPEC["source"], force_bgz=True, reference_genome=None, array_elements_required=False).write(SPEC["store"], overwrite=True)
    return [table().count_rows()]


def region(matrix):
    """Without a reference genome the key is a struct; intervals of structs prune the table as those of loci do."""
    ends = (hl.struct(contig=SPEC["contig"], position=SPEC[end]) for end in ("first", "last"))
    return hl.filter_intervals(matrix, [hl.eval(hl.interval(*ends, includes_end=True))])


def sample(matrix):
    return matrix.filter_cols(matrix.s == SPEC["sample"])


def frequencies() -> list:
    matrix = table()
    rows = matrix.annotate_rows(stats=hl.agg.call_stats(matrix.GT, matrix.alleles)).rows()
    found = rows.aggregate(
        hl.struct(
            sites=hl.agg.count(),
            counts=hl.agg.sum(hl.sum(rows.stats.AC[1:])),
            numbers=hl.agg.sum(rows.stats.AN),
            frequencies=hl.agg.sum(hl.sum(rows.stats.AF[1:])),
        )
    )
    return [found.sites, int(found.counts), int(found.numbers), float(found.frequencies)]


def calls(matrix, is_carried: bool) -> list:
    """Calls, sum of their positions, alternate alleles in them."""
    keep = matrix.GT.is_non_ref() if is_carried else True
    found = matrix.aggregate_entries(
        hl.struct(
            calls=hl.agg.count_where(keep),
            positions=hl.agg.filter(keep, hl.agg.sum(hl.int64(matrix.locus.position))),
            alternates=hl.agg.sum(hl.or_else(matrix.GT.n_alt_alleles(), 0)),
        )
    )
    return [found.calls, found.positions, found.alternates]


def per_sample() -> list:
    matrix = table()
    counts = matrix.annotate_cols(carried=hl.agg.count_where(matrix.GT.is_non_ref())).carried.collect()
    return [sum(n > 0 for n in counts), sum(counts), sum((i + 1) * n for i, n in enumerate(counts))]


def titv(rows, weight) -> list:
    """The sums of `weight` over biallelic SNVs that are transitions, and that are transversions."""
    is_snv = (hl.len(rows.alleles) == 2) & hl.is_snp(rows.alleles[0], rows.alleles[1])
    is_transition = hl.is_transition(rows.alleles[0], rows.alleles[1])
    of = lambda chosen: hl.agg.filter(chosen, hl.agg.sum(weight))  # noqa: E731
    found = rows.aggregate(hl.struct(ti=of(is_snv & is_transition), tv=of(is_snv & ~is_transition)))
    return [found.ti, found.tv]


def titv_calls() -> list:
    matrix = table()
    rows = matrix.annotate_rows(carriers=hl.agg.count_where(matrix.GT.is_non_ref())).rows()
    return titv(rows, rows.carriers)


def titv_sites() -> list:
    rows = table().rows()
    return titv(rows, hl.int64(1))


serve(
    {
        "import": store,
        "frequencies": frequencies,
        "sample": lambda: calls(sample(table()), True),
        "region": lambda: calls(region(table()), False),
        "region carried": lambda: calls(region(table()), True),
        "region of a sample": lambda: calls(sample(region(table())), False),
        "per sample": per_sample,
        "ti/tv of calls": titv_calls,
        "ti/tv of sites": titv_sites,
    }
)
