"""Delimited files: coordinates by type, values by type, dialects, parts, order, alleles, and what an error says.

What is expected is computed in Python from the values that the files are written from.
"""

import math
import random
import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from annotation_stores import ARROW, count, create, load, loaded, rows, tsv_options
from pyiceberg.table import StaticTable
from server import metadata_location, reference_arn
from test_tsv_examples import PACKED, delimited, ordered, table
from vcf_files import bgzf

TABS = {"sep": "\t", "header": False}
C1 = "GGGCACACACAGGGTTTTTA"

INTERVAL = "c:STRING s:LONG e:LONG"
PLACE_COLUMNS = {
    "CHR_POS": ("CHR=c POS=s", "c:STRING s:LONG", [("chr2", 10)], [("chr2", 9, 10)]),
    "CHR_POS_REF_ALT": (
        *("CHR=c POS=s REF=r ALT=a", "c:STRING s:INT r:STRING a:STRING"),
        *([("chr2", 10, "ACG", "A"), ("chr2", 1, "a", "t,g")], [("chr2", 9, "ACG", "A", 12), ("chr2", 0, "a", "t,g", 1)]),
    ),
    "CHR_START_END_ONE_BASE": (
        *("CHR=c START=s END=e", INTERVAL),
        *([("chr2", 10, 12), ("chr2", 20, 20)], [("chr2", 9, 12), ("chr2", 19, 20)]),
    ),
    "CHR_START_END_ZERO_BASE": ("CHR=c START=s END=e", INTERVAL, [("chr2", 10, 12)], [("chr2", 10, 12)]),
    "CHR_START_END_REF_ALT_ONE_BASE": (
        *("CHR=c START=s END=e REF=r ALT=a", f"{INTERVAL} r:STRING a:STRING"),
        *([("chr2", 10, 12, "ACG", "A")], [("chr2", 9, 12, "ACG", "A")]),
    ),
    "CHR_START_END_REF_ALT_ZERO_BASE": (
        *("CHR=c START=s END=e REF=r ALT=a", f"{INTERVAL} r:STRING a:STRING"),
        *([("chr2", 9, 12, "ACG", "A")], [("chr2", 9, 12, "ACG", "A")]),
    ),
    "GENERIC": ("", INTERVAL, [("chr2", 10, 12)], [("chr2", 10, 12)]),
}


def names_of(schema: str) -> list[str]:
    return [column.split(":")[0] for column in schema.split()]


@pytest.mark.parametrize("kind", PLACE_COLUMNS)
def test_coordinates_become_zero_based_and_half_open_by_the_type(shared_server, kind):
    keys, schema, lines, expected = PLACE_COLUMNS[kind]
    name = f"place_{kind.lower()}"
    create(shared_server, name, "TSV", tsv_options(kind, keys, schema))
    loaded(shared_server, name, f"{name}.tsv", delimited(lines), TABS)
    computed = ["end"] if kind.startswith("CHR_POS") else []
    assert table(shared_server, name, *names_of(schema), *computed) == ordered(expected)


VALUES = [
    ("STRING", {"plain": "plain", "": None, ".": ".", "NA": "NA", " x ": " x ", "åß": "åß", "NaN": "NaN", '""': ""}),
    ("LONG", {"0": 0, "-5": -5, "9223372036854775807": 2**63 - 1, "-9223372036854775808": -(2**63), "": None}),
    ("INT", {"2147483647": 2**31 - 1, "-2147483648": -(2**31), "": None}),
    ("DOUBLE", {"1.5": 1.5, "1e-300": 1e-300, "-.5": -0.5, "NaN": math.nan, "Inf": math.inf, "-Inf": -math.inf, "": None}),
    ("FLOAT", {"0.5": 0.5, "1024": 1024.0, "NaN": math.nan, "": None}),
    ("BOOLEAN", {"true": True, "FALSE": False, "True": True, "": None}),
]


@pytest.mark.parametrize("kind,values", VALUES, ids=[kind for kind, _ in VALUES])
def test_values_of_each_type(shared_server, kind, values):
    name = f"values_{kind.lower()}"
    create(shared_server, name, "TSV", tsv_options("GENERIC", "", f"at:INT value:{kind}"))
    data = "".join(f"{at}\t{text}\n" for at, text in enumerate(values))
    loaded(shared_server, name, f"{name}.tsv", data, TABS)
    found = [row["value"] for row in rows(shared_server, f"SELECT value FROM {name} ORDER BY at")]
    assert repr(found) == repr(list(values.values()))


REFUSED = [
    *(("LONG", text) for text in (".", "NA", "1.0", "1e3", "9223372036854775808", "x" * 500)),
    *[("INT", "2147483648"), ("DOUBLE", "NA"), ("FLOAT", "."), ("BOOLEAN", "yes"), ("BOOLEAN", "1")],
]


@pytest.mark.parametrize("kind,text", REFUSED, ids=[f"{kind}-{text[:12]}" for kind, text in REFUSED])
def test_an_error_names_line_column_type_and_value(shared_server, kind, text):
    name = f"refused_{kind.lower()}"
    if name not in {s["name"] for s in shared_server.client().list_annotation_stores()["annotationStores"]}:
        create(shared_server, name, "TSV", tsv_options("GENERIC", "", f"gene:STRING amount:{kind}"))
    data = f"# first\ngene\tamount\na\t\n\nb\t{text}\n"
    job = load(shared_server, name, f"{name}.tsv", data, {"sep": "\t", "header": True, "comment": "#"})
    message = job["statusMessage"]
    assert job["status"] == "FAILED" and re.search(r"\bE19\b", message), job
    assert re.search(r"\bline 5\b", message), message
    assert "amount" in message and kind in message and text[:12] in message, message
    assert len(message) < 400, "a long value is shortened"
    assert count(shared_server, name) == 0, "a failed file leaves no row"


@pytest.mark.parametrize(
    "kind,keys,schema,line",
    [
        ("CHR_POS", "CHR=c POS=p", "c:STRING p:LONG", "chr1\t3000000000"),
        ("CHR_POS_REF_ALT", "CHR=c POS=p REF=r ALT=a", "c:STRING p:INT r:STRING a:STRING", "chr1\t2147483647\tACG\tA"),
    ],
)
def test_a_position_that_the_end_column_cannot_hold_says_so(shared_server, kind, keys, schema, line):
    """The position is of its declared type; the computed column, an INT as in HealthOmics, is too narrow."""
    name = f"far_{kind.lower()}"
    create(shared_server, name, "TSV", tsv_options(kind, keys, schema))
    job = load(shared_server, name, f"{name}.tsv", f"{line}\n", TABS)
    message = job["statusMessage"]
    assert job["status"] == "FAILED" and re.search(r"\bE19\b.*\bline 1\b", message), message
    assert re.search(r"\bend\b", message), message


@pytest.mark.parametrize("line", ["a", "a\t1\t2", "a\t1\t"], ids=["too few", "too many", "one more, empty"])
def test_a_row_of_another_width_fails_the_file(shared_server, line):
    name = f"width_{len(line)}"
    create(shared_server, name, "TSV", tsv_options("GENERIC", "", "gene:STRING amount:INT"))
    job = load(shared_server, name, f"{name}.tsv", f"gene\tamount\nok\t1\n{line}\n")
    assert job["status"] == "FAILED" and re.search(r"\bE19\b.*\bline 3\b", job["statusMessage"]), job["statusMessage"]
    assert count(shared_server, name) == 0


DIALECTS = {
    "comma": (dict(), 'a,1\n"b,c",2\n'.encode(), [("a", 1), ("b,c", 2)]),
    "empty options are no tabs and no header": ({}, b"a,1\n", [("a", 1)]),
    "several characters": ({"sep": "::"}, b"a:b::1\nc::2", [("a:b", 1), ("c", 2)]),
    "quote": ({"quote": "'"}, b"'a,b',1\n\"c\",2\n", [("a,b", 1), ('"c"', 2)]),
    "escape": ({}, b'"a\\"b",1\n"c\\\\d",2\n', [('a"b', 1), ("c\\d", 2)]),
    "doubled quotes": ({"escape": '"'}, b'"a""b",1\n', [('a"b', 1)]),
    "comment": ({"comment": ";"}, b";x\na,1\n#b,2\n", [("a", 1), ("#b", 2)]),
    "header": ({"header": True, "comment": "#"}, b"#x\n\nname,n\na,1\n", [("a", 1)]),
    "header alone is tabs": (None, b"name\tn\na,b\t1\n", [("a,b", 1)]),
    "carriage returns": ({}, b"a,1\r\nb,2\r\n", [("a", 1), ("b", 2)]),
    "line separator": ({"lineSep": ";"}, b"a,1;b\nc,2;", [("a", 1), ("b\nc", 2)]),
    "write options": ({"quoteAll": True, "escapeQuotes": True}, b"a,1\n", [("a", 1)]),
    "byte order mark": ({}, "\ufeffa,1\n".encode(), [("a", 1)]),
    "UTF-16 by its mark": ({"encoding": "UTF-16"}, "å,1\nß,2\n".encode("utf-16"), [("å", 1), ("ß", 2)]),
    "UTF-16LE": ({"encoding": "UTF-16LE"}, "å,1\n".encode("utf-16-le"), [("å", 1)]),
    "UTF-16BE": ({"encoding": "utf-16be"}, "å,1\n".encode("utf-16-be"), [("å", 1)]),
    "ISO-8859-1": ({"encoding": "ISO-8859-1"}, "å,1\n".encode("latin-1"), [("å", 1)]),
    "windows-1252": ({"encoding": "windows-1252"}, "€,1\n".encode("cp1252"), [("€", 1)]),
    "US-ASCII": ({"encoding": "US-ASCII"}, b"a,1\n", [("a", 1)]),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_read_options_say_how_the_file_is_written(shared_server, dialect):
    read_options, data, expected = DIALECTS[dialect]
    name = f"dialect_{list(DIALECTS).index(dialect)}"
    create(shared_server, name, "TSV", tsv_options("GENERIC", "", "name:STRING n:INT"))
    loaded(shared_server, name, f"{name}.csv", data, read_options)
    assert table(shared_server, name, "name", "n") == ordered(expected)


def test_a_separator_alone_makes_the_heading_data(shared_server):
    """The trap of HealthOmics' read options: whatever is not said takes Spark's default."""
    create(shared_server, "trap", "TSV", tsv_options("GENERIC", "", "name:STRING n:INT"))
    job = load(shared_server, "trap", "trap.tsv", "name\tn\na\t1\n", {"sep": "\t"})
    assert job["status"] == "FAILED" and re.search(r"\bline 1\b", job["statusMessage"]), job["statusMessage"]


def many_lines(lines: int) -> list[tuple]:
    random_ = random.Random(5)
    contigs = [f"chr{number}" for number in range(1, 40)]
    return [(random_.choice(contigs), random_.randrange(1, 1 << 27), i, f"{random_.getrandbits(96):x}") for i in range(lines)]


@pytest.mark.parametrize("packed,lines", [("plain", 240_000), ("bgzf", 120_000)])
def test_a_file_of_several_parts_keeps_every_row_in_any_order(make_server, packed, lines):
    """Each line has another contig and a place before or behind the line above it."""
    running = make_server(config="part_bytes = 1048576\n")
    schema = "chr:STRING pos:LONG number:INT name:STRING"
    create(running, "scattered", "TSV", tsv_options("CHR_POS", "CHR=chr POS=pos", schema))
    written = many_lines(lines)
    loaded(running, "scattered", "scattered.tsv", PACKED[packed](delimited(written).encode()), TABS, timeout=120)
    stored = StaticTable.from_metadata(metadata_location(running.data_dir, "scattered")).scan(selected_fields=("_record",)).to_arrow()
    assert len(pc.unique(pc.shift_right(stored["_record"], 40))) > 1, "the file was read in one part"
    answer = running.sql('SELECT number, chr, pos, "end", name FROM scattered ORDER BY number', ARROW)
    found = pa.ipc.open_stream(answer).read_all()
    assert found["number"].to_pylist() == list(range(lines))
    assert found["chr"].to_pylist() == [line[0] for line in written]
    assert found["pos"].to_pylist() == [line[1] - 1 for line in written]
    assert found["end"].to_pylist() == [line[1] for line in written]
    assert found["name"].to_pylist() == [line[3] for line in written]
    contig = running.value("SELECT count(*) FROM scattered WHERE chr = 'chr7' AND pos BETWEEN 1000000 AND 20000000")
    assert contig == sum(line[0] == "chr7" and 1_000_000 <= line[1] - 1 <= 20_000_000 for line in written)


NORMALIZED = [
    # written: contig, POS, REF, ALT; in the table: start, end, REF, ALT
    (("c1", 4, "C", "T"), (3, 4, "C", "T")),
    (("c1", 8, "CA", "C"), (7, 9, "CA", "C")),
    (("c1", 8, "CAC", "C"), (2, 5, "GCA", "G")),
    (("c1", 10, "CA", "CACA"), (2, 3, "G", "GCA")),
    (("c1", 4, "CACAC", "CAC"), (2, 5, "GCA", "G")),
    (("c1", 3, "GCA", "G,GCACA"), (2, 5, "GCA", "G,GCACA")),
    (("c1", 8, "CAC", "C,CACAC"), (2, 5, "GCA", "G,GCACA")),
    (("c1", 8, "CAC", "CAC,C,CACAC"), (2, 5, "GCA", "GCA,G,GCACA")),
    (("c1", 16, "TT", "T"), (13, 15, "GT", "G")),
    (("c1", 8, "CAC", "C,*"), (7, 10, "CAC", "C,*")),
    (("c1", 1, "GGG", "TGG"), (0, 1, "G", "T")),
    (("c1", 12, "g", "a"), (11, 12, "G", "A")),
]


@pytest.mark.parametrize("by_interval", [False, True], ids=["CHR_POS_REF_ALT", "CHR_START_END_REF_ALT_ONE_BASE"])
def test_left_normalization_moves_a_row_with_all_its_alleles(make_server, by_interval):
    running = make_server()
    arn = reference_arn(running, text=f">c1\n{C1}\n")
    if by_interval:
        kind, keys, schema = "CHR_START_END_REF_ALT_ONE_BASE", "CHR=c START=s END=e REF=r ALT=a", "n:INT c:STRING s:LONG e:LONG r:STRING a:STRING"
        lines = [(n, c, p, p + len(r) - 1, r, a) for n, ((c, p, r, a), _) in enumerate(NORMALIZED)]
    else:
        kind, keys, schema = "CHR_POS_REF_ALT", "CHR=c POS=s REF=r ALT=a", "n:INT c:STRING s:LONG r:STRING a:STRING"
        lines = [(n, *written) for n, (written, _) in enumerate(NORMALIZED)]
    create(running, "moved", "TSV", tsv_options(kind, keys, schema), reference={"referenceArn": arn})
    name = '"end"' if not by_interval else "e"
    ask = f"SELECT s, {name}, r, a FROM moved ORDER BY n"
    job = loaded(running, "moved", "moved.tsv", delimited(lines), TABS, runLeftNormalization=True)
    assert job["runLeftNormalization"] is True
    assert [tuple(row.values()) for row in rows(running, ask)] == [expected for _, expected in NORMALIZED]
    create(running, "unmoved", "TSV", tsv_options(kind, keys, schema), reference={"referenceArn": arn})
    loaded(running, "unmoved", "moved.tsv", delimited(lines), TABS)
    as_written = [(p - 1, p - 1 + len(r), r, a) for (_, p, r, a), _ in NORMALIZED]
    assert [tuple(row.values()) for row in rows(running, ask.replace("moved", "unmoved"))] == as_written


def test_a_row_that_does_not_fit_the_reference_stays_and_is_told(make_server):
    running = make_server()
    arn = reference_arn(running, text=f">c1\n{C1}\n")
    options = tsv_options("CHR_POS_REF_ALT", "CHR=c POS=p REF=r ALT=a", "c:STRING p:LONG r:STRING a:STRING")
    create(running, "unfit", "TSV", options, reference={"referenceArn": arn})
    lines = [("c1", 4, "GCA", "G"), ("c9", 4, "CA", "C"), ("c1", 8, "CAC", "C")]
    job = loaded(running, "unfit", "unfit.tsv", delimited(lines), TABS, runLeftNormalization=True)
    assert "warnings:" in job["statusMessage"] and "line 1" in job["statusMessage"] and "line 2" in job["statusMessage"]
    expected = [("c1", 3, 6, "GCA", "G"), ("c9", 3, 5, "CA", "C"), ("c1", 2, 5, "GCA", "G")]
    assert table(running, "unfit", "c", "p", "end", "r", "a") == ordered(expected)


def test_a_file_that_was_cut_off_fails(shared_server):
    create(shared_server, "cut", "TSV", tsv_options("GENERIC", "", "name:STRING n:INT"))
    data = delimited((f"name{i}", i) for i in range(30_000)).encode()
    for name, packed in (("gzip", PACKED["gzip"](data)[:-100]), ("bgzf", bgzf(data, end=False))):
        job = load(shared_server, "cut", f"cut.{name}", packed, TABS)
        assert job["status"] == "FAILED" and job["statusMessage"], name
    assert count(shared_server, "cut") == 0


def test_a_filter_finds_rows_beside_values_that_are_no_number(shared_server):
    """NaN counts as greater than every number; no row is skipped because of the least and greatest value of its row group."""
    create(shared_server, "nan_scores", "TSV", tsv_options("GENERIC", "", "id:STRING score:DOUBLE low:FLOAT"))
    load(shared_server, "nan_scores", "nan_scores.tsv", "a\t1\t1\nb\t1\t1\nc\tNaN\tNaN\n", TABS)
    for column in ("score", "low"):
        found = shared_server.sql(f"SELECT id FROM nan_scores WHERE {column} > 5 OR {column} <> 1")
        assert found == [{"id": "c"}], column


def test_columns_may_begin_with_an_underscore(shared_server):
    create(shared_server, "underscored", "TSV", tsv_options("GENERIC", "", "_id:STRING _2:INT"))
    load(shared_server, "underscored", "underscored.tsv", "a\t1\n", TABS)
    assert shared_server.sql("SELECT _id, _2 FROM underscored") == [{"_id": "a", "_2": 1}]
