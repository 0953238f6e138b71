"""Random aggregates and joins have DuckDB's answers: over a long store from its Parquet files, and over a wide one with the same rows.

`VARBERG_STATEMENTS` sets how many (150), `VARBERG_SEED` which ones.
"""

import decimal
import os
import random

import duckdb
import pytest
from server import BUCKET, ROLE, TERMINAL, Server, create_store, import_files, reference_arn, wait_for

STATEMENTS = int(os.environ.get("VARBERG_STATEMENTS", "150"))
SEED = int(os.environ.get("VARBERG_SEED", "20261123"))
HEADER = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=100000>
##contig=<ID=chr2,length=100000>
##FILTER=<ID=q10,Description="x">
##INFO=<ID=DP,Number=1,Type=Integer,Description="x">
##INFO=<ID=CLNSIG,Number=.,Type=String,Description="x">
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"""
COLUMNS = "contigname start referenceallele alternatealleles qual filters calls phased sampleid depth splitfrommultiallelic".split()
GROUPS = [*COLUMNS, "calls[1]", "calls[2]", "alternatealleles[1]", "length(referenceallele)"]
ON = [
    "V.contigname = A.contigname AND V.start = A.start",
    "V.start = A.start",
    "V.contigname = A.contigname AND V.start = A.start AND V.referenceallele = A.referenceallele",
    "V.start = A.start AND V.alternatealleles = A.alternatealleles",
]


def records(chance: random.Random, samples, number: int) -> str:
    lines = [HEADER + ("\tFORMAT\t" + "\t".join(samples) if samples else "")]
    for contig in ("chr1", "chr2"):
        for position in sorted(chance.sample(range(1, 2000), number)):
            alternates = chance.sample(["TT", "GG", "CC", "N", "ACGTACGTACGTAAAA"], chance.choice([1, 1, 1, 2]))
            info = chance.choice([".", f"DP={chance.randrange(5)}", "CLNSIG=Benign", "CLNSIG=Pathogenic"])
            cells = [contig, position, ".", chance.choice(["A", "C", "G", "T", "AT", "ACGTACGTACGTA"]), ",".join(alternates)]
            cells += [chance.choice([".", "10", "20.5", "0"]), chance.choice(["PASS", "q10", "."]), info]
            genotypes = ["0/0", "0|1", "1/1", "./.", ".", "0", "1|2" if len(alternates) > 1 else "1|0"]
            cells += ["GT:DP", *(f"{chance.choice(genotypes)}:{chance.choice(['.', '3', '7'])}" for _ in samples)] if samples else []
            lines.append("\t".join(map(str, cells)))
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A server, and DuckDB with the files of its long stores."""
    base, chance = tmp_path_factory.mktemp("same"), random.Random(SEED)
    with Server(base / "data", base / "files") as server:
        reference = reference_arn(server, text=">chr1\nACGT\n>chr2\nACGT\n")
        (server.files / "a.vcf").write_text(records(chance, ["S1", "S2", "a long name of a sample"], 300))
        (server.files / "b.vcf").write_text(records(chance, ["S4"], 200))
        (server.files / "annotations.vcf").write_text(records(chance, [], 250))
        for name in ("long", "wide"):
            create_store(server, f"{name}_rows", reference, layout=name)
            for file in ("a.vcf", "b.vcf"):
                assert import_files(server, f"{name}_rows", file)["status"] == "COMPLETED"
        client = server.client()
        client.create_annotation_store(name="annots", reference={"referenceArn": reference}, storeFormat="VCF")
        items = [{"source": f"s3://{BUCKET}/annotations.vcf"}]
        job = client.start_annotation_import_job(destinationName="annots", roleArn=ROLE, items=items)["jobId"]
        wait_for(lambda: client.get_annotation_import_job(jobId=job)["status"] in TERMINAL, "the annotations")
        database = duckdb.connect()
        for name in ("long_rows", "annots"):
            files = [str(path) for path in (base / "data" / "warehouse").rglob(f"*/{name}/data/**/*.parquet")]
            database.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({files!r})")
        yield server, database


class Statements:
    """Statements over `T` and `annots`."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)

    def condition(self, of: str = "") -> str:
        return self.chance.choice([
            f"{of}sampleid = 'S1'", f"{of}sampleid IN ('S1', 'a long name of a sample')", f"{of}start BETWEEN 200 AND 900",
            f"{of}contigname = 'chr2'", f"{of}calls[1] > 0", f"{of}calls[2] IS NULL", f"{of}qual > 5", f"{of}depth IS NOT NULL",
            f"length({of}referenceallele) = 1", f"{of}referenceallele <> 'A'", f"{of}alternatealleles[2] IS NOT NULL",
            f"{of}sampleid LIKE 'S%'", f"{of}start % 3 = 0 OR {of}sampleid = 'S4'", f"NOT ({of}contigname = 'chr1' AND {of}qual IS NULL)",
        ])  # fmt: skip

    def aggregate(self, of: str = "") -> str:
        number = self.chance.choice([
            f"{of}start", f"{of}qual", f"{of}depth", f"{of}calls[1]", f"CAST({of}start AS double)", f"length({of}sampleid)",
            f"CASE WHEN {of}calls[1] > 0 THEN 1 ELSE 0 END",
        ])  # fmt: skip
        column = of + self.chance.choice(COLUMNS)
        aggregate = self.chance.choice([
            "count(*)", f"count({column})", f"count(DISTINCT {column})", f"sum({number})", f"avg({number})", f"min({number})", f"max({number})",
            f"min({of}sampleid)", f"max({of}contigname)", f"bool_or({of}phased)", f"count(CASE WHEN {number} > 0 THEN 1 END)",
        ])  # fmt: skip
        if self.chance.random() < 0.3:
            aggregate += f" FILTER (WHERE {self.condition(of)})"
        return aggregate

    def next(self) -> str:
        shape = self.chance.random()
        return self.grouped() if shape < 0.5 else self.exists() if shape < 0.65 else self.joined()

    def grouped(self) -> str:
        groups = self.chance.sample(GROUPS, self.chance.choice([0, 1, 1, 2, 3]))
        where = " AND ".join(self.condition() for _ in range(self.chance.choice([0, 1, 2])))
        rest = f" FROM T{' WHERE ' + where if where else ''}"
        if groups and self.chance.random() < 0.2:
            return f"SELECT DISTINCT {named(groups)}{rest}"
        aggregates = [self.aggregate() for _ in range(self.chance.choice([1, 1, 2, 3]))]
        return f"SELECT {named(groups + aggregates)}{rest}{' GROUP BY ' + ', '.join(groups) if groups else ''}"

    def exists(self) -> str:
        on, exists = self.chance.choice(ON), self.chance.choice(["EXISTS", "NOT EXISTS"])
        if self.chance.random() < 0.6:
            inner = f"SELECT 1 FROM annots A WHERE {on} AND A.start < {self.chance.choice([500, 3000])}"
            return f"SELECT V.sampleid AS g, {self.aggregate('V.')} AS a FROM T V WHERE {exists} ({inner}) GROUP BY V.sampleid"
        return f"SELECT count(*) AS n FROM annots A WHERE {exists} (SELECT 1 FROM T V WHERE {on} AND {self.condition('V.')})"

    def joined(self) -> str:
        kind = self.chance.choice(["INNER", "LEFT", "RIGHT", "FULL"])
        sides = self.chance.choice([f"T V {kind} JOIN annots A", f"annots A {kind} JOIN T V"])
        benign = "A.attributes['CLNSIG'] = 'Benign'"
        where = self.chance.choice(["", f" WHERE {self.condition('V.')}", f" WHERE {benign}", " WHERE A.start IS NULL", " WHERE V.start IS NULL"])
        rest = f" FROM {sides} ON {self.chance.choice(ON)}{where}"
        if self.chance.random() < 0.4:
            return f"SELECT {named(['V.sampleid', 'V.start', 'A.start', 'V.calls[1]'])}{rest}"
        groups = self.chance.choice([[], ["V.sampleid"], ["A.contigname", "V.sampleid"], ["V.start"]])
        return f"SELECT {named([*groups, self.aggregate('V.'), 'count(A.start)'])}{rest}{' GROUP BY ' + ', '.join(groups) if groups else ''}"


def named(expressions) -> str:
    return ", ".join(f"{expression} AS c{number}" for number, expression in enumerate(expressions))


def rows(answer) -> list:
    def plain(value):
        if isinstance(value, (float, decimal.Decimal)):
            return round(float(value), 6)
        return tuple(map(plain, value)) if isinstance(value, list) else value

    return sorted((tuple(map(plain, row)) for row in answer), key=repr)


def compare(both, statement: str):
    server, database = both
    theirs = rows(database.execute(statement.replace("FROM T", "FROM long_rows").replace("JOIN T", "JOIN long_rows")).fetchall())
    for name in ("long_rows", "wide_rows"):
        asked = statement.replace("FROM T", f"FROM {name}").replace("JOIN T", f"JOIN {name}")
        assert rows(row.values() for row in server.sql(asked)) == theirs, asked


def test_random_statements(both):
    statements = Statements(SEED)
    for _ in range(STATEMENTS):
        compare(both, statements.next())


@pytest.mark.parametrize("sides", ["T V LEFT JOIN annots A", "annots A RIGHT JOIN T V", "annots A LEFT JOIN T V", "T V RIGHT JOIN annots A", "T V FULL JOIN annots A"])
@pytest.mark.parametrize("missing", ["A.start", "V.start", "A.contigname"])
def test_rows_without_a_partner(both, sides, missing):
    """What one asks with IS NULL after an outer join of two tables with the same names of columns."""
    compare(both, f"SELECT A.start AS c0, V.start AS c1, V.sampleid AS c2 FROM {sides} ON V.contigname = A.contigname AND V.start = A.start WHERE {missing} IS NULL")


@pytest.mark.parametrize(
    "statement",
    [
        # A limit counts rows before the join leaves some out.
        "SELECT count(*) AS c0 FROM (VALUES (1500), (1999), (3)) AS S(place) JOIN (SELECT start FROM T ORDER BY contigname, start LIMIT 20) X ON X.start = S.place",
        # Keys of one name on one side and of another on the other.
        'SELECT count(*) AS c0 FROM annots P JOIN (SELECT A.start FROM T A WHERE EXISTS (SELECT 1 FROM T B WHERE B."end" = A.start AND B.start <> A."end")) X ON X.start = P.start',
        "SELECT calls[3000000000] AS c0, calls[2147483648] AS c1, count(*) AS c2 FROM T GROUP BY 1, 2",
        "SELECT calls[1] AS c0, sampleid AS c1, count(*) AS c2 FROM T GROUP BY ROLLUP (calls[1], sampleid)",
        "SELECT DISTINCT " + ", ".join(f"concat(sampleid, '{n}') AS c{n}" for n in range(14)) + " FROM T",
    ],
)
def test_what_a_rule_could_get_wrong(both, statement):
    compare(both, statement)
