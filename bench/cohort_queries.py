"""Asks Varberg and each peer the same questions, each of its own store; a table of times, with the answers compared.

Varberg's time is from the request to the whole answer (an Arrow stream; each statement has a process of its own); for bcftools and
savvy a whole command; for Zarr with numpy, Hail and DuckDB the question alone, in a process that runs already (what its start takes is told
below the table). Warm: medians
of VARBERG_BENCH_RUNS rounds that take turns, stores in the page cache. Cold: one more round, the store's files out of the page cache
(POSIX_FADV_DONTNEED; programs and libraries stay). What took longer than VARBERG_BENCH_ONCE_S (20) is asked once.

Usage: python bench/cohort_queries.py [INPUT...]     (names of cohort_inputs.py; by default simulated and thousand-genomes)
"""

import contextlib
import os
import resource
import statistics
import subprocess
import sys

import cohort_stores
import cohort_varberg
import page_cache
import peer_commands
import peers
import report
from cohort_inputs import INPUTS, Input
from cohort_questions import QUESTIONS, SAME_ANSWER, same
from cohort_statements import statements
from measure import machine, version
from peer_process import Left
from server import binary

RUNS = int(os.environ.get("VARBERG_BENCH_RUNS", "5"))
ONCE_S = float(os.environ.get("VARBERG_BENCH_ONCE_S", "20"))
DEFAULT = ["simulated", "thousand-genomes"]
OURS = "varberg, "
#: What has to be reached: (question, peer) to times as fast as it; every other question at least as fast as the best.
GOALS = {("frequencies", peers.BCFTOOLS): 100, ("frequencies", peers.ZARR): 10, ("frequencies", peers.HAIL): 10}


class Varberg:
    """Answers a question in one spelling, like `peer_process.Peer`."""

    def __init__(self, server, spellings: dict, names: list[str]):
        self.server, self.spellings, self.names = server, spellings, names

    def ask(self, question: str) -> dict:
        statement = self.spellings.get(question)
        if statement is None:
            raise Left("not offered")
        try:
            result = cohort_varberg.ask(self.server, statement.sql)
        except cohort_varberg.NotOffered as reason:
            raise Left(str(reason)) from None
        return result | {"answer": statement.read(result.pop("table"), self.names)}

    def forget(self):
        cohort_varberg.forget(self.server)


class Stored:
    """A peer on its store."""

    def __init__(self, peer, running, source: Input):
        self.ask, self.start, self.files = running.ask, running.start, cohort_stores.files(peer, source)
        if peer == peers.PARQUET:
            self.files.append(cohort_stores.long_parquet(source))

    def forget(self):
        page_cache.forget(*self.files)


def sample_names(source: Input) -> list[str]:
    return subprocess.run(["bcftools", "query", "-l", source.path], capture_output=True, text=True, check=True).stdout.split()


def systems(source: Input, server, names: list[str], open_files: contextlib.ExitStack) -> dict:
    """Everything that answers: one for each spelling of Varberg's statements, one for each peer."""
    sample = (names[len(names) // 2], len(names) // 2)
    asked = statements(source, sample[0])
    spellings = {spelling: None for of_question in asked.values() for spelling in of_question}
    found = {}
    for spelling in spellings:
        chosen = {question: of_question[spelling] for question, of_question in asked.items() if spelling in of_question}
        found[OURS + spelling] = Varberg(server, chosen, names)
    for peer in peers.available():
        try:
            cohort_stores.ensure(peer, source)
        except Left as reason:
            print(f"- {peer}: left out, {reason}", file=sys.stderr)
            continue
        is_program = peer in (peers.BCFTOOLS, peers.SAVVY)
        running = peer_commands.Program(peer, source, sample) if is_program else cohort_stores.process(peer, source, sample)
        found[peer] = Stored(peer, open_files.enter_context(running), source)
    return found


def run(found: dict) -> tuple[dict, dict, dict]:
    """Warm rounds and the cold one for (question, system), and why something was left out."""
    warm, cold, left = {}, {}, {}
    for _ in range(RUNS):
        for key in [(question, system) for question in QUESTIONS for system in found]:
            rounds = warm.setdefault(key, [])
            if key in left or rounds and rounds[0]["wall"] > ONCE_S:
                continue
            try:
                rounds.append(found[key[1]].ask(key[0]))
            except Left as reason:
                left[key] = str(reason)
    for key, rounds in warm.items():
        if rounds and rounds[0]["wall"] <= ONCE_S:
            found[key[1]].forget()
            cold[key] = found[key[1]].ask(key[0])
    return {key: rounds for key, rounds in warm.items() if rounds}, cold, left


def check(warm: dict, cold: dict) -> dict:
    """Answers must be the same, in every round: (question, system) of each that is not what most systems say, with both. It gains
    nothing by its speed."""
    answers = {key: [r["answer"] for r in rounds] + ([cold[key]["answer"]] if key in cold else []) for key, rounds in warm.items()}
    wrong = {}
    for base in QUESTIONS:
        of_base = {key: told for key, told in answers.items() if SAME_ANSWER.get(key[0], key[0]) == base}
        votes = [told[0] for told in of_base.values() if None not in told[0]]
        if votes:
            agreed = max(votes, key=lambda answer: sum(same(answer, vote) for vote in votes))
            wrong |= {key: (answer, agreed) for key, told in of_base.items() for answer in told if not same(answer, agreed)}
    return wrong


def rows(warm: dict, cold: dict, wrong: dict) -> list[list[str]]:
    out = []
    for (question, system), rounds in warm.items():
        walls, cpu = [r["wall"] for r in rounds], statistics.median(r["cpu"] for r in rounds)
        is_ours = system.startswith(OURS)
        wall = statistics.median(walls)
        ours = best(warm, wrong, question)
        times = report.ratio(wall / ours[1]) if ours and not is_ours else ""
        out.append(
            [
                f"{question}: {system}" + (" (once)" if len(rounds) < RUNS else "") + (" (**wrong**)" if (question, system) in wrong else ""), report.seconds(wall),
                f"{report.seconds(min(walls))}, {report.seconds(max(walls))}",
                report.seconds(cold[question, system]["wall"]) if (question, system) in cold else "",
                report.seconds(cpu), report.mebibytes(max(r["memory"] for r in rounds)), times,
            ]
        )  # fmt: skip
    return out


def best(warm: dict, wrong: dict, question: str, ours: bool = True, starts: dict | None = None) -> tuple[str, float] | None:
    """The fastest of our spellings, or of the peers, with its median; who is wrong is left out. `starts`: seconds to add for each peer."""
    medians = [
        (statistics.median(r["wall"] for r in rounds) + (starts or {}).get(system, 0), system)
        for (asked, system), rounds in warm.items()
        if asked == question and system.startswith(OURS) == ours and (asked, system) not in wrong
    ]
    return min(medians)[::-1] if medians else None


def goals(warm: dict, wrong: dict, starts: dict) -> list[str]:
    lines = []
    for question in QUESTIONS:
        ours = best(warm, wrong, question)
        theirs, started = (best(warm, wrong, question, False, added) for added in (None, starts))
        if ours and theirs:
            line = f"- {question}: {theirs[1] / ours[1]:.2f} times as fast as the best peer, {theirs[0]} (goal 1)"
            lines.append(line + f"; {started[1] / ours[1]:.2f} with the start of each peer's process (best: {started[0]})")
        for (asked, peer), times in GOALS.items():
            if asked == question and ours and (question, peer) in warm:
                wall = statistics.median(r["wall"] for r in warm[question, peer])
                lines.append(f"- {question}: {wall / ours[1]:.1f} times as fast as {peer} (goal {times})")
    return lines


def grouped(left: dict) -> dict[str, list[str]]:
    """Why something was left out, to what that holds for."""
    reasons = {}
    for (question, system), reason in left.items():
        reasons.setdefault(reason.strip(), []).append(f"{question} ({system})")
    return reasons


def compare(source: Input) -> str:
    names = sample_names(source)
    with contextlib.ExitStack() as open_files:
        server, _ = open_files.enter_context(cohort_varberg.imported(source))
        found = systems(source, server, names, open_files)
        warm, cold, left = run(found)
    wrong = check(warm, cold)
    table = report.table(["question: system", "wall s", "(least, most)", "cold", "CPU s", "peak MiB", "wall, best varberg = 1"], rows(warm, cold, wrong))
    starts = {name: system.start for name, system in found.items() if getattr(system, "start", 0)}
    told = [f"- {name}: its process starts in {start:.2f} s" for name, start in starts.items()]
    told += goals(warm, wrong, starts) + [f"- **{key[0]}: {key[1]} says {answer}, most say {agreed}**" for key, (answer, agreed) in wrong.items()]
    told += [] if wrong else ["- all answers agree"]
    told += [f"- {', '.join(keys)} left out: {reason}" for reason, keys in grouped(left).items() if reason != "not offered"]
    return f"**{source.title}** ({source.records:,} records, {source.samples:,} samples)\n\n{table}\n\n" + "\n".join(told)


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    chosen = [INPUTS[name] for name in sys.argv[1:] or DEFAULT]
    head = f"- {version(str(binary()), '--version')}; {peers.versions()}\n- {machine()}; medians of {RUNS} rounds"
    parts = [compare(source) for source in chosen if source.make()]
    meaning = "\n".join(f"- {question}: {text}" for question, text in QUESTIONS.items())
    report.section("Questions to cohorts", "\n\n".join([head, meaning, *parts]))


if __name__ == "__main__":
    main()
