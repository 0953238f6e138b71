"""Tables of annotation stores in other programs, and their rows in any order and in any region."""

import random

import duckdb
import pytest
from annotation_stores import create, loaded, namespace, rows, tsv_options
from duckdb_extensions import import_extension
from pyiceberg.catalog.sql import SqlCatalog
from server import create_store, import_files, metadata_location
from vcf_files import header, record

CONTIGS = ["chr10", "chr2", "chrX", "chr1"]
FEATURES = 6_000
SCORES = tsv_options("CHR_POS_REF_ALT", "CHR=chr POS=pos REF=ref ALT=alt", "chr:STRING pos:LONG ref:STRING alt:STRING score:FLOAT known:BOOLEAN rank:INT rate:DOUBLE")
READ = {"sep": "\t", "header": False}


def places() -> list[tuple]:
    """(contig, start, end), shuffled."""
    random_ = random.Random(9)
    starts = [(random_.choice(CONTIGS), random_.randrange(0, 1_000_000)) for _ in range(FEATURES)]
    return [(contig, start, start + random_.randint(1, 3_000)) for contig, start in starts]


@pytest.fixture(scope="module")
def genes(shared_server):
    create(shared_server, "shuffled_genes", "GFF")
    lines = (f"{c}\tx\tgene\t{s + 1}\t{e}\t.\t+\t.\tID=g{i};Parent=p{i % 7},q;level={i % 3}\n" for i, (c, s, e) in enumerate(places()))
    loaded(shared_server, "shuffled_genes", "shuffled.gff3", "##gff-version 3\n" + "".join(lines))
    return places()


@pytest.fixture(scope="module")
def scores(shared_server):
    create(shared_server, "shuffled_scores", "TSV", SCORES)
    lines = [(c, s + 1, "ACG"[: i % 3 + 1], "T", i / 8, str(i % 2 == 0).lower(), i, i / 3) for i, (c, s, _) in enumerate(places())]
    loaded(shared_server, "shuffled_scores", "shuffled.tsv", "".join("\t".join(map(str, line)) + "\n" for line in lines), READ)
    return [(c, p - 1, p - 1 + len(ref), ref, alt, score, known == "true", rank, rate) for c, p, ref, alt, score, known, rank, rate in lines]


REGIONS = [("chr1", 0, 1_000), ("chr2", 499_999, 505_000), ("chrX", 990_000, 2_000_000), ("chr10", 0, 1_000_000), ("chr3", 0, 9)]


@pytest.mark.parametrize("contig,first,last", REGIONS)
def test_a_region_has_all_its_rows(shared_server, genes, scores, contig, first, last):
    overlapping = sorted(g for g in genes if g[0] == contig and g[1] < last and g[2] > first)
    ask = f"SELECT seqid, start, \"end\" FROM shuffled_genes WHERE seqid = '{contig}' AND start < {last} AND \"end\" > {first} ORDER BY 1, 2, 3"
    assert [tuple(row.values()) for row in shared_server.sql(ask)] == overlapping
    within = sorted(s[7] for s in scores if s[0] == contig and first <= s[1] < last)
    ask = f"SELECT rank FROM shuffled_scores WHERE chr = '{contig}' AND pos >= {first} AND pos < {last} ORDER BY rank"
    assert [row["rank"] for row in shared_server.sql(ask)] == within


def test_rows_come_in_the_order_that_is_asked_for(shared_server, genes, scores):
    ask = 'SELECT seqid, start, "end" FROM shuffled_genes ORDER BY seqid, start, "end"'
    assert [tuple(row.values()) for row in shared_server.sql(ask)] == sorted(genes)
    ask = 'SELECT chr, pos, rank FROM shuffled_scores ORDER BY chr DESC, pos DESC, rank DESC LIMIT 100'
    expected = sorted(((s[0], s[1], s[7]) for s in scores), reverse=True)[:100]
    assert [tuple(row.values()) for row in shared_server.sql(ask)] == expected


def load_table(server, store: str):
    data = server.data_dir
    catalog = SqlCatalog("varberg", uri=f"sqlite:///{data}/catalog.sqlite", warehouse=f"file://{data}/warehouse")
    return catalog.load_table(f"{namespace(server, store)}.{store}")


def test_pyiceberg_reads_delimited_rows(shared_server, scores):
    table = load_table(shared_server, "shuffled_scores")
    types = {field.name: str(field.field_type) for field in table.schema().fields}
    assert types["pos"] == "long" and types["end"] == types["rank"] == "int"
    assert (types["score"], types["rate"], types["known"], types["chr"]) == ("float", "double", "boolean", "string")
    names = ["chr", "pos", "end", "ref", "alt", "score", "known", "rank", "rate"]
    found = table.scan(selected_fields=tuple(names)).to_arrow().to_pylist()
    assert sorted(tuple(row[name] for name in names) for row in found) == sorted(scores)
    region = table.scan(row_filter="chr == 'chr2' and pos >= 400000 and pos < 500000").to_arrow()
    assert region.num_rows == sum(s[0] == "chr2" and 400_000 <= s[1] < 500_000 for s in scores) > 0


def test_pyiceberg_and_duckdb_read_features(shared_server, genes):
    table = load_table(shared_server, "shuffled_genes")
    found = table.scan(selected_fields=("seqid", "start", "end", "id", "parent", "information")).to_arrow().to_pylist()
    assert sorted((row["seqid"], row["start"], row["end"]) for row in found) == sorted(genes)
    for row in found:
        number = int(row["id"][1:])
        assert (row["parent"], dict(row["information"])) == ([f"p{number % 7}", "q"], {"level": str(number % 3)})
    for extension in ("avro", "iceberg"):
        import_extension(extension)
    connection = duckdb.connect()
    connection.execute("LOAD avro; LOAD iceberg")
    scan = f"iceberg_scan('{metadata_location(shared_server.data_dir, 'shuffled_genes').removeprefix('file://')}')"
    ask = f"""SELECT count(*), sum(start), sum("end"), count(DISTINCT id) FROM {scan} WHERE seqid = 'chr1'"""
    mine = [g for g in genes if g[0] == "chr1"]
    assert connection.execute(ask).fetchone() == (len(mine), sum(g[1] for g in mine), sum(g[2] for g in mine), len(mine))


def test_variants_meet_delimited_rows_on_place_and_alleles(shared_server, reference, scores):
    """A row of one ALT allele is met by a variant's only one; the computed end is that of the variant."""
    create_store(shared_server, "scored_variants", reference)
    some = sorted({s[:5] for s in scores[::10]})
    lines = "".join(record(c, p + 1, ref, alt, calls=None) for c, p, _, ref, alt in some)
    contigs = "".join(f"##contig=<ID={c}>\n" for c in CONTIGS if c not in ("chr1", "chr2"))
    (shared_server.files / "scored.vcf").write_text(header(()).replace("#CHROM", contigs + "#CHROM") + lines)
    assert import_files(shared_server, "scored_variants", "scored.vcf")["status"] == "COMPLETED"
    ask = """SELECT v.contigname, v.start, s.rank, s.score FROM scored_variants v JOIN shuffled_scores s
        ON v.contigname = s.chr AND v.start = s.pos AND v."end" = s."end" AND v.referenceallele = s.ref
        AND v.alternatealleles = make_array(s.alt)"""
    found = sorted(tuple(row.values()) for row in rows(shared_server, ask))
    assert found == sorted((s[0], s[1], s[7], s[5]) for s in scores if s[:5] in set(some))
