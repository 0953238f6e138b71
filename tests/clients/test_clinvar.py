"""ClinVar in a VCF annotation store, as the tutorial notebook of HealthOmics has it, and its joins with variants and genes.

What the questions must answer is worked out in Python from the file's own lines.
"""

import collections
import dataclasses
import gzip
import json
import re

import pytest
from annotation_stores import columns, count, create, loaded, namespace, start, wait
from server import ACCOUNT, BUCKET, ROLE, create_store, import_files
from test_rows import SHARED
from vcf_files import header, record, vcf

CLINVAR = SHARED / "data" / "clinvar.2026-02.subset.vcf.gz"
SAMPLES = ("NA12878", "NA12891")
GENES = {"HPDL": ("NC_000001.11", 45_326_000, 45_329_000), "BRCA2": ("chr13", 32_315_000, 32_401_000), "TP53": ("17", 7_661_000, 7_688_000)}
"""Gene: sequence as three sources would call it, first and last base (GRCh38, rounded outward)."""


@dataclasses.dataclass(frozen=True)
class Record:
    contig: str
    start: int
    end: int
    name: str
    ref: str
    alts: tuple
    info: dict = dataclasses.field(hash=False)

    @property
    def place(self) -> tuple:
        return (self.contig, self.start, self.ref, self.alts)


def read_clinvar() -> list[Record]:
    found = []
    for line in gzip.decompress(CLINVAR.read_bytes()).decode().splitlines():
        if line and not line.startswith("#"):
            contig, position, name, ref, alt, _, _, info = line.split("\t")[:8]
            pairs = dict(pair.split("=", 1) for pair in info.split(";") if "=" in pair)
            alts = () if alt == "." else tuple(alt.split(","))
            found.append(Record(contig, int(position) - 1, int(position) - 1 + len(ref), name, ref, alts, pairs))
    return found


@pytest.fixture(scope="module")
def records():
    if not CLINVAR.exists():
        pytest.skip(f"{CLINVAR} is absent; set VARBERG_SHARED")
    return read_clinvar()


@pytest.fixture(scope="module")
def clinvar(shared_server, reference, records):
    """The notebook's steps 11 and 12; gives the store's name."""
    client = shared_server.client()
    (shared_server.files / "clinvar.vcf.gz").write_bytes(CLINVAR.read_bytes())
    made = client.create_annotation_store(name="tutorial_clinvar", reference={"referenceArn": reference}, storeFormat="VCF")
    client.get_waiter("annotation_store_created").wait(name="tutorial_clinvar")
    store = client.get_annotation_store(name="tutorial_clinvar")
    assert (store["id"], store["status"], store["storeFormat"]) == (made["id"], "ACTIVE", "VCF")
    items = [{"source": f"s3://{BUCKET}/clinvar.vcf.gz"}]
    job = client.start_annotation_import_job(destinationName="tutorial_clinvar", roleArn=ROLE, items=items)["jobId"]
    listed = client.list_annotation_import_jobs(filter={"storeName": "tutorial_clinvar"})["annotationImportJobs"]
    assert [entry["id"] for entry in listed] == [job]
    assert wait(shared_server, job)["status"] == "COMPLETED"
    return "tutorial_clinvar"


@pytest.fixture(scope="module")
def variants(shared_server, reference, records):
    """A variant store in which two samples carry some of ClinVar's alleles, on contigs called chr1; gives the records
    that are ClinVar's, and of all records places and whether the first sample carries them."""
    known = [r for r in records if r.alts and re.fullmatch("[ACGT]+", r.ref) and re.fullmatch("[ACGT]+", r.alts[0])][::25]
    lines, places, seen = [], [], set()
    for i, one in enumerate(known):
        if one.place in seen:
            continue
        seen.add(one.place)
        # Every fifth has another allele than ClinVar's, every seventh another place.
        alt = one.alts[0] + "T" if i % 5 == 0 else one.alts[0]
        shift = 1 if i % 7 == 0 else 0
        lines.append((f"chr{one.contig}", one.start + 1 + shift, one.ref, alt, ("0/1:5,5:10:60", "0/0:9,0:9:30")))
        places.append((one.contig, one.start + shift, one.ref, (alt,)))
    lines.sort(key=lambda line: (line[0], line[1]))
    contigs = dict.fromkeys(line[0] for line in lines)
    head = header(SAMPLES).replace("#CHROM", "".join(f"##contig=<ID={c}>\n" for c in contigs if c not in ("chr1", "chr2")) + "#CHROM")
    body = "".join(record(c, p, r, a, calls=calls) for c, p, r, a, calls in lines)
    (shared_server.files / "carried.vcf").write_text(head + body)
    create_store(shared_server, "tutorial_variants", reference)
    job = import_files(shared_server, "tutorial_variants", "carried.vcf")
    assert job["status"] == "COMPLETED", job
    return places


def test_the_store_has_a_row_for_each_record_and_no_samples(shared_server, clinvar, records):
    assert [name for name, _ in columns(shared_server, clinvar)][:5] == ["importjobid", "contigname", "start", "end", "names"]
    assert count(shared_server, clinvar) == len(records)
    database = namespace(shared_server, clinvar)
    assert shared_server.value(f'SELECT count(*) FROM "{database}"."{clinvar}"') == len(records)
    nothing = "count(sampleid) + count(calls) + count(information) + count(qual) + count(filters)"
    assert shared_server.value(f"SELECT {nothing} FROM {clinvar}") == 0
    by_contig = shared_server.sql(f"SELECT contigname, count(*) AS n FROM {clinvar} GROUP BY 1")
    assert {row["contigname"]: row["n"] for row in by_contig} == collections.Counter(r.contig for r in records)


def test_every_row_is_its_record(shared_server, clinvar, records):
    ask = f'SELECT names[1] AS name, contigname, start, "end", referenceallele, alternatealleles, attributes FROM {clinvar}'
    found = {}
    for row in map(json.loads, shared_server.sql(ask, "application/x-ndjson").splitlines()):
        found[row["name"]] = row
    assert len(found) == len(records), "ClinVar's ids are unique"
    for one in records:
        row = found[one.name]
        place = (row["contigname"], row["start"], row["end"], row["referenceallele"], tuple(row["alternatealleles"] or ()))
        assert place == (one.contig, one.start, one.end, one.ref, one.alts)
        assert row["attributes"] == one.info


def test_the_notebooks_question_to_clinvar(shared_server, clinvar, records):
    """Q4: single-base substitutions of a disease with their codes in a database of diseases.

    The notebook's regexp_extract_all(attributes['CLNDISDB'], 'SNOMED_CT:\\d+') is not in this dialect: the ids are
    taken apart with string_to_array and unnest instead. The subset has no SNOMED_CT ids, so OMIM's are asked for.
    """
    ask = f"""
        WITH substitutions AS (
            SELECT concat(contigname, ':', CAST(start AS VARCHAR), referenceallele, '>', alternatealleles[1]) AS variant,
                   attributes['RS'] AS rs, attributes['CLNSIG'] AS significance, attributes['CLNDN'] AS disease,
                   attributes['CLNDISDBINCL'] AS included, string_to_array(replace(attributes['CLNDISDB'], '|', ','), ',') AS ids
            FROM "{namespace(shared_server, clinvar)}"."{clinvar}"
            WHERE attributes['CLNDN'] LIKE '%ovarian_cancer%' AND length(referenceallele) = 1
              AND cardinality(alternatealleles) = 1 AND length(alternatealleles[1]) = 1)
        SELECT variant, rs, significance, disease, included, array_agg(id) FILTER (WHERE id LIKE 'OMIM:%') AS omim
        FROM (SELECT *, unnest(ids) AS id FROM substitutions) GROUP BY variant, rs, significance, disease, included"""
    expected = []
    for one in records:
        if "ovarian_cancer" in one.info.get("CLNDN", "") and len(one.ref) == 1 and [len(a) for a in one.alts] == [1]:
            ids = sorted(i for i in re.split("[|,]", one.info["CLNDISDB"]) if i.startswith("OMIM:"))
            named = (one.info.get(key) for key in ("RS", "CLNSIG", "CLNDN", "CLNDISDBINCL"))
            expected.append((f"{one.contig}:{one.start}{one.ref}>{one.alts[0]}", *named, ids))
    found = [(*list(row.values())[:5], sorted(row["omim"] or [])) for row in shared_server.sql(ask)]
    assert len(expected) > 100
    assert sorted(found, key=repr) == sorted(expected, key=repr)


def test_a_map_key_that_a_record_lacks_is_null(shared_server, clinvar, records):
    lacking = shared_server.value(f"SELECT count(*) FROM {clinvar} WHERE attributes['CLNDISDB'] IS NULL")
    assert lacking == sum("CLNDISDB" not in one.info for one in records) > 0


SAME_ALLELE = """v.start = a.start AND v."end" = a."end" AND v.referenceallele = a.referenceallele
    AND v.alternatealleles = a.alternatealleles"""
BRIDGES = {
    "concat": "v.contigname = concat('chr', a.contigname)",
    "contig": "contig(a.contigname) = contig(v.contigname)",
    "contig of one side": "contig(a.contigname) = v.contigname",
    "replace": "replace(v.contigname, 'chr', '') = a.contigname",
}


@pytest.mark.parametrize("bridge", BRIDGES)
def test_variants_meet_annotations_on_place_and_alleles(shared_server, clinvar, variants, records, bridge):
    """Q2: also with the whole maps, under aliases."""
    ask = f"""
        SELECT v.sampleid, v.contigname, v.start, v.calls, v.attributes AS v_attributes, a.attributes AS a_attributes,
               a.names AS names
        FROM tutorial_variants v INNER JOIN {clinvar} a ON {BRIDGES[bridge]} AND {SAME_ALLELE}
        WHERE a.attributes['CLNSIG'] = 'Likely_pathogenic' ORDER BY v.contigname, v.start, v.sampleid"""
    found = shared_server.sql(ask)
    carried = set(variants)
    matched = [one for one in records if one.place in carried and one.info.get("CLNSIG") == "Likely_pathogenic"]
    assert len(matched) > 20
    expected = {(sample, f"chr{one.contig}", one.start, one.name) for one in matched for sample in SAMPLES}
    assert {(row["sampleid"], row["contigname"], row["start"], row["names"][0]) for row in found} == expected
    assert len(found) == len(expected)
    by_name = {one.name: one for one in records}
    for row in found:
        assert row["a_attributes"] == by_name[row["names"][0]].info
        assert row["v_attributes"]["DP"] == "10"
        assert row["calls"] == ([0, 1] if row["sampleid"] == "NA12878" else [0, 0])


def test_the_unmatched_variants_are_kept_by_a_left_join(shared_server, clinvar, variants, records):
    known = {one.place for one in records}
    ask = f"""SELECT count(*) FROM tutorial_variants v LEFT JOIN {clinvar} a
        ON contig(a.contigname) = contig(v.contigname) AND {SAME_ALLELE} WHERE a.names IS NULL AND v.sampleid = 'NA12878'"""
    assert shared_server.value(ask) == sum(place not in known for place in variants) > 0


@pytest.fixture(scope="module")
def genes(shared_server):
    lines = "".join(f"{c}\tx\tgene\t{first}\t{last}\t.\t+\t.\tID={g};Name={g}\n" for g, (c, first, last) in GENES.items())
    exons = "".join(f"{c}\tx\texon\t{first}\t{first + 499}\t.\t+\t.\tParent={g}\n" for g, (c, first, _) in GENES.items())
    create(shared_server, "tutorial_genes", "GFF")
    loaded(shared_server, "tutorial_genes", "tutorial_genes.gff3", "##gff-version 3\n" + lines + exons)
    return "tutorial_genes"


def test_variants_are_found_in_genes(shared_server, variants, genes):
    """Each gene's contig is called by another name, none as in the variant store but chr13."""
    overlap = 'v.start < g."end" AND g.start < v."end"'
    ask = f"""SELECT g.name AS gene, count(*) AS n FROM tutorial_variants v JOIN {genes} g
        ON contig(v.contigname) = contig(g.seqid) AND {overlap}
        WHERE g.type = 'gene' AND v.sampleid = 'NA12878' GROUP BY g.name"""
    contigs = {"NC_000001.11": "1", "chr13": "13", "17": "17"}
    expected = {
        gene: sum(c == contigs[sequence] and at < last and first - 1 < at + len(ref) for c, at, ref, _ in variants)
        for gene, (sequence, first, last) in GENES.items()
    }
    assert all(expected.values()), expected
    assert {row["gene"]: row["n"] for row in shared_server.sql(ask)} == expected
    plan = "".join(row["plan"] for row in shared_server.sql(f"EXPLAIN {ask}"))
    assert "IntervalJoinExec" in plan, "such a join has a way of its own"
    as_named = ask.replace("contig(v.contigname) = contig(g.seqid)", "v.contigname = g.seqid")
    assert {row["gene"]: row["n"] for row in shared_server.sql(as_named)} == {"BRCA2": expected["BRCA2"]}


@pytest.mark.parametrize(
    "options",
    [{}, {"ignoreQualField": True}, {"ignoreFilterField": True}, {"ignoreQualField": True, "ignoreFilterField": True}],
)
def test_qual_and_filter_are_ignored_where_asked(shared_server, options):
    name = "ignoring_" + "_".join(key[6:10].lower() for key in options)
    create(shared_server, name, "VCF")
    loaded(shared_server, name, "sites.vcf", vcf(20, samples=()), formatOptions={"vcfOptions": options})
    found = shared_server.sql(f"SELECT qual, filters, sampleid, count(*) AS n FROM {name} GROUP BY 1, 2, 3")
    qual = None if "ignoreQualField" in options else 50.0
    filters = None if "ignoreFilterField" in options else ["PASS"]
    assert found == [{"qual": qual, "filters": filters, "sampleid": None, "n": 20}]


@pytest.mark.parametrize("strict,status", [("false", "COMPLETED"), ("true", "FAILED")])
def test_a_qual_that_is_no_number_is_told_even_where_it_is_ignored(make_server, strict, status):
    running = make_server(config=f"strict = {strict}\n")
    create(running, "bad_qual", "VCF")
    (running.files / "bad_qual.vcf").write_text(vcf(2, samples=()).replace("\t50\t", "\tfifty\t"))
    options = {"vcfOptions": {"ignoreQualField": True}}
    job = wait(running, start(running, "bad_qual", "bad_qual.vcf", formatOptions=options))
    assert job["status"] == status and "QUAL" in job["statusMessage"], job
    assert count(running, "bad_qual") == (2 if status == "COMPLETED" else 0)


def test_a_vcf_annotation_store_takes_samples_too(shared_server):
    create(shared_server, "with_samples", "VCF")
    loaded(shared_server, "with_samples", "samples.vcf", vcf(10))
    found = shared_server.sql("SELECT sampleid, count(*) AS n FROM with_samples GROUP BY 1 ORDER BY 1")
    assert found == [{"sampleid": "S1", "n": 10}, {"sampleid": "S2", "n": 10}]


def test_a_vcf_annotation_store_has_the_columns_of_a_variant_store(shared_server, reference):
    create(shared_server, "columns_of_annotations", "VCF")
    create_store(shared_server, "columns_of_variants", reference)
    assert columns(shared_server, "columns_of_annotations") == columns(shared_server, "columns_of_variants")
    assert namespace(shared_server, "columns_of_annotations").startswith(f"annotation_{ACCOUNT}_")
