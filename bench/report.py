"""Tables of Markdown, and sections of RESULTS.md: printed, and kept in the file under a heading of their own with the date."""

import datetime
import os

from measure import HERE

RESULTS = HERE / "RESULTS.md"


def table(head: list[str], rows: list[list[str]]) -> str:
    """The first column is text, all others are numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def section(title: str, body: str):
    """Prints a section; with VARBERG_BENCH_WRITE=1 it also takes the place of the section with this title in RESULTS.md."""
    text = f"## {title} ({datetime.date.today().isoformat()})\n\n{body.rstrip()}\n"
    print(text, flush=True)
    if os.environ.get("VARBERG_BENCH_WRITE") != "1":
        return
    before, *sections = RESULTS.read_text().split("\n## ")
    kept = [one for one in sections if not one.startswith(f"{title} (")]
    sections = [text.removeprefix("## "), *(one.rstrip() + "\n" for one in kept)]
    RESULTS.write_text("\n## ".join([before.rstrip() + "\n", *sections]))


def seconds(value: float) -> str:
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def mebibytes(value: float) -> str:
    return f"{value / (1 << 20):,.0f}" if value else ""


def ratio(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"
