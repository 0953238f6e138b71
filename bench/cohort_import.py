"""Imports cohorts into Varberg and into each peer's own store, side by side; tables of time, memory and stored bytes.

Each round runs every system once, one after the other, so that what else the machine does falls on all alike; medians are told.
Varberg's clock runs from StartVariantImportJob to the first answered `SELECT count(*)`, by a plain client through the API; those of
bcftools, savvy and bio2zarr are whole commands; Hail's and polars-bio's run inside their processes, without the start of
Python or Java. What took longer than VARBERG_BENCH_ONCE_S (20) in its first round runs once. The floor is `bgzip -dc` and a
scan for tabs. "Cold" is one more round with the input out of the page cache.

Usage: python bench/cohort_import.py [INPUT...]     (names of cohort_inputs.py; by default those with stored sizes to compare)
"""

import os
import resource
import sys

import cohort_stores
import cohort_varberg
import page_cache
import peers
import report
from cohort_inputs import INPUTS, Input
from measure import command, machine, medians, version
from peer_process import Left
from server import binary

RUNS = int(os.environ.get("VARBERG_BENCH_RUNS", "5"))
ONCE_S = float(os.environ.get("VARBERG_BENCH_ONCE_S", "20"))
DEFAULT = ["simulated", "thousand-genomes", "reads", "sites", "gvcf"]
SCAN = binary().parent / "examples" / "tab_scan"
VARBERG, FLOOR = "varberg", "floor: bgzip -dc and tab scan"
#: What has to be reached: (input, peer) to times as fast as it, by wall time.
GOALS = {
    ("simulated", peers.BCFTOOLS): 5,
    ("thousand-genomes", peers.BCFTOOLS): 4,
    ("reads", peers.BCFTOOLS): 3,
    **{("simulated", peer): 10 for peer in (peers.ZARR, peers.HAIL, peers.PARQUET)},
}


def varberg(source: Input) -> dict:
    with cohort_varberg.imported(source) as (_, result):
        return result


def floor(source: Input) -> dict:
    if not SCAN.exists():
        raise Left("the example tab_scan is not built")
    return command("bash", "-c", f"set -o pipefail; bgzip -dc '{source.path}' | '{SCAN}'")


def steps(source: Input) -> dict:
    """What runs in a round, in this order."""
    conversions = {peer: lambda peer=peer: cohort_stores.convert(peer, source) for peer in cohort_stores.CONVERSIONS}
    return {VARBERG: lambda: varberg(source), FLOOR: lambda: floor(source)} | conversions


def run(source: Input) -> tuple[dict, dict, dict]:
    """Rounds of each step, the cold round, and why a step was left out."""
    rounds, cold, left = {}, {}, {}
    for _ in range(RUNS):
        for name, step in steps(source).items():
            done = rounds.setdefault(name, [])
            if name in left or done and done[0]["wall"] > ONCE_S:
                continue
            page_cache.warm(source.path)
            try:
                done.append(step())
            except Left as reason:
                left[name] = str(reason)
    for name, step in steps(source).items():
        if name not in left and rounds[name][0]["wall"] <= ONCE_S:
            page_cache.forget(source.path)
            cold[name] = step()
    return rounds, cold, left


def row(name: str, rounds: list[dict], cold: dict, source: Input, base: dict) -> list[str]:
    one, walls = medians(rounds), [r["wall"] for r in rounds]
    packed = source.path.stat().st_size
    size = [f"{one['size'] / 1e6:.2f}", f"{one['size'] / packed:.2f}"] if "size" in one else ["", ""]
    return [
        name + (" (once)" if len(rounds) < RUNS else ""), report.seconds(one["wall"]), f"{report.seconds(min(walls))}, {report.seconds(max(walls))}",
        report.seconds(cold[name]["wall"]) if name in cold else "", report.seconds(one["cpu"]), report.mebibytes(one["memory"]), *size,
        report.ratio(one["wall"] / base["wall"]), report.ratio(one["cpu"] / base["cpu"]),
    ]  # fmt: skip


def goals(source: Input, results: dict) -> list[str]:
    """What the issue asks for, as sentences."""
    lines, ours = [], results[VARBERG]
    for (name, peer), times in GOALS.items():
        if name == source.name and peer in results:
            lines.append(f"- {results[peer]['wall'] / ours['wall']:.1f} times as fast as {peer} (goal {times})")
    if FLOOR in results:
        lines.append(f"- CPU seconds: {ours['cpu'] / results[FLOOR]['cpu']:.2f} times those of the floor" + (" (goal 2.5)" if source.fields == ("GT",) and source.samples else ""))
    for peer in (peers.BCFTOOLS, peers.ZARR):
        if peer in results:
            lines.append(f"- stored bytes: {ours['size'] / results[peer]['size']:.2f} of {peer}'s")
    if source.samples > 1:
        lines.append(f"- {ours['size'] / source.cells:.4f} bytes a genotype; {source.cells / ours['cpu'] / 1e6:.0f} million genotypes a CPU second")
    lines.append(f"- from the end of the job to the answered count: {ours['wall'] - ours['job']:.2f} s")
    return lines


def compare(source: Input) -> str:
    rounds, cold, left = run(source)
    done = {name: many for name, many in rounds.items() if many}
    results = {name: medians(many) for name, many in done.items()}
    head = ["system", "wall s", "(least, most)", "input cold", "CPU s", "peak MiB", "stored MB", "of the vcf.gz", "wall, varberg = 1", "CPU, varberg = 1"]
    table = report.table(head, [row(name, many, cold, source, results[VARBERG]) for name, many in done.items()])
    told = goals(source, results) + [f"- {name}: left out, {reason}" for name, reason in left.items()]
    size = f"{source.records:,} records, {source.samples:,} samples, {source.path.stat().st_size / 1e6:.1f} MB of vcf.gz"
    return f"**{source.title}** ({size})\n\n{table}\n\n" + "\n".join(told)


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    chosen = [INPUTS[name] for name in sys.argv[1:] or DEFAULT]
    head = f"- {version(str(binary()), '--version')}; {peers.versions()}\n- {machine()}; medians of {RUNS} rounds"
    parts = [compare(source) for source in chosen if source.make()]
    report.section("Imports of cohorts and their stored size", "\n\n".join([head, *parts]))


if __name__ == "__main__":
    main()
