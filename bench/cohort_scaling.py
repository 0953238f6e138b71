"""How import and questions grow with the number of samples: 1,000, 10,000 and 100,000 samples x 2,000 records; a table and a plot.

Seconds and peak memory of Varberg's import, of its questions and, for comparison, of `bcftools view -Ob` and its questions from BCF.
The plot (bench/cohort_scaling.png, or VARBERG_BENCH_DIR without VARBERG_BENCH_WRITE=1) has logarithmic axes: linear growth is a line with the slope of the grey one.

Usage: python bench/cohort_scaling.py
"""

import os
import pathlib
import resource

import cohort_stores
import cohort_varberg
import matplotlib
import peer_commands
import peers
import report
from cohort_inputs import INPUTS, SCALE_RECORDS, SCALES, Input
from cohort_queries import sample_names
from cohort_statements import statements
from measure import HERE, WORK, machine, medians, version
from server import binary

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  after the choice of what draws

RUNS = int(os.environ.get("VARBERG_BENCH_RUNS", "5"))
PLOT = (HERE if os.environ.get("VARBERG_BENCH_WRITE") == "1" else WORK) / "cohort_scaling.png"
IMPORT = "import"
#: Questions, and how Varberg is asked.
ASKED = {"frequencies": "functions", "sample": "plain", "region carried": "plain", "region of a sample": "plain", "per sample": "plain"}
#: Bytes that no import and no question may hold at one time.
LIMITS = {1_000: 1 << 30, 10_000: 4 << 30, 100_000: 4 << 30}


def varberg(source: Input) -> dict[str, dict]:
    """The import and each question; medians."""
    imports = []
    for _ in range(RUNS - 1):
        with cohort_varberg.imported(source) as (_, result):
            imports.append(result)
    names = sample_names(source)
    with cohort_varberg.imported(source) as (server, result):
        found = {IMPORT: medians([*imports, result])}
        for question in ASKED:
            statement = statements(source, names[len(names) // 2])[question][ASKED[question]]
            found[question] = medians([cohort_varberg.ask(server, statement.sql) for _ in range(RUNS)])
    return found


def bcftools(source: Input) -> dict[str, dict]:
    names = sample_names(source)
    found = {IMPORT: medians([cohort_stores.convert(peers.BCFTOOLS, source) for _ in range(RUNS)])}
    cohort_stores.ensure(peers.BCFTOOLS, source)
    with peer_commands.Program(peers.BCFTOOLS, source, (names[len(names) // 2], len(names) // 2)) as running:
        for question in ASKED:
            found[question] = medians([running.ask(question) for _ in range(RUNS)])
    return found


def steps(results: dict) -> list[str]:
    """What Varberg did at every size."""
    return [step for step in [IMPORT, *ASKED] if all(step in results["varberg", samples] for samples in SCALES)]


def draw(results: dict, path: pathlib.Path):
    """Two panels: seconds and memory against samples; Varberg's lines are solid, those of bcftools dashed."""
    figure, (seconds, memory) = pyplot.subplots(1, 2, figsize=(12, 5))
    for system, style in (("varberg", "-o"), (peers.BCFTOOLS, "--x")):
        sizes = [samples for samples in SCALES if (system, samples) in results]
        for place, step in enumerate(steps(results)):
            color = f"C{place}"
            label = step if system == "varberg" else None
            seconds.plot(sizes, [results[system, n][step]["wall"] for n in sizes], style, color=color, label=label)
            memory.plot(sizes, [results[system, n][step]["memory"] / (1 << 20) for n in sizes], style, color=color)
    base = results["varberg", SCALES[0]][IMPORT]["wall"]
    seconds.plot(SCALES, [base * n / SCALES[0] for n in SCALES], color="lightgrey", label="linear", zorder=0)
    memory.axhline(4096, color="lightgrey", label="4 GiB", zorder=0)
    for axes, title in ((seconds, "wall seconds"), (memory, "peak memory, MiB")):
        axes.set(xscale="log", yscale="log", xlabel=f"samples ({SCALE_RECORDS:,} records)", title=title)
        axes.grid(True, which="major", alpha=0.3)
    seconds.legend(fontsize=8, title="solid: varberg; dashed: bcftools", title_fontsize=8)
    memory.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})


def table(results: dict) -> str:
    head = ["system: step", *(f"{n:,} samples, s" for n in SCALES), *(f"{n:,}, MiB" for n in SCALES), "growth 10k to 100k"]
    rows = []
    for system in ("varberg", peers.BCFTOOLS):
        if (system, SCALES[0]) not in results:
            continue
        for step in steps(results):
            of = [results[system, n][step] for n in SCALES]
            growth = report.ratio(of[-1]["wall"] / of[-2]["wall"])
            rows.append([f"{system}: {step}", *(report.seconds(r["wall"]) for r in of), *(report.mebibytes(r["memory"]) for r in of), growth])
    return report.table(head, rows)


def limits(results: dict) -> list[str]:
    lines = []
    for samples, limit in LIMITS.items():
        most, step = max((r["memory"], step) for step, r in results["varberg", samples].items())
        lines.append(f"- {samples:,} samples: at most {report.mebibytes(most)} MiB ({step}; limit {limit >> 20:,})")
    return lines


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    results = {}
    for samples in SCALES:
        source = INPUTS[f"scale-{samples}"]
        source.make()
        results["varberg", samples] = varberg(source)
        if peers.BCFTOOLS not in peers.missing():
            results[peers.BCFTOOLS, samples] = bcftools(source)
    draw(results, PLOT)
    head = f"- {version(str(binary()), '--version')}; {machine()}; medians of {RUNS} rounds; plot: {PLOT.name}"
    report.section("Cohorts of 1,000 to 100,000 samples", "\n\n".join([head, table(results), "\n".join(limits(results))]))


if __name__ == "__main__":
    main()
