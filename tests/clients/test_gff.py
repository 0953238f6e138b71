"""GFF annotation stores: rows against a short reader of our own, written from the GFF3 specification 1.26."""

import gzip
import random
import re
import urllib.parse

import pytest
from annotation_stores import columns, count, create, load, loaded, rows
from pyiceberg.table import StaticTable
from server import FULL, metadata_location
from test_rows import SHARED
from vcf_files import bgzf, gzipped

pytestmark = pytest.mark.full
GENCODE = SHARED / "data" / "gencode.v38.polyAs.gff3.gz"
needs_gencode = pytest.mark.skipif(not GENCODE.exists(), reason=f"{GENCODE} is absent; set VARBERG_SHARED")
COLUMNS = [
    *(("importjobid", "varchar"), ("seqid", "varchar"), ("source", "varchar"), ("type", "varchar"), ("start", "bigint")),
    *(("end", "bigint"), ("score", "double"), ("strand", "varchar"), ("phase", "integer"), ("id", "varchar")),
    *(("name", "varchar"), ("alias", "varchar"), ("parent", "array(varchar)"), ("target", "varchar"), ("gap", "varchar")),
    *(("derivesfrom", "varchar"), ("note", "array(varchar)"), ("dbxref", "array(varchar)"), ("ontologyterm", "array(varchar)")),
    *(("is_circular", "boolean"), ("information", "map(varchar, varchar)")),
]
LISTS = {"parent", "note", "dbxref", "ontologyterm"}
OWN = {"id", "name", "alias", "target", "gap", "derivesfrom", "is_circular", *LISTS}
HEAD = "##gff-version 3\n"


def text(value: str) -> str | None:
    return None if value == "." else urllib.parse.unquote(value)


def attribute_columns(written: str) -> dict:
    row = dict.fromkeys(OWN) | {"information": None}
    for attribute in filter(None, written.split(";")):
        tag, value = attribute.split("=", 1)
        column = tag.lower() if tag == "Is_circular" else tag.lower().replace("_", "")
        if column in LISTS:
            row[column] = [urllib.parse.unquote(one) for one in value.split(",")]
        elif column == "is_circular":
            row[column] = value == "true"
        elif column in OWN:
            row[column] = urllib.parse.unquote(value)
        else:
            row["information"] = (row["information"] or {}) | {urllib.parse.unquote(tag).lower(): urllib.parse.unquote(value)}
    return row


def expected_rows(data: str) -> list[dict]:
    """The features of a GFF3 text, in the file's order."""
    found = []
    for line in data.split("\n"):
        if line.startswith("##FASTA") or line.startswith(">"):
            break
        if not line or line.startswith("#"):
            continue
        seqid, source, kind, start, end, score, strand, phase, attributes = line.split("\t")
        found.append({
            **{"seqid": text(seqid), "source": text(source), "type": text(kind), "start": int(start) - 1, "end": int(end)},
            **{"score": None if score == "." else float(score), "strand": text(strand)},
            **{"phase": None if phase == "." else int(phase), **attribute_columns(attributes)},
        })
    return found


def check_rows(server, store: str, data: str):
    names = [name for name, _ in COLUMNS if name != "importjobid"]
    listed = ", ".join(f'"{name}"' for name in names)

    def ordered(found):
        return sorted(([(name, row[name]) for name in names] for row in found), key=repr)

    found = ordered(rows(server, f'SELECT {listed} FROM "{store}"'))
    expected = ordered(expected_rows(data))
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        assert one == other


EDEN = HEAD + """##sequence-region ctg123 1 1497228
ctg123\t.\tgene\t1000\t9000\t.\t+\t.\tID=gene00001;Name=EDEN
ctg123\t.\tTF_binding_site\t1000\t1012\t.\t+\t.\tID=tfbs00001;Parent=gene00001
ctg123\t.\tmRNA\t1050\t9000\t.\t+\t.\tID=mRNA00001;Parent=gene00001;Name=EDEN.1
ctg123\t.\tmRNA\t1050\t9000\t.\t+\t.\tID=mRNA00002;Parent=gene00001;Name=EDEN.2
###
ctg123\t.\texon\t1300\t1500\t.\t+\t.\tID=exon00001;Parent=mRNA00001,mRNA00002
ctg123\t.\tCDS\t1201\t1500\t.\t+\t0\tID=cds00001;Parent=mRNA00001;Name=edenprotein.1
ctg123\t.\tCDS\t3000\t3902\t.\t+\t2\tID=cds00001;Parent=mRNA00001;Name=edenprotein.1
ctg123\test\tEST_match\t1050\t1500\t7.5e-3\t-\t.\tID=Match1;Target=EST23 1 21 +;Gap=M8 D3 M6 I1 M6
"""
ODD = HEAD + """# percent codes, several values, other tags, derives_from, a circular genome
ctg%3B1\tmy%20tool\tgene\t1\t20\t-1.5\t?\t.\tID=a%3Bb;Name=100%25%3D1;Alias=x%2Cy,z;Note=one%2C still one,two;info=p%26q,r
ctg1\t.\tpolypeptide\t5\t5\t.\t.\t.\tID=p1;Derives_from=m%2C1;Ontology_term="GO:0046703",GO:1;Dbxref=EMBL:AA816246,NCBI_gi:10727410
J02448\tGenBank\tregion\t1\t6407\t.\t+\t.\tID=J02448;Name=J02448;Is_circular=true
J02448\tGenBank\tregion\t1\t6407\t.\t+\t.\tID=J02449;Is_circular=false;biotype=åß%C3%A5;level=2
chr1\t.\tgene\t1\t2\t.\t+\t.\t.
""".replace("\t.\t.\n", "\t.\tID=last;\n")


@pytest.mark.parametrize("packed", [bytes, gzipped, bgzf], ids=["plain", "gzip", "bgzf"])
@pytest.mark.parametrize("name,data", [("eden", EDEN), ("odd", ODD)], ids=["eden", "odd"])
def test_the_rows_are_what_the_specification_says(shared_server, name, data, packed):
    store = f"gff_{name}_{packed.__name__}"
    create(shared_server, store, "GFF")
    assert columns(shared_server, store) == COLUMNS
    job = loaded(shared_server, store, f"{store}.gff3", packed(data.encode()))
    check_rows(shared_server, store, data)
    assert shared_server.sql(f"SELECT DISTINCT importjobid FROM {store}") == [{"importjobid": job["id"]}]


def random_features(features: int) -> str:
    random_ = random.Random(6)
    parts = ["a", "B", "é", "%", ";", "=", ",", "&", " ", "\t", "1", "α"]

    def word():
        return urllib.parse.quote("x" + "".join(random_.choice(parts) for _ in range(random_.randint(0, 6))), safe=" ")

    def words():
        return ",".join(word() for _ in range(random_.randint(1, 3)))

    lines = [HEAD]
    for i in range(features):
        attributes = {"ID": f"f{i}", "Name": word(), "Alias": word(), "Parent": words(), "Note": words(), "level": "2", "tag": words()}
        some = ";".join(f"{tag}={value}" for tag, value in attributes.items() if tag == "ID" or random_.random() < 0.6)
        start = random_.randrange(1, 1 << 27)
        score = random_.choice([".", "0.5", "12", "1e-5"])
        place = f"chr{random_.randint(1, 30)}\t{word()}\texon\t{start}\t{start + random_.randint(0, 5000)}"
        lines.append(f"{place}\t{score}\t{random_.choice('+-.?')}\t{random_.choice('.012')}\t{some}\n")
    return "".join(lines)


def test_features_of_every_make(shared_server):
    data = random_features(4000)
    create(shared_server, "gff_random", "GFF")
    loaded(shared_server, "gff_random", "random.gff3", data)
    check_rows(shared_server, "gff_random", data)


def parts_of(server, store: str) -> set[int]:
    table = StaticTable.from_metadata(metadata_location(server.data_dir, store)).scan(selected_fields=("_record",)).to_arrow()
    return {record >> 40 for record in table["_record"].to_pylist()}


@pytest.fixture(scope="module")
def fasta_tail():
    """12 MB of sequence: more than a part, without a line that tells where it belongs."""
    random_ = random.Random(8)
    lines = ["".join(random_.choices("ACGT", k=79)) + "\n" for _ in range(5000)]
    return "".join(">chr1 the\tsequence\n" + "".join(random_.sample(lines, len(lines))) * 10 for _ in range(3))


@pytest.mark.parametrize("packed,mark", [(bytes, "##FASTA\n"), (bgzf, "")], ids=["plain, ##FASTA", "bgzf, no mark"])
def test_the_sequences_behind_the_features_are_no_rows(make_server, fasta_tail, packed, mark):
    running = make_server(config="part_bytes = 1048576\n")
    features = random_features(60_000)
    create(running, "with_tail", "GFF")
    data = packed((features + mark + fasta_tail).encode())
    job = loaded(running, "with_tail", "tail.gff3", data, timeout=120)
    assert job["statusMessage"] == "", "sequence is not worth a word"
    assert count(running, "with_tail") == running.value("SELECT count(DISTINCT id) FROM with_tail") == 60_000
    assert len(parts_of(running, "with_tail")) > 1, "the features were read in one part"
    seqids = running.value("SELECT count(DISTINCT seqid) FROM with_tail")
    assert seqids == 30


def test_features_behind_sequences_are_no_rows(shared_server):
    create(shared_server, "behind", "GFF")
    data = EDEN + "##FASTA\n>ctg123\nACGT\n" + EDEN.splitlines(True)[2]
    loaded(shared_server, "behind", "behind.gff3", data)
    assert count(shared_server, "behind") == len(expected_rows(EDEN))


def test_healthomics_own_reading_is_there_where_asked_for(make_server):
    """`import.strict`: no percent-decoding, and two tags miss their columns (spec 12.2)."""
    running = make_server(config="strict = true\n")
    create(running, "as_healthomics", "GFF")
    attributes = "ID=a%3Bb;Alias=x,y;Derives_from=m1;Ontology_term=GO:1,GO:2;Note=one,two;Level=2"
    loaded(running, "as_healthomics", "strict.gff3", f"{HEAD}c%201\tx\tgene\t1\t2\t.\t+\t.\t{attributes}\n")
    ask = "SELECT seqid, id, alias, derivesfrom, ontologyterm, note, information FROM as_healthomics"
    assert [tuple(row.values()) for row in rows(running, ask)] == [
        (
            *("c%201", "a%3Bb", "x,y", None, None, ["one", "two"]),
            {"derives_from": "m1", "ontology_term": "[GO:1, GO:2]", "level": "2"},
        )
    ]


GTF = 'chr1\tHAVANA\tgene\t11869\t14409\t.\t+\t.\tgene_id "ENSG00000223972.5"; gene_type "pseudogene";\n'


@pytest.mark.parametrize("head", ["", "#description: annotation\n##format: gtf\n"], ids=["bare", "as GENCODE has it"])
def test_gtf_is_refused_with_what_to_do(shared_server, head):
    create(shared_server, f"gtf_{len(head)}", "GFF")
    job = load(shared_server, f"gtf_{len(head)}", "genes.gtf.gz", gzipped((head + GTF * 3).encode()))
    message = job["statusMessage"]
    assert job["status"] == "FAILED" and "GTF" in message and "gffread" in message and "GFF3" in message, message
    assert count(shared_server, f"gtf_{len(head)}") == 0


def test_rows_that_do_not_fit_are_left_out_and_counted(shared_server):
    good = random_features(1000)
    bad = ["chr1\t.\tgene\tten\t20\t.\t+\t.\tID=bad1\n", "chr1\t.\tgene\t10\t20\t.\t+\tID=bad2\n", "chr1\t.\tgene\t0\t20\t.\t+\t.\tID=bad3\n"]
    create(shared_server, "left_out", "GFF")
    job = loaded(shared_server, "left_out", "left_out.gff3", good + "".join(bad))
    message = job["statusMessage"]
    assert "3 of 1003 records were left out" in message, message
    assert re.search(r"start or end .*\(2 times, first on line 1002\)", message), message
    assert re.search(r"9 columns.*\(line 1003\)", message), message
    check_rows(shared_server, "left_out", good)


def test_a_file_most_of_which_does_not_fit_fails(shared_server):
    create(shared_server, "misfit", "GFF")
    job = load(shared_server, "misfit", "misfit.gff3", EDEN + "chr1\t.\tgene\tten\t20\t.\t+\t.\tID=bad\n")
    assert job["status"] == "FAILED" and "1 of 9 records" in job["statusMessage"], job["statusMessage"]
    assert count(shared_server, "misfit") == 0


def test_a_file_without_features_fails(shared_server):
    create(shared_server, "featureless", "GFF")
    job = load(shared_server, "featureless", "featureless.gff3", HEAD + "##FASTA\n>a\nACGT\n")
    assert job["status"] == "FAILED" and re.search(r"\bE20\b", job["statusMessage"]), job["statusMessage"]


@needs_gencode
def test_a_real_annotation_is_imported_completely(shared_server):
    data = gzip.decompress(GENCODE.read_bytes()).decode()
    create(shared_server, "gencode_polya", "GFF")
    job = loaded(shared_server, "gencode_polya", GENCODE.name, GENCODE.read_bytes())
    assert job["statusMessage"] == ""
    lines = sum(1 for line in data.splitlines() if line and not line.startswith("#"))
    assert count(shared_server, "gencode_polya") == lines == 96_556
    if FULL:
        check_rows(shared_server, "gencode_polya", data)
