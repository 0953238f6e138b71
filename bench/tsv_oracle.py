"""Compares the reader of delimited text with Python's csv module on random files of the subset both read alike.

    cargo build -p varberg-formats --example tsv_rows
    python3 bench/tsv_oracle.py TARGET/debug/examples/tsv_rows [FILES [SEED]]

The subset: separators and quotes of one character, quotes doubled or escaped, quotes only where a field begins and ends
with them, no line ends inside quotes, fields as many as columns except in one file of eight. What Python cannot say is
computed here: an unquoted empty field is null, a blank or a comment line is skipped.

Where pandas is installed, it reads every fourth file too, of those without comments, blank lines and a wrong number of fields
(pandas takes the rest of a line as a comment, and fills short rows up); it does not tell an empty field from a null.
"""

import csv
import io
import random
import subprocess
import sys

try:
    import pandas
except ImportError:
    pandas = None

# Files that are read by one process.
BATCH = 20_000
BLANKS = "".join(map(chr, range(33)))


def hexed(text):
    return text.encode().hex() if text else "-"


def field(rng, sep, quote, escape, comment):
    """A field as the file has it, and its value."""
    letters = "ab1.é漢 _" + "\t,;|" + (comment or "")
    kind = rng.random()
    if kind < 0.15:
        return "", None
    if kind < 0.6 or not quote:
        text = "".join(c for c in rng.choices(letters, k=rng.randint(1, 6)) if c not in (sep, quote, escape))
        return text, text or None
    text = "".join(rng.choices(letters + quote + sep, k=rng.randint(0, 6)))
    if escape == quote:
        return quote + text.replace(quote, quote * 2) + quote, text
    return quote + text.replace(escape, escape * 2).replace(quote, escape + quote) + quote, text


def case(rng):
    sep = rng.choice("\t,;|")
    quote = rng.choice(['"', '"', "'", None])
    escape = quote and rng.choice([quote, "\\"])
    comment = rng.choice([None, "#"])
    header = rng.random() < 0.5
    columns = rng.randint(1, 6)
    end = rng.choice(["\n", "\r\n", "\r"])
    lines, fits = [], True
    for _ in range(rng.randint(0, 8)):
        kind = rng.random()
        if kind < 0.1:
            lines.append(rng.choice(["", "  "]))
        elif kind < 0.2 and comment:
            lines.append(comment + rng.choice(["x", 'x"y' + sep, ""]))
        else:
            width = columns + (rng.choice([-1, 1]) if rng.random() < 0.02 else 0)
            lines.append(sep.join(field(rng, sep, quote, escape, comment)[0] for _ in range(max(width, 1))))
    text = end.join(lines) + rng.choice(["", end])
    if text.encode().startswith(b"\xef\xbb\xbf"):
        text = "x" + text
    return columns, sep, quote, escape, comment, header, text


def expected(columns, sep, quote, escape, comment, header, text):
    """The rows by Python, or E19."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows, waits = [], header
    for line in lines:
        trimmed = line.strip(BLANKS)
        if waits:
            waits = not trimmed or bool(comment and trimmed.startswith(comment))
            continue
        if not trimmed or (comment and line.startswith(comment)):
            continue
        options = dict(delimiter=sep, strict=True)
        if quote:
            options |= dict(quotechar=quote, doublequote=escape == quote)
            if escape != quote:
                # Python takes an escape outside of quotes, too; fields there have none.
                options |= dict(escapechar=escape)
        else:
            options |= dict(quoting=csv.QUOTE_NONE, quotechar=None)
        fields = next(csv.reader(io.StringIO(line), **options))
        if len(fields) != columns:
            return "E19"
        rows.append(",".join(value(line, i, f, sep, quote, escape) for i, f in enumerate(fields)) + ",")
    return "=" + "".join(";" + row for row in rows)


def value(line, index, text, sep, quote, escape):
    if text:
        return text.encode().hex()
    # Python does not tell an empty field from an empty quoted one: look where it begins.
    at = 0
    for _ in range(index):
        at = skip(line, at, sep, quote, escape) + 1
    return "" if quote and line[at : at + 1] == quote else "-"


def skip(line, at, sep, quote, escape):
    """Where the field at a place ends."""
    inside = bool(quote) and line[at : at + 1] == quote
    at += inside
    while at < len(line):
        c = line[at]
        if inside and escape != quote and c == escape:
            at += 1
        elif inside and c == quote:
            if escape == quote and line[at + 1 : at + 2] == quote:
                at += 1
            else:
                inside = False
        elif not inside and c == sep:
            return at
        at += 1
    return at


def by_pandas(columns, sep, quote, escape, comment, header, text):
    """The rows by pandas, nulls as empty text; None if the file is not of its subset."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    if comment or not all(line.strip(BLANKS) for line in lines):
        return None
    if len(lines) == header:
        return []
    quoting = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    escaped = dict(escapechar=escape) if quote and escape != quote else {}
    options = dict(sep=sep, quotechar=quote or '"', quoting=quoting, doublequote=escape == quote, **escaped)
    table = pandas.read_csv(
        io.StringIO("\n".join(lines[header:])), header=None, names=range(columns), index_col=False, dtype=str,
        keep_default_na=False, na_filter=False, skip_blank_lines=False, lineterminator="\n", **options,
    )  # fmt: skip
    return table.values.tolist()


def texts(answer):
    """The rows of an answer, nulls as empty text."""
    rows = [row.split(",")[:-1] for row in answer[1:].split(";")[1:]]
    return [[bytes.fromhex(field).decode() if field != "-" else "" for field in row] for row in rows]


def main():
    program, files, seed = sys.argv[1], int((sys.argv[2:] or ["10000"])[0]), int((sys.argv[3:] or ["1"])[0])
    rng = random.Random(seed)
    rows = faults = by_both = 0
    for first in range(0, files, BATCH):
        cases = [case(rng) for _ in range(min(BATCH, files - first))]
        words = [" ".join([str(c[0]), *map(hexed, c[1:5]), str(int(c[5])), c[6].encode().hex()]) for c in cases]
        done = subprocess.run([program], input="\n".join(words) + "\n", capture_output=True, text=True, check=True)
        answers = done.stdout.splitlines()
        assert len(answers) == len(cases), (len(answers), done.stderr)
        for number, (one, answer) in enumerate(zip(cases, answers), first):
            want = expected(*one)
            assert answer == want, f"file {number} of seed {seed}: {one!r}\n here {answer}\n csv  {want}"
            rows += answer.count(";")
            faults += answer == "E19"
            if pandas and number % 4 == 0 and answer != "E19" and (other := by_pandas(*one)) is not None:
                assert texts(answer) == other, f"file {number} of seed {seed}: {one!r}\n here {answer}\n pandas {other}"
                by_both += 1
    also = f", {by_both} files read by pandas {pandas.__version__}, too" if pandas else ""
    print(f"seed {seed}: {files} files, {rows} rows, {faults} refused by both{also}: no difference")


main()
