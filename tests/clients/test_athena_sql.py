"""The shapes of statements that HealthOmics users write for Athena, through `POST /sql`: a long and a wide store give the answers
that DuckDB gives over rows made from the same records.

The statements are ours; their shapes are those of AWS's notebooks, workshops and agents.
"""

import json
import random

import duckdb
import pyarrow as pa
import pytest
from annotation_stores import create, loaded
from server import BUCKET, ROLE, create_store, wait_for_job

SAMPLES = ["NA12877", "NA12878", "NA12891", "HG002"]
CSQ = ["Allele", "Consequence", "IMPACT", "SYMBOL", "Gene"]
GENES = ["BRCA1:672", "BRCA2:675|TP53:7157", "CFTR:1080", None]
SIGNIFICANCE = ["Pathogenic", "Likely_pathogenic", "Pathogenic/Likely_pathogenic", "Benign", "drug_response", None]
DISEASES = ["Breast_cancer|not_provided", "Cystic_fibrosis", "Li-Fraumeni_syndrome|Breast_cancer", None]
DATABASES = ["MONDO:1,SNOMED_CT:254837009|SNOMED_CT:77", "MedGen:C1", None]
ALTS = [["G"], ["T"], ["C", "T"], ["AG"], ["G", "<DEL>"]]


def records() -> list[dict]:
    """Sites with what every sample has there, and what an annotation of the site says."""
    chance = random.Random(19)
    made = []
    for at in range(120):
        alts = chance.choice(ALTS)
        calls = [sorted(chance.choice([(0, 0), (0, 1), (1, 1), (0, len(alts)), (-1, -1)])) for _ in SAMPLES]
        made.append(
            {
                "contig": chance.choice(["1", "2", "X"]),
                "start": 1000 + 10 * at,
                "ref": chance.choice(["A", "A", "AC"]),
                "alts": alts,
                "qual": chance.choice([10.0, 29.5, 50.0, 99.0]),
                "filter": chance.choice(["PASS", "PASS", "LowQual"]),
                "DP": chance.choice([None, 7, 30, 120]),
                "calls": calls,
                "AF": [chance.choice([None, 0.25, 0.5, 0.001]) for _ in SAMPLES],
                "csq": chance.choice([None, ("missense_variant&splice_region_variant", "MODERATE", "BRCA1"), ("stop_gained", "HIGH", "TP53")]),
                "annotated": chance.random() < 0.8,
                "CLNSIG": chance.choice(SIGNIFICANCE),
                "CLNDN": chance.choice(DISEASES),
                "GENEINFO": chance.choice(GENES),
                "CLNDISDB": chance.choice(DATABASES),
            }
        )
    return sorted(made, key=lambda record: (record["contig"], record["start"]))


def end_of(record: dict) -> int:
    return record["start"] + len(record["ref"])


def info(record: dict, keys: list[str]) -> dict:
    return {key: str(record[key]) for key in keys if record[key] is not None}


def csq(record: dict) -> str:
    consequence, impact, symbol = record["csq"]
    return "|".join([record["alts"][0], consequence, impact, symbol, "ENSG1"])


def line(record: dict, contig: str, text: str, samples: str) -> str:
    site = [contig, str(record["start"] + 1), ".", record["ref"], ",".join(record["alts"]), f"{record['qual']:g}", record["filter"]]
    return "\t".join([*site, text or "."]) + samples + "\n"


def variants_vcf() -> str:
    keys = {"DP": "Integer"}
    lines = ['##fileformat=VCFv4.3\n##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: ' + "|".join(CSQ) + '">\n']
    lines += [f'##INFO=<ID={key},Number=1,Type={kind},Description="d">\n' for key, kind in keys.items()]
    lines += ['##FILTER=<ID=LowQual,Description="d">\n##FORMAT=<ID=GT,Number=1,Type=String,Description="d">\n##FORMAT=<ID=AF,Number=1,Type=Float,Description="d">\n']
    lines += [f"##contig=<ID=chr{name}>\n" for name in ["1", "2", "X"]]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(SAMPLES) + "\n")
    for record in records():
        text = [f"{key}={value}" for key, value in info(record, ["DP"]).items()] + ([f"CSQ={csq(record)}"] if record["csq"] else [])
        genotypes = ["/".join("." if allele < 0 else str(allele) for allele in call) for call in record["calls"]]
        samples = [f"{call}:{'.' if af is None else format(af, 'g')}" for call, af in zip(genotypes, record["AF"])]
        lines.append(line(record, f"chr{record['contig']}", ";".join(text), "\tGT:AF\t" + "\t".join(samples)))
    return "".join(lines)


CLINVAR_KEYS = ["CLNSIG", "CLNDN", "GENEINFO", "CLNDISDB"]


def annotations_vcf(prefix: str) -> str:
    lines = ["##fileformat=VCFv4.1\n"] + [f'##INFO=<ID={key},Number=.,Type=String,Description="d">\n' for key in CLINVAR_KEYS]
    lines += [f"##contig=<ID={prefix}{name}>\n" for name in ["1", "2", "X"]] + ['##FILTER=<ID=LowQual,Description="d">\n']
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    for record in records():
        if record["annotated"]:
            text = ";".join(f"{key}={value}" for key, value in info(record, CLINVAR_KEYS).items())
            lines.append(line(record, prefix + record["contig"], text, ""))
    return "".join(lines)


MAP = pa.map_(pa.string(), pa.string())
VEP = pa.struct([("vep", pa.list_(pa.struct([("symbol", pa.string()), ("impact", pa.string()), ("consequence", pa.list_(pa.string()))])))])
SITE = [
    ("contigname", pa.string()),
    ("start", pa.int64()),
    ("end", pa.int64()),
    ("referenceallele", pa.string()),
    ("alternatealleles", pa.list_(pa.string())),
    ("qual", pa.float64()),
    ("filters", pa.list_(pa.string())),
    ("attributes", MAP),
]


def site(record: dict, contig: str, keys: list[str]) -> dict:
    return {
        "contigname": contig,
        "start": record["start"],
        "end": end_of(record),
        "referenceallele": record["ref"],
        "alternatealleles": record["alts"],
        "qual": record["qual"],
        "filters": [record["filter"]],
        "attributes": info(record, keys),
    }


def variant_rows() -> pa.Table:
    rows = []
    for record in records():
        entry = None
        if record["csq"]:
            consequence, impact, symbol = record["csq"]
            entry = {"vep": [{"symbol": symbol, "impact": impact, "consequence": consequence.split("&")}]}
        for at, sample in enumerate(SAMPLES):
            af = record["AF"][at]
            own = {"sampleid": sample, "calls": record["calls"][at], "information": {} if af is None else {"af": f"{af:g}"}, "annotations": entry}
            row = site(record, f"chr{record['contig']}", ["DP"]) | own
            row["attributes"] |= {"CSQ": csq(record)} if record["csq"] else {}
            rows.append(row)
    more = [("sampleid", pa.string()), ("calls", pa.list_(pa.int32())), ("information", MAP), ("annotations", VEP)]
    rows = [row | {name: list(row[name].items()) for name in ["attributes", "information"]} for row in rows]
    return pa.Table.from_pylist(rows, schema=pa.schema([*SITE, *more]))


def annotation_rows(prefix: str) -> pa.Table:
    rows = [site(record, prefix + record["contig"], CLINVAR_KEYS) | {"names": None, "sampleid": None} for record in records() if record["annotated"]]
    rows = [row | {"attributes": list(row["attributes"].items())} for row in rows]
    return pa.Table.from_pylist(rows, schema=pa.schema([*SITE, ("names", pa.list_(pa.string())), ("sampleid", pa.string())]))


@pytest.fixture(scope="module")
def stores(shared_server, reference):
    """V in both layouts, A (ClinVar's names of contigs) and G (with `chr`)."""
    (shared_server.files / "athena.vcf").write_text(variants_vcf())
    for layout in ["long", "wide"]:
        create_store(shared_server, f"athena_{layout}", reference, layout)
        items = [{"source": f"s3://{BUCKET}/athena.vcf"}]
        job = shared_server.client().start_variant_import_job(
            destinationName=f"athena_{layout}", roleArn=ROLE, items=items, annotationFields={"VEP": "CSQ"}
        )["jobId"]
        ended = wait_for_job(shared_server, job)
        assert ended["status"] == "COMPLETED", ended
    for name, prefix in [("athena_clinvar", ""), ("athena_gnomad", "chr")]:
        create(shared_server, name, "VCF", reference={"referenceArn": reference})
        loaded(shared_server, name, f"{name}.vcf", annotations_vcf(prefix))
    return shared_server


@pytest.fixture(scope="module")
def oracle():
    connection = duckdb.connect()
    for name, rows in [("V", variant_rows()), ("athena_clinvar", annotation_rows("")), ("athena_gnomad", annotation_rows("chr"))]:
        connection.register(name, rows)
    return connection


JOIN = """FROM {v} v INNER JOIN athena_clinvar a ON v.contigname = CONCAT('chr', a.contigname) AND v.start = a.start AND v."end" = a."end"
    AND v.referenceallele = a.referenceallele AND v.alternatealleles = a.alternatealleles"""

SHAPES = {
    "Q1": 'SELECT contigname, start, "end", referenceallele, sampleid FROM {v} ORDER BY contigname, start, sampleid LIMIT 10',
    "Q2": f"SELECT v.sampleid, v.start, v.attributes AS variant_attributes, a.attributes AS clinical {JOIN} WHERE a.attributes['CLNSIG'] = 'Likely_pathogenic'",
    "Q2b": """SELECT v.sampleid, v.start, v.calls FROM {v} v JOIN athena_clinvar a ON v.contigname = CONCAT('chr', a.contigname) AND v.start = a.start
        AND v."end" = a."end" WHERE a.attributes['CLNSIG'] = 'Benign'""",
    "Q3": """WITH alleles AS (SELECT sampleid, referenceallele, alternateallele,
            if(cardinality(calls) = 2 and element_at(calls, 1) = element_at(calls, 2), 2, 1) AS copies
            FROM {v} CROSS JOIN UNNEST(alternatealleles) AS t(alternateallele)
            WHERE filters[1] = 'PASS' AND length(referenceallele) = 1 AND length(alternateallele) = 1)
        SELECT sampleid, CAST(sum(CASE WHEN CONCAT(referenceallele, alternateallele) IN ('AG', 'GA', 'CT', 'TC') THEN copies ELSE 0 END) AS double)
            / sum(CASE WHEN CONCAT(referenceallele, alternateallele) IN ('AG', 'GA', 'CT', 'TC') THEN 0 ELSE copies END) AS titv
        FROM alleles GROUP BY sampleid""",
    "Q4": """SELECT concat(contigname, '-', CAST(start AS varchar), '-', referenceallele, '-', alternatealleles[1]) AS variant, attributes['CLNSIG'] AS significance,
            attributes['CLNDN'] AS disease, regexp_extract_all(attributes['CLNDISDB'], 'SNOMED_CT:\\d+') AS codes
        FROM athena_clinvar WHERE attributes['CLNDN'] LIKE '%Breast%' AND length(referenceallele) = 1 AND cardinality(alternatealleles) = 1
            AND length(alternatealleles[1]) = 1""",
    "Q5": f"""SELECT v.sampleid, v.start, SPLIT(a.attributes['GENEINFO'], ':')[1] AS gene, SPLIT(a.attributes['CLNDN'], '|')[1] AS disease {JOIN}
        WHERE a.attributes['CLNSIG'] = 'Pathogenic' OR a.attributes['CLNSIG'] = 'Likely_pathogenic' OR a.attributes['CLNSIG'] = 'drug_response'""",
    "Q6": "SELECT DISTINCT sampleid, COUNT(*) AS n FROM {v} GROUP BY sampleid ORDER BY sampleid",
    "Q6b": "SELECT COUNT(*) FROM {v} WHERE sampleid = 'NA12878'",
    "Q7": f"""SELECT v.sampleid, v.contigname, v.start, a.attributes['CLNSIG'] AS significance {JOIN}
        WHERE a.attributes['CLNSIG'] IN ('Pathogenic', 'Likely_pathogenic', 'Pathogenic/Likely_pathogenic') AND v.sampleid IN ('NA12877', 'HG002')
        ORDER BY v.sampleid, v.contigname, v.start""",
    "Q8": f"""SELECT v.sampleid, v.start, a.attributes['GENEINFO'] AS gene {JOIN}
        WHERE (LOWER(a.attributes['CLNDN']) LIKE '%breast%' OR LOWER(a.attributes['CLNDN']) LIKE '%cystic%')
            AND LOWER(a.attributes['GENEINFO']) IN ('brca1:672', 'cftr:1080')""",
    "Q9": f"""SELECT v.sampleid, a.attributes['CLNSIG'] AS significance, COUNT(*) AS n {JOIN} WHERE a.attributes['CLNSIG'] IS NOT NULL
        GROUP BY v.sampleid, a.attributes['CLNSIG'] ORDER BY v.sampleid, n DESC, significance""",
    "Q10": """WITH found AS (SELECT v.sampleid, v.start, CONCAT(REPLACE(v.contigname, 'chr', ''), ':', CAST(v.start AS VARCHAR)) AS place,
            CASE WHEN cardinality(v.annotations.vep) > 0 THEN v.annotations.vep[1].symbol ELSE NULL END AS symbol,
            CASE WHEN cardinality(v.annotations.vep) > 0 THEN v.annotations.vep[1].impact ELSE NULL END AS impact,
            CASE WHEN cardinality(v.annotations.vep) > 0 THEN v.annotations.vep[1].consequence[1] ELSE NULL END AS consequence,
            UPPER(split_part(a.attributes['GENEINFO'], ':', 1)) AS gene, COALESCE(a.attributes['CLNSIG'], 'unknown') AS significance,
            v.information['af'] AS af
        FROM {v} v LEFT JOIN athena_clinvar a ON REPLACE(v.contigname, 'chr', '') = REPLACE(a.contigname, 'chr', '') AND v.start = a.start
            AND v.referenceallele = a.referenceallele AND v.alternatealleles[1] = a.alternatealleles[1]
        WHERE contains(v.filters, 'PASS') AND v.qual > 30)
        SELECT *, CASE WHEN impact = 'HIGH' THEN 3 WHEN impact = 'MODERATE' THEN 2 ELSE 0 END AS score FROM found
        WHERE UPPER(symbol) = 'BRCA1' OR gene = 'BRCA1' OR impact = 'HIGH' ORDER BY score DESC, sampleid, start""",
    "Q11": "SELECT sampleid, start, calls FROM {v} WHERE REPLACE(contigname, 'chr', '') = '2' AND start BETWEEN 1100 AND 1900 AND sampleid IN ('NA12878', 'HG002')",
    "Q12": """SELECT sampleid, start, TRY_CAST(information['af'] AS DOUBLE) AS af, TRY_CAST(information['dp'] AS INTEGER) AS dp, TRY_CAST(information['mq'] AS DOUBLE) AS mq,
            ROUND(LOG10(TRY_CAST(information['af'] AS DOUBLE)), 3) AS log_af,
            CASE WHEN TRY_CAST(information['af'] AS DOUBLE) < 0.01 THEN 'rare' WHEN TRY_CAST(information['af'] AS DOUBLE) < 0.3 THEN 'low' ELSE 'common' END AS bucket
        FROM {v} WHERE information['af'] IS NOT NULL""",
    "Q13": """SELECT sampleid, COUNT(CASE WHEN LENGTH(referenceallele) = LENGTH(alternatealleles[1]) THEN 1 END) AS snvs,
            COUNT(CASE WHEN LENGTH(referenceallele) <> LENGTH(alternatealleles[1]) THEN 1 END) AS indels, AVG(CAST(qual AS DOUBLE)) AS quality,
            MIN(start) AS first, MAX(start) AS last, COUNT(DISTINCT COALESCE(attributes['DP'], 'none')) AS depths,
            ROUND(COUNT(CASE WHEN filters[1] = 'PASS' THEN 1 END) * 100.0 / COUNT(*), 2) AS passed
        FROM {v} GROUP BY sampleid""",
    "Q14": """SELECT v.contigname, v.start, v.alternatealleles, v.calls, a.attributes['CLNSIG'] AS significance, count(*) / cast(numsamples AS DOUBLE) AS frequency
        FROM {v} v CROSS JOIN (SELECT count(DISTINCT sampleid) AS numsamples FROM {v} WHERE sampleid LIKE 'NA12%') n
        JOIN athena_gnomad a ON v.contigname = a.contigname AND v.start = a.start AND v."end" = a."end" AND v.referenceallele = a.referenceallele
            AND v.alternatealleles = a.alternatealleles
        WHERE v.sampleid LIKE 'NA12%' AND a.attributes['CLNSIG'] LIKE '%response%'
        GROUP BY v.contigname, v.start, v.alternatealleles, v.calls, a.attributes['CLNSIG'], numsamples
        ORDER BY frequency DESC, v.contigname, v.start, v.calls LIMIT 50""",
    "Q15": """SELECT c.contigname, c.start, c.attributes['CLNDN'] AS disease, g."names", g.attributes, g.sampleid FROM athena_clinvar c
        LEFT JOIN athena_gnomad g ON c."end" = g."end" AND g.contigname = concat('chr', c.contigname)
        WHERE 1=1 AND c.attributes['CLNDN'] LIKE '%fibrosis%' AND c.attributes['CLNSIG'] IN ('Pathogenic', 'Benign')""",
    "Q16": """SELECT v.sampleid, v.start, a.names, CASE WHEN a.attributes['CLNSIG'] = 'Pathogenic' THEN 'high' WHEN a.attributes['CLNSIG'] = 'Benign' THEN 'none' ELSE 'some' END AS risk,
            CASE WHEN a.attributes['GENEINFO'] IS NOT NULL THEN split_part(a.attributes['GENEINFO'], ':', 1) ELSE 'unknown' END AS gene
        FROM {v} v INNER JOIN athena_clinvar a ON REPLACE(v.contigname, 'chr', '') = a.contigname AND v.start = a.start
            AND v.referenceallele = a.referenceallele AND v.alternatealleles = a.alternatealleles
        WHERE a.attributes IS NOT NULL AND a.attributes['CLNSIG'] IS NOT NULL""",
}

DUCKDB = [("cardinality(", "len("), ("element_at(", "list_extract("), ("SPLIT(", "string_split("), ("contains(v.filters", "list_contains(v.filters")]


def asked_of_duckdb(oracle, statement: str) -> list:
    for theirs, own in DUCKDB:
        statement = statement.replace(theirs, own)
    # An absent part is empty there and null in Athena; no statement here asks beyond the last part.
    answer = oracle.sql(statement.format(v="V")).to_arrow_table()
    are_maps = [pa.types.is_map(field.type) for field in answer.schema]
    return [[dict(value) if is_map and value is not None else value for value, is_map in zip(row.values(), are_maps)] for row in answer.to_pylist()]


def plain(value):
    """A value that compares: numbers to 12 digits."""
    return float(f"{value:.12g}") if isinstance(value, float) else value


def comparable(rows: list, statement: str) -> list[str]:
    texts = [json.dumps([plain(value) for value in row], sort_keys=True, default=str) for row in rows]
    return texts if "ORDER BY" in statement else sorted(texts)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_of_statements_answers_as_duckdb(stores, oracle, shape):
    statement = SHAPES[shape]
    wanted = comparable(asked_of_duckdb(oracle, statement), statement)
    assert wanted, "the question must have an answer"
    for layout in ["long", "wide"]:
        rows = stores.sql(statement.format(v=f'"default"."athena_{layout}"'))
        assert comparable([list(row.values()) for row in rows], statement) == wanted, layout


def test_unnested_genotypes_of_a_wide_store_are_counted(stores):
    statement = "SELECT start, sum(allele) AS n FROM athena_{layout} CROSS JOIN UNNEST(calls) AS t(allele) WHERE allele > 0 GROUP BY start ORDER BY start"
    plan = json.dumps(stores.sql("EXPLAIN " + statement.format(layout="wide")))
    assert "counted by record" in plan, plan
    assert stores.sql(statement.format(layout="wide")) == stores.sql(statement.format(layout="long"))


def test_element_at_looks_a_key_up_as_a_subscript_does(stores):
    plans = [
        json.dumps(stores.sql(f"EXPLAIN SELECT start FROM athena_wide WHERE {dp} = '30'"))
        for dp in ["attributes['DP']", "element_at(attributes, 'DP')"]
    ]
    assert plans[0] == plans[1]


@pytest.mark.parametrize(
    ("statement", "place", "advice"),
    [
        ("SELECT\n  regex_extract(contigname, 'c') FROM athena_long", "line 2, column 3", "regexp_extract"),
        ("SELECT repeat('x', 1000000000)", "line 1, column 8", "any size"),
        ("SELECT start FROM athena_long LATERAL VIEW explode(calls) t AS c", "", "LATERAL VIEW"),
        ("SELECT max_by(start)", "line 1, column 8", "max_by(value, of)"),
        ("SELECT start FROM athena_long WHERE EXISTS (SELECT 1 FROM UNNEST(calls) AS t(c) WHERE c = 1)", "", "any_match"),
    ],
)
def test_what_is_not_understood_is_named_with_its_place(stores, statement, place, advice):
    with pytest.raises(AssertionError) as refused:
        stores.sql(statement)
    text = str(refused.value)
    assert "400" in text and place in text and advice in text, text
