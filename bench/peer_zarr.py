"""VCF Zarr (bio2zarr's store) with zarr-python and numpy: chunk by chunk, on two threads.

Usage: peer_zarr.py SPEC, run by `peer_process.Peer`.
"""

from peer_serve import serve  # first: it takes standard output away

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import zarr

SPEC = json.loads(sys.argv[1])
STORE = zarr.open_group(SPEC["store"], mode="r")
THREADS = 2
TRANSITIONS = ["AG", "GA", "CT", "TC"]


def chunks(first: int = 0, last: int | None = None):
    """Ranges of records that lie in one chunk each, between two records."""
    step, last = STORE["call_genotype"].chunks[0], STORE["call_genotype"].shape[0] if last is None else last
    while first < last:
        end = min((first // step + 1) * step, last)
        yield first, end
        first = end


def over_chunks(function, first: int = 0, last: int | None = None) -> list:
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(lambda bounds: function(*bounds), chunks(first, last)))


def region() -> tuple[int, int]:
    """The records of the region: first, and after the last."""
    contig = list(STORE["contig_id"][:]).index(SPEC["contig"])
    inside = (STORE["variant_contig"][:] == contig) & (STORE["variant_position"][:] >= SPEC["first"]) & (STORE["variant_position"][:] <= SPEC["last"])
    found = np.flatnonzero(inside)
    return int(found[0]), int(found[-1]) + 1


def frequencies() -> list:
    """Alternates and called alleles of every record, counted in its genotypes."""

    def count(first, last):
        genotypes = STORE["call_genotype"][first:last]
        flat = genotypes.reshape(last - first, -1)
        return (flat > 0).sum(axis=1), (flat >= 0).sum(axis=1)

    parts = over_chunks(count)
    counts, numbers = (np.concatenate(column) for column in zip(*parts, strict=True))
    return [len(counts), int(counts.sum()), int(numbers.sum()), float((counts / np.maximum(numbers, 1)).sum())]


def calls(first: int, last: int, samples, is_carried: bool) -> list:
    """Calls, sum of their positions, alternate alleles in them."""

    def count(first, last):
        genotypes = STORE["call_genotype"][first:last, samples]
        positions = STORE["variant_position"][first:last].astype(np.int64)
        alternates = (genotypes > 0).sum(axis=-1).reshape(last - first, -1)
        chosen = (alternates > 0).sum(axis=1) if is_carried else np.full(last - first, alternates.shape[1])
        return int(chosen.sum()), int((chosen * positions).sum()), int(alternates.sum())

    return [sum(column) for column in zip(*over_chunks(count, first, last), strict=True)]


def per_sample() -> list:
    def count(first, last):
        return (STORE["call_genotype"][first:last] > 0).any(axis=2).sum(axis=0)

    totals = np.sum(over_chunks(count), axis=0)
    return [int((totals > 0).sum()), int(totals.sum()), int((totals * np.arange(1, len(totals) + 1)).sum())]


def substitutions():
    """For each record whether it is a transition and whether a transversion; both false for all but biallelic SNVs."""
    alleles = STORE["variant_allele"][:]
    is_snv = (np.strings.str_len(alleles[:, 0]) == 1) & (np.strings.str_len(alleles[:, 1]) == 1)
    if alleles.shape[1] > 2:
        is_snv &= (alleles[:, 2:] == "").all(axis=1)
    is_snv &= np.isin(alleles[:, 0], list("ACGT")) & np.isin(alleles[:, 1], list("ACGT"))
    is_transition = np.isin(np.strings.add(alleles[:, 0], alleles[:, 1]), TRANSITIONS)
    return is_snv & is_transition, is_snv & ~is_transition


def titv_calls() -> list:
    transitions, transversions = substitutions()

    def count(first, last):
        carriers = (STORE["call_genotype"][first:last] > 0).any(axis=2).sum(axis=1)
        return int(carriers[transitions[first:last]].sum()), int(carriers[transversions[first:last]].sum())

    return [sum(column) for column in zip(*over_chunks(count), strict=True)]


serve(
    {
        "frequencies": frequencies,
        "sample": lambda: calls(0, None, slice(SPEC["index"], SPEC["index"] + 1), True),
        "region": lambda: calls(*region(), slice(None), False),
        "region carried": lambda: calls(*region(), slice(None), True),
        "region of a sample": lambda: calls(*region(), slice(SPEC["index"], SPEC["index"] + 1), False),
        "per sample": per_sample,
        "ti/tv of calls": titv_calls,
        "ti/tv of sites": lambda: [int(column.sum()) for column in substitutions()],
    }
)
