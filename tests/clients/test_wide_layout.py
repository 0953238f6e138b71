"""A wide store answers what a long one does: every column of every row, in order, for real and odd files; and who is wide."""

import gzip
import pathlib
import random

import pytest
from server import create_store, import_files, reference_arn
from table_tasks import begin, wait_for_task
from test_rows import SHARED

DATA = SHARED / "data"
REAL = [
    "giab.ashkenazim-trio.vcf.gz",
    "1kg.2020.chrM.vcf.gz",
    "clinvar.2026-02.subset.vcf.gz",
    "field-type-combinations.vcf.gz",
    "gnomad-sv.v4.slice.vcf.gz",
    "NA12878.chr20-snippet.g.vcf.gz",
    "gnomad.v4.exomes.chr1-slice.vep.vcf",
]

HEADER = """##fileformat=VCFv4.3
##INFO=<ID=DP,Number=1,Type=Integer,Description="d">
##INFO=<ID=AF,Number=A,Type=Float,Description="d">
##INFO=<ID=DB,Number=0,Type=Flag,Description="d">
##INFO=<ID=TXT,Number=1,Type=String,Description="d">
##FORMAT=<ID=GT,Number=1,Type=String,Description="d">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="d">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="d">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="d">
##FORMAT=<ID=GL,Number=G,Type=Float,Description="d">
##FORMAT=<ID=PS,Number=1,Type=Integer,Description="d">
##FORMAT=<ID=FT,Number=1,Type=String,Description="d">
##FORMAT=<ID=XF,Number=.,Type=Float,Description="d">
##FORMAT=<ID=xf,Number=1,Type=String,Description="d">
##contig=<ID=1>
##contig=<ID=X>
"""

GENOTYPES = ["0/0", "0/1", "1/1", "0|1", "1|0", ".", "./.", "./1", "0", "1", "2", "0/2", "1|2", "0/1/1", "0|1/2", "2/2/2/2", "|1"]
INFOS = [".", "DP=10", "DP=10;AF=0.5;DB", "DB", "DB=0", "TXT=a%3Bb", "DP=1;DP=2", "UNDECLARED", "UNDECLARED=x,y", "DP=", "DP", "AF=.,0.1", "DP=1;;DB"]


def cohort(samples: int, records: int, seed: int) -> str:
    """A file in which hardly any two records are of the same shape."""
    chance = random.Random(seed)
    names = "\t".join(f"s{i}" for i in range(samples))
    lines = [HEADER + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + names]
    plain = chance.choice(["|", "/"])
    for at in range(records):
        alts = chance.choice([["C"], ["C"], ["C", "G"], ["C", "T", "<DEL>"], []])
        keys = ["GT"] + chance.sample(["AD", "DP", "GQ", "PL", "GL", "PS", "FT", "XF", "xf", "ZZ"], chance.randint(0, 6))
        if chance.random() < 0.4:
            keys = ["GT"]

        def value(key: str) -> str:
            if key == "GT":
                if chance.random() < 0.6:
                    return f"{chance.randint(0, min(1, len(alts)))}{plain}{chance.randint(0, min(1, len(alts)))}"
                fits = [g for g in GENOTYPES if all(not c.isdigit() or int(c) <= len(alts) for c in g)]
                return chance.choice(fits)
            if chance.random() < 0.1:
                return "."
            return {
                "AD": lambda: ",".join(str(chance.randint(0, 300)) for _ in range(len(alts) + 1)),
                "DP": lambda: str(chance.choice([0, 7, 127, 128, 40000, 2**31 - 1])),
                "GQ": lambda: chance.choice(["99", "12", "9.7", "007"]),
                "PL": lambda: ",".join(str(chance.randint(0, 70000)) for _ in range(3)),
                "GL": lambda: chance.choice(["-0.1,-0.2,-3", "-1e-3,0,-5", "-0.1,.,-1"]),
                "PS": lambda: str(chance.randint(1, 10**9)),
                "FT": lambda: chance.choice(["PASS", "q10", "q10;s50"]),
                "XF": lambda: chance.choice(["0.5", "0.50,1", "1e-5", "nan", "3"]),
                "xf": lambda: chance.choice(["text", "a,b"]),
                "ZZ": lambda: chance.choice(["u", "1,2", "."]),
            }[key]()

        def sample() -> str:
            values = [value(key) for key in keys]
            if chance.random() < 0.1:
                values = values[: chance.randint(1, len(values))]
            return ":".join(values)

        columns = [
            chance.choice(["1", "1", "X"]) if at > records // 2 else "1",
            str(1000 + at * 7),
            chance.choice([".", f"rs{at}", f"rs{at};x{at}"]),
            "A",
            ",".join(alts) or ".",
            chance.choice([".", "30", "30.5", "1e3"]),
            chance.choice(["PASS", ".", "q10;s50"]),
            chance.choice(INFOS),
            ":".join(keys),
        ]
        lines.append("\t".join(columns + [sample() for _ in range(samples)]))
    return "\n".join(lines) + "\n"


ODD = {"odd-1.vcf": (1, 200, 1), "odd-2.vcf": (2, 200, 2), "odd-7.vcf": (7, 300, 3), "odd-64.vcf.gz": (64, 150, 4)}


@pytest.fixture(scope="module")
def stores(shared_server):
    """All files in two stores, one of each layout."""
    names = []
    for name in REAL:
        target = shared_server.files / name
        target.write_bytes((DATA / name).read_bytes())
        names.append(name)
    for name, (samples, records, seed) in ODD.items():
        text = cohort(samples, records, seed).encode()
        (shared_server.files / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        names.append(name)
    arn = reference_arn(shared_server)
    for layout in ("long", "wide"):
        tags = {"varberg:layout": layout}
        shared_server.client().create_variant_store(name=f"is_{layout}", reference={"referenceArn": arn}, tags=tags)
        job = import_files(shared_server, f"is_{layout}", *names)
        assert job["status"] == "COMPLETED", [i for i in job["items"] if i["jobStatus"] != "COMPLETED"]
    return shared_server


COLUMNS = (
    'contigname, start, "end", names, referenceallele, alternatealleles, qual, filters, splitfrommultiallelic, attributes, phased, '
    "calls, genotypelikelihoods, phredlikelihoods, alleledepths, conditionalquality, spl, depth, ps, sampleid, information, annotations"
)
ORDER = 'contigname, start, "end", referenceallele, CAST(alternatealleles AS varchar), CAST(names AS varchar), sampleid'


def answers(server, statement: str) -> list:
    """What both stores say to a statement about `{t}`."""
    long, wide = (server.sql(statement.format(t=f"is_{layout}")) for layout in ("long", "wide"))
    rows = lambda answer: [[repr(v) for v in row.values()] for row in answer]  # noqa: E731
    assert sorted(rows(long)) == sorted(rows(wide)), statement  # rows that no ORDER BY tells apart may change places
    return wide


def test_all_columns_of_all_rows_are_the_same(stores):
    rows = stores.value("SELECT count(*) FROM is_long")
    assert rows == stores.value("SELECT count(*) FROM is_wide") > 50_000
    contigs = [row["contigname"] for row in stores.sql("SELECT DISTINCT contigname FROM is_long ORDER BY 1")]
    seen = 0
    for contig in contigs:
        statement = f"SELECT {COLUMNS} FROM {{t}} WHERE contigname = '{contig}' ORDER BY {ORDER}"
        count = stores.value(f"SELECT count(*) FROM is_long WHERE contigname = '{contig}'")
        if count > 300_000:
            statement = statement.replace(" ORDER", " AND start < 300 ORDER")
        seen += len(answers(stores, statement))
    assert seen > 50_000


STATEMENTS = [
    "SELECT count(*) AS n FROM {t} WHERE sampleid = 's3'",
    "SELECT contigname, start, calls FROM {t} WHERE sampleid IN ('s1', 's63', 'HG002') AND depth > 10",
    "SELECT sampleid, count(*) AS n FROM {t} WHERE calls[1] > 0 OR calls[2] > 0 GROUP BY sampleid",
    "SELECT sampleid, count(*) AS n FROM {t} WHERE calls IS NULL GROUP BY sampleid",
    "SELECT count(*) AS n FROM {t} WHERE phased",
    "SELECT count(*) AS n FROM {t} WHERE NOT phased AND calls[1] = -1",
    "SELECT count(*) AS n FROM {t} WHERE phased IS NULL",
    "SELECT count(*) AS n FROM {t} WHERE sampleid IS NULL",
    "SELECT count(*) AS n FROM {t} WHERE sampleid IS NULL AND calls IS NULL",
    "SELECT count(*) AS n FROM {t} WHERE array_length(calls) = 3",
    "SELECT count(*) AS n, count(DISTINCT calls) AS g FROM {t}",
    "SELECT sampleid, calls FROM {t} WHERE sampleid LIKE 's6%' AND calls[1] = 2",
    "SELECT t.sampleid, count(*) AS n FROM {t} t JOIN (VALUES ('s2'), ('s40')) v(s) ON t.sampleid = v.s GROUP BY 1",
    "SELECT contigname, start, sampleid FROM {t} WHERE 'rs5' = ANY(names)",
    "SELECT contigname, start, referenceallele FROM {t} WHERE qual > 1000 AND sampleid = 'HG003'",
    "SELECT sampleid, count(*) AS n FROM {t} WHERE attributes['DP'] = '10' GROUP BY 1",
    "SELECT count(*) AS n FROM {t} WHERE attributes['AF'] = '0.5' AND start < 2000 AND calls[1] = 1",
    "SELECT start, sampleid FROM {t} WHERE attributes['TXT'] = 'a;b' AND sampleid IN ('s0', 's5')",
    "SELECT count(*) AS n FROM {t} WHERE attributes['DB'] IS NOT NULL OR attributes['nothing'] IS NULL AND start > 2500",
    "SELECT attributes['AF'] AS af, count(*) AS n FROM {t} WHERE contigname = '1' GROUP BY 1",
    "SELECT start, sampleid, attributes['DP'] AS dp, attributes['AF'] AS af, attributes['DP'] AS again, calls FROM {t} WHERE contigname = '1' AND sampleid IN ('s1', 's7', 's60') AND start > 1500",
    "SELECT start, attributes['TXT'] AS txt, attributes['DB'] AS db FROM {t} WHERE calls[1] = 1 AND attributes['DP'] IS NULL AND contigname = 'X'",
    "SELECT start, attributes['DP'] AS dp, attributes FROM {t} WHERE contigname = 'X' AND sampleid = 's1'",
    "SELECT attributes['DP'] AS dp FROM {t} WHERE contigname = '1' AND start < 1300 AND depth > 0",
    "SELECT attributes['UNDECLARED'] AS u, attributes['DP=1'] AS none, attributes[lower('DP')] AS lower, count(*) AS n FROM {t} WHERE contigname IN ('1', 'X') GROUP BY 1, 2, 3",
    "SELECT count(*) AS n FROM {t} WHERE attributes['DP=10'] IS NOT NULL OR attributes['DP=10;AF'] IS NOT NULL OR attributes['DB;DP'] IS NULL",
    "SELECT count(*) AS n FROM {t} WHERE cardinality(attributes) = 1 AND attributes['DP'] = '10'",
    "SELECT information['ft'] AS ft, count(*) AS n FROM {t} GROUP BY 1",
    "SELECT sum(depth) AS d, min(start) AS a, max(\"end\") AS b FROM {t} WHERE contigname = 'X'",
    "SELECT start, sampleid FROM {t} WHERE contigname = '1' AND start BETWEEN 1000 AND 1100 ORDER BY start, sampleid",
    "SELECT count(*) AS n FROM (SELECT * FROM {t} LIMIT 1234)",
    "SELECT sampleid, start FROM {t} WHERE TRY_CAST(attributes['DP'] AS BIGINT) >= 10 AND contigname = '1'",
    "SELECT count(*) AS n FROM {t} WHERE TRY_CAST(attributes['AN'] AS DOUBLE) > 100 OR TRY_CAST(attributes['DP'] AS INT) IS NULL",
    "SELECT count(*) AS n FROM {t} WHERE calls[1] > 0 AND depth > 100 OR sampleid = 's2'",
    "SELECT a.sampleid, count(*) AS n FROM {t} a JOIN {t} b ON a.contigname = b.contigname AND a.start = b.start AND a.sampleid = b.sampleid WHERE a.contigname = 'X' GROUP BY 1",
]


SITE = "contigname, start, referenceallele, alternatealleles"
IS_TRANSITION = "concat(referenceallele, alternatealleles[1]) IN ('AG', 'GA', 'CT', 'TC')"

#: Aggregates that a wide store answers from numbers of rows, by record or by sample.
COUNTED = {
    f"SELECT {SITE}, count(*) FILTER (WHERE allele > 0) AS ac, count(*) AS an, avg(CASE WHEN allele > 0 THEN 1.0 ELSE 0.0 END) AS af "
    f"FROM (SELECT {SITE}, unnest(calls) AS allele FROM {{t}}) WHERE allele >= 0 GROUP BY {SITE}": "record",
    f"SELECT count(*) FILTER (WHERE {IS_TRANSITION}) AS ti, count(*) FILTER (WHERE NOT {IS_TRANSITION}) AS tv FROM {{t}} WHERE calls[1] > 0": "record",
    f"SELECT DISTINCT {SITE} FROM {{t}}": "record",
    "SELECT calls, phased, count(*) AS n FROM {t} GROUP BY calls, phased": "record",
    "SELECT contigname, phased, count(calls) AS n, count(phased) AS p, count(calls, phased) AS b, count(1) AS o FROM {t} GROUP BY 1, 2": "record",
    "SELECT sum(calls[1]) AS s, avg(calls[2]) AS a, min(calls[1]) AS b, max(start) AS c, count(DISTINCT calls) AS d FROM {t} WHERE sampleid IN ('s2', 's3', 's63')": "record",
    "SELECT sum(calls[1]) FILTER (WHERE phased) AS s, avg(calls[1]) FILTER (WHERE calls[1] = 77) AS a, count(*) FILTER (WHERE calls[1] = 77) AS n FROM {t}": "record",
    "SELECT bool_or(phased) AS o, bool_and(phased) AS a, sum(DISTINCT start) AS s FROM {t} WHERE contigname = 'X'": "record",
    "SELECT attributes['AF'] AS af, start % 3 AS m, count(*) AS n FROM {t} WHERE contigname = '1' GROUP BY 1, 2 HAVING count(*) > 2": "record",
    "SELECT count(*) AS n FROM {t} WHERE sampleid LIKE 's%1' AND calls[1] = 1": "record",
    "SELECT name, count(*) AS n FROM (SELECT unnest(names) AS name, calls FROM {t}) WHERE calls[1] > 0 GROUP BY name": "record",
    "SELECT v.what, count(*) AS n, avg(calls[1]) AS a FROM {t} t JOIN (VALUES (1000, 1500, 'a'), (1200, 9000, 'b'), (1200, 9000, 'b')) v(f, l, what) "
    "ON t.start >= v.f AND t.start < v.l GROUP BY v.what": "record",
    "WITH x AS (SELECT contigname AS c, calls[1] AS a FROM {t} WHERE start > 1100) SELECT y.c, y.a + 1 AS b, count(*) AS n FROM x AS y GROUP BY y.c, y.a": "record",
    "SELECT count(*) AS n FROM (SELECT a.start FROM {t} a JOIN {t} b ON a.contigname = b.contigname AND a.start = b.start "
    "WHERE a.calls[1] = 1 AND b.calls[1] = 0 AND a.contigname = 'X' AND b.contigname = 'X') x": "record",
    "SELECT count(*) AS n FROM {t} JOIN (SELECT contigname AS c, start AS s FROM {t} WHERE calls[1] = 2 AND start < 1300) ON contigname = c AND start = s "
    "WHERE calls[1] = 1": "record",
    "SELECT __rows, count(*) AS n FROM (SELECT start AS __rows FROM {t} WHERE contigname = 'X') GROUP BY 1": None,
    "SELECT __aggregate_0, count(*) AS n FROM (SELECT start AS __aggregate_0 FROM {t} WHERE contigname = 'X') GROUP BY 1": None,
    "SELECT count(*) AS n FROM {t} AS c": None,
    "SELECT contigname, count(*) AS n FROM {t} GROUP BY GROUPING SETS ((contigname), ())": None,
    "SELECT contigname, avg(qual) AS q FROM {t} WHERE contigname = 'X' AND qual = 30 GROUP BY 1": None,
    "SELECT start, array_length(array_agg(calls)) AS n FROM {t} WHERE contigname = 'X' GROUP BY 1": None,
    "SELECT start, count(DISTINCT sampleid) AS n FROM {t} WHERE calls[1] > 0 GROUP BY 1": None,
    "SELECT sampleid, count(*) AS n FROM {t} GROUP BY sampleid": "sample",
    "SELECT sampleid, count(*) AS n FROM {t} WHERE calls[1] > 0 OR calls[2] > 0 GROUP BY sampleid": "sample",
    "SELECT sampleid, count(*) FILTER (WHERE calls[1] <> calls[2]) AS het, count(*) FILTER (WHERE calls[1] = calls[2] AND calls[1] > 0) AS hom, "
    "count(*) FILTER (WHERE calls IS NULL) AS none, sum(calls[1]) AS s FROM {t} GROUP BY sampleid": "sample",
    "SELECT sampleid, calls, phased, count(*) AS n FROM {t} WHERE sampleid <> 's5' GROUP BY 1, 2, 3": "sample",
    "SELECT upper(sampleid) AS s, count(*) AS n FROM {t} WHERE contigname = '1' AND attributes['DP'] = '10' AND NOT phased GROUP BY 1": "sample",
    "SELECT count(DISTINCT sampleid) AS n FROM {t} WHERE calls[1] > 0": "sample",
    "SELECT sampleid, allele, count(*) AS n FROM (SELECT sampleid, unnest(calls) AS allele FROM {t}) GROUP BY 1, 2": "sample",
}


@pytest.mark.parametrize("statement", COUNTED)
def test_rows_that_are_only_counted_are_not_made(stores, statement):
    assert answers(stores, statement)
    plan = "".join(row["plan"] for row in stores.sql("EXPLAIN " + statement.format(t="is_wide")) if row["plan_type"] == "physical_plan")
    how = COUNTED[statement]
    assert (f"counted by {how}" in plan) if how else ("counted by" not in plan), plan


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statements_have_the_same_answers(stores, statement):
    assert answers(stores, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT start FROM {t} WHERE contigname = '1' AND start BETWEEN 1000 AND 1100 ORDER BY start",
        "SELECT contigname, start FROM {t} WHERE sampleid = 's1' ORDER BY contigname, start LIMIT 50",
        "SELECT start, sampleid FROM {t} WHERE calls[1] = 2 ORDER BY start DESC, sampleid LIMIT 50",
        "SELECT sampleid, start FROM {t} WHERE contigname = 'X' ORDER BY sampleid, start",
        "SELECT start FROM {t} ORDER BY start LIMIT 1000",
    ],
)
def test_the_order_asked_for_is_kept(stores, statement):
    long, wide = (stores.sql(statement.format(t=f"is_{layout}")) for layout in ("long", "wide"))
    assert long == wide


def test_sites_have_a_row_for_each_record(stores):
    statement = 'SELECT contigname, start, referenceallele, alternatealleles, names, qual, filters FROM "{t}$sites"'
    assert len(answers(stores, statement)) > 10_000
    names = [row["sampleid"] for row in stores.sql('SELECT DISTINCT sampleid FROM "is_wide$samples" WHERE sampleid IS NOT NULL')]
    assert sorted(names) == sorted(
        row["sampleid"] for row in stores.sql('SELECT DISTINCT sampleid FROM "is_long$samples"')
    )


INFO_TYPES = """##fileformat=VCFv4.3
##INFO=<ID=HITS,Number=1,Type=Integer,Description="d">
##INFO=<ID=Score,Number=1,Type=Float,Description="d">
##INFO=<ID=PARTS,Number=.,Type=Float,Description="d">
##INFO=<ID=GOOD,Number=0,Type=Flag,Description="d">
##INFO=<ID=NOTE,Number=1,Type=String,Description="d">
##FORMAT=<ID=GT,Number=1,Type=String,Description="d">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb
"""


def infos(*texts: str) -> str:
    """A file with one record for each text."""
    return INFO_TYPES + "".join(f"1\t{at + 1}\t.\tA\tC\t.\t.\t{text}\tGT\t0/1\t1/1\n" for at, text in enumerate(texts))


@pytest.fixture(scope="module")
def typed(stores):
    """A wide and a long store of the same files, to which tests add."""
    arn = reference_arn(stores)
    for layout in ("long", "wide"):
        tags = {"varberg:layout": layout}
        stores.client().create_variant_store(name=f"typed_{layout}", reference={"referenceArn": arn}, tags=tags)

    def add(name: str, text: str) -> dict:
        (stores.files / name).write_text(text)
        jobs = [import_files(stores, f"typed_{layout}", name) for layout in ("long", "wide")]
        assert [job["status"] for job in jobs] == ["COMPLETED", "COMPLETED"], jobs
        return jobs[1]

    return stores, add


def test_numbers_and_flags_of_info_have_columns_that_answer_casts(typed):
    server, add = typed
    add("typed-1.vcf", infos("HITS=7;Score=0.5;PARTS=1,2.5;GOOD", "HITS=-3;Score=1e-3;NOTE=x", "."))
    rows = server.sql('SELECT info_hits, info_score, info_parts, info_good FROM "typed_wide$sites" ORDER BY start')
    assert [list(row.values()) for row in rows] == [[7, 0.5, [1.0, 2.5], True], [-3, 0.001, None, None], [None, None, None, None]]

    def both(condition: str) -> tuple[list, str]:
        found = [server.sql(f"SELECT start, sampleid FROM typed_{x} WHERE {condition} ORDER BY 1, 2") for x in ("long", "wide")]
        assert found[0] == found[1], condition
        plan = server.sql(f"EXPLAIN SELECT start FROM typed_wide WHERE {condition}")
        return found[0], "".join(row["plan"] for row in plan if row["plan_type"] == "physical_plan")

    hits = "CAST(attributes['HITS'] AS BIGINT) > 0"
    found, plan = both(hits + " AND TRY_CAST(attributes['Score'] AS DOUBLE) < 0.75")
    assert [row["sampleid"] for row in found] == ["a", "b"]
    assert "info_hits" in plan and "info_score" in plan and "attributes" not in plan

    plan = server.sql("EXPLAIN SELECT sampleid, attributes['HITS'] AS hits FROM typed_wide")[1]["plan"]
    assert "columns=[sampleid, attributes['HITS']]" in plan, "no map is made"

    # A missing value is one that CAST refuses, and TRY_CAST makes null.
    add("typed-2.vcf", infos("HITS=.;Score=3", "HITS=8;Score=."))
    found, plan = both("TRY_CAST(attributes['HITS'] AS INT) > 7")
    assert len(found) == 2 and "info_hits" in plan
    for store in ("typed_long", "typed_wide"):
        with pytest.raises(AssertionError, match="400"):
            server.sql(f"SELECT count(*) FROM {store} WHERE {hits}")

    # Of another declaration the column takes what fits, and then it cannot answer any more.
    other = infos("HITS=1.5;Score=2", "HITS=9").replace("HITS,Number=1,Type=Integer", "HITS,Number=1,Type=Float")
    job = add("typed-3.vcf", other)
    assert "INFO HITS is a number here; the column info_hits is for an integer" in job["items"][0]["statusMessage"]
    assert server.value('SELECT sum(info_hits) FROM "typed_wide$sites"') == 7 - 3 + 8 + 9
    found, plan = both("TRY_CAST(attributes['HITS'] AS DOUBLE) > 1")
    assert len(found) == 8 and "attributes" in plan

    # A flag that says 0 is not there.
    add("typed-4.vcf", infos("HITS=0;Score=1", "HITS;Score=2", "HITS=6;HITS=0").replace("HITS,Number=1,Type=Integer", "HITS,Number=0,Type=Flag"))
    for condition in ("TRY_CAST(attributes['HITS'] AS BIGINT) >= 0", "TRY_CAST(attributes['HITS'] AS BIGINT) IS NULL"):
        both(condition)
    assert server.value('SELECT count(*) FROM "typed_wide$sites" WHERE info_hits = 0') == 0


def test_merging_fills_columns_that_are_younger_than_their_file(typed):
    server, add = typed
    undeclared = "".join(line for line in infos("HITS=70", "HITS=80").splitlines(True) if "ID=HITS" not in line)
    for layout in ("long", "wide"):
        tags = {"varberg:layout": layout}
        server.client().create_variant_store(name=f"late_{layout}", reference={"referenceArn": reference_arn(server)}, tags=tags)
    (server.files / "late-1.vcf").write_text(undeclared)
    (server.files / "late-2.vcf").write_text(infos("HITS=90"))
    for layout in ("long", "wide"):
        for name in ("late-1.vcf", "late-2.vcf"):
            assert import_files(server, f"late_{layout}", name)["status"] == "COMPLETED"
    condition = "WHERE CAST(attributes['HITS'] AS BIGINT) >= 80"
    total = 'SELECT sum(info_hits) FROM "late_wide$sites"'
    counts = [server.value(f"SELECT count(*) FROM late_{layout} {condition}") for layout in ("long", "wide")]
    assert counts == [4, 4] and server.value(total) == 90
    assert wait_for_task(server, begin(server, "tables/late_wide/compact"))["status"] == "COMPLETED"
    assert server.value(f"SELECT count(*) FROM late_wide {condition}") == 4 and server.value(total) == 240
    assert "info_hits" in server.sql(f"EXPLAIN SELECT start FROM late_wide {condition}")[1]["plan"]


def is_wide(server, store: str) -> bool:
    return "info" in server.sql(f'SELECT * FROM "{store}$sites" LIMIT 1')[0]


@pytest.mark.parametrize(
    ("store", "files", "wide"),
    [
        ("auto_one", ["odd-1.vcf"], False),
        ("auto_several", ["odd-1.vcf", "odd-2.vcf"], True),
        ("auto_none", ["clinvar.2026-02.subset.vcf.gz"], True),
        ("auto_one_and_none", ["clinvar.2026-02.subset.vcf.gz", "odd-1.vcf"], False),
    ],
)
def test_the_first_import_decides_on_the_layout(stores, store, files, wide):
    create_store(stores, store, reference_arn(stores))
    assert import_files(stores, store, *files)["status"] == "COMPLETED"
    assert is_wide(stores, store) == wide
    before = stores.value(f"SELECT count(*) FROM {store}")
    assert import_files(stores, store, "odd-7.vcf", "odd-1.vcf")["status"] == "COMPLETED"
    assert is_wide(stores, store) == wide, "later imports keep to it"
    assert stores.value(f"SELECT count(*) FROM {store}") == before + 7 * 300 + 200


def test_a_file_without_records_decides_nothing_wrong(stores):
    create_store(stores, "auto_bad", reference_arn(stores))
    (stores.files / "broken.vcf").write_text("not a VCF\n")
    assert import_files(stores, "auto_bad", "broken.vcf")["status"] == "FAILED"
    assert import_files(stores, "auto_bad", "odd-2.vcf")["status"] == "COMPLETED"
    assert is_wide(stores, "auto_bad")


def test_more_format_keys_than_a_table_has_columns_for(stores):
    keys = [f"K{i}" for i in range(300)]
    head = "##fileformat=VCFv4.3\n" + "".join(
        f'##FORMAT=<ID={k},Number=1,Type=Integer,Description="d">\n' for k in ["GT", *keys]
    )
    values = ":".join(str(i) for i in range(300))
    lines = [
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb",
        f"1\t10\t.\tA\tC\t.\t.\t.\tGT:{':'.join(keys)}\t0/1:{values}\t1/1:{values}",
    ]
    (stores.files / "keys.vcf").write_text(head + "\n".join(lines) + "\n")
    arn = reference_arn(stores)
    found = []
    for layout in ("long", "wide"):
        name = f"keys_{layout}"
        stores.client().create_variant_store(name=name, reference={"referenceArn": arn}, tags={"varberg:layout": layout})
        assert import_files(stores, name, "keys.vcf")["status"] == "COMPLETED"
        found.append(stores.sql(f"SELECT information, calls, sampleid FROM {name} ORDER BY sampleid"))
    assert found[0] == found[1] and found[1][0]["information"]["k299"] == "299"


@pytest.fixture(scope="module")
def merged(stores):
    """A wide store of many imports of different shapes, before and after its files were merged."""
    stores.client().create_variant_store(
        name="merged", reference={"referenceArn": reference_arn(stores)}, tags={"varberg:layout": "wide"}
    )
    jobs = []
    for seed, samples in enumerate([1, 2, 3, 1, 5, 2, 1, 4, 2, 3]):
        text = cohort(samples, 80, 100 + seed).replace("\ts", f"\tp{seed}s")
        (stores.files / f"merged-{seed}.vcf").write_text(text)
        job = import_files(stores, "merged", f"merged-{seed}.vcf")
        assert job["status"] == "COMPLETED"
        jobs.append(job["id"])
    return stores, jobs


EVERYTHING = f"SELECT {COLUMNS}, importjobid FROM merged"


def everything(server, statement=EVERYTHING) -> list:
    return sorted([repr(value) for value in row.values()] for row in server.sql(statement))


def test_merged_files_hold_the_same_rows(merged):
    server, _ = merged
    before, files = everything(server), server.value('SELECT count(*) FROM "merged$files"')
    snapshot = server.value('SELECT snapshot_id FROM "merged$snapshots" ORDER BY committed_at DESC LIMIT 1')
    task = wait_for_task(server, begin(server, "tables/merged/compact"))
    assert task["status"] == "COMPLETED", task
    assert server.value('SELECT count(*) FROM "merged$files"') < files
    assert everything(server) == before
    assert everything(server, EVERYTHING.replace("merged", f"merged FOR VERSION AS OF {snapshot}")) == before
    assert server.value("SELECT count(*) FROM merged") == len(before)
    assert server.value("SELECT count(*) FROM merged WHERE sampleid = 'p4s3'") == 80
    assert server.value('SELECT count(*) FROM "merged$sites"') == 800


def test_files_and_snapshots_are_shown_in_every_form(merged):
    server, _ = merged
    files = server.sql('SELECT * FROM "merged$files"')
    assert all(int(key) > 0 for file in files for key in file["value_counts"])
    assert server.sql("SELECT MAP {1: 'a', 2: 'b'} AS m")[0]["m"] == {"1": "a", "2": "b"}
    for accept in ("text/csv", "application/x-ndjson", "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"):
        assert server.sql('SELECT * FROM "merged$files"', accept=accept)


def test_undo_takes_exactly_the_rows_of_a_job(merged):
    server, jobs = merged
    before = everything(server)
    task = wait_for_task(server, begin(server, f"jobs/{jobs[4]}/undo"))
    assert task["status"] == "COMPLETED", task
    assert everything(server) == [row for row in before if jobs[4] not in row[-1]]
    assert len(before) - len(everything(server)) == 5 * 80
