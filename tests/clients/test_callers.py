"""Records as the usual callers write them (gVCF blocks, structural variants, VCF 4.4 and 4.5): every column of every row."""

import pytest
from server import create_store, import_files
from test_rows import as_row, rows

NOTHING = dict(
    names=None, qual=None, filters=None, splitfrommultiallelic=False, attributes={}, phased=False, calls=None, genotypelikelihoods=None,
    phredlikelihoods=None, alleledepths=None, conditionalquality=None, spl=None, depth=None, ps=None, sampleid="S1", information=None,
)  # fmt: skip


def declared(section: str, *lines: str) -> str:
    """`ID Number Type` each."""
    parts = (line.split() for line in lines)
    return "".join(f'##{section}=<ID={i},Number={n},Type={t},Description="d">\n' for i, n, t in parts)


def file(version: str, infos=(), formats=(), records=()) -> str:
    columns = "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT S1 S2"
    lines = [columns, *records]
    if not any(len(r.split(" ")) == 11 for r in records):
        lines[0] = columns.removesuffix(" S2")
    text = "".join(line.replace(" ", "\t") + "\n" for line in lines)
    return f"##fileformat=VCFv{version}\n" + declared("INFO", *infos) + declared("FORMAT", *formats) + text


USUAL = ["GT 1 String", "AD R Integer", "DP 1 Integer", "GQ 1 Integer", "PL G Integer"]
CASES = {
    "gatk": (
        file("4.2", ["END 1 Integer", "DP 1 Integer"], [*USUAL, "MIN_DP 1 Integer", "SB 4 Integer"], [
            "chr20 10000000 . T <NON_REF> . . END=10000116 GT:DP:GQ:MIN_DP:PL 0/0:44:99:38:0,89,1385",
            "chr20 10000117 . C T,<NON_REF> 612.77 . DP=38 GT:AD:DP:GQ:PL:SB 0/1:17,21,0:38:99:641,0,456,691,519,1210:6,11,11,10",
        ]),
        [
            dict(contigname="chr20", start=9999999, end=10000116, referenceallele="T", alternatealleles=["<NON_REF>"], attributes={"END": "10000116"},
                 calls=[0, 0], depth=44, conditionalquality=99, phredlikelihoods=[0, 89, 1385], information={"min_dp": "38", "sb": None}),
            dict(contigname="chr20", start=10000116, end=10000117, referenceallele="C", alternatealleles=["T", "<NON_REF>"], qual=612.77,
                 attributes={"DP": "38"}, calls=[0, 1], alleledepths=[17, 21, 0], depth=38, conditionalquality=99,
                 phredlikelihoods=[641, 0, 456, 691, 519, 1210], information={"min_dp": None, "sb": "[6, 11, 11, 10]"}),
        ],
    ),
    "deepvariant": (
        file("4.2", ["END 1 Integer"], [*USUAL, "VAF A Float", "MIN_DP 1 Integer"], [
            "chr20 9999997 . C <*> 0 . END=10000013 GT:GQ:MIN_DP:PL 0/0:50:44:0,132,1319",
            "chr20 10000014 . A C,<*> 36.2 PASS . GT:GQ:DP:AD:VAF:PL 1/1:35:50:0,50,0:1,0:36,39,0,990,990,990",
            "chr20 10000015 . A <*> 0 RefCall . GT:GQ:DP:AD:VAF:PL ./.:.:.:.:.:.",
        ]),
        [
            dict(contigname="chr20", start=9999996, end=10000013, referenceallele="C", alternatealleles=["<*>"], qual=0.0, attributes={"END": "10000013"},
                 calls=[0, 0], conditionalquality=50, phredlikelihoods=[0, 132, 1319], information={"vaf": None, "min_dp": "44"}),
            dict(contigname="chr20", start=10000013, end=10000014, referenceallele="A", alternatealleles=["C", "<*>"], qual=36.2, filters=["PASS"],
                 calls=[1, 1], conditionalquality=35, depth=50, alleledepths=[0, 50, 0], phredlikelihoods=[36, 39, 0, 990, 990, 990],
                 information={"vaf": "[1.0, 0.0]", "min_dp": None}),
            dict(contigname="chr20", start=10000014, end=10000015, referenceallele="A", alternatealleles=["<*>"], qual=0.0, filters=["RefCall"],
                 calls=[-1, -1], information={"vaf": None, "min_dp": None}),
        ],
    ),
    "dragen": (
        file("4.2", ["END 1 Integer"], [*USUAL, "MIN_DP 1 Integer", "SPL . Integer", "ICNT . Integer", "PS 1 Integer"], [
            "chr1 10146 . AC <NON_REF> . PASS END=10150 GT:AD:DP:GQ:MIN_DP:PL:SPL:ICNT 0/0:30,1:31:12:29:0,12,180:0,26,255:3,0",
            "chr1 10177 . A C,<NON_REF> 18.4 PASS . GT:AD:DP:GQ:PL:SPL:ICNT:PS 0|1:20,9,0:29:18:53,0,50,113,77,190:255,0,255:0,0:10177",
        ]),
        [
            dict(contigname="chr1", start=10145, end=10150, referenceallele="AC", alternatealleles=["<NON_REF>"], filters=["PASS"],
                 attributes={"END": "10150"}, calls=[0, 0], alleledepths=[30, 1], depth=31, conditionalquality=12, phredlikelihoods=[0, 12, 180],
                 spl=[0, 26, 255], information={"min_dp": "29", "icnt": "[3, 0]"}),
            dict(contigname="chr1", start=10176, end=10177, referenceallele="A", alternatealleles=["C", "<NON_REF>"], qual=18.4, filters=["PASS"],
                 phased=True, calls=[0, 1], alleledepths=[20, 9, 0], depth=29, conditionalquality=18, phredlikelihoods=[53, 0, 50, 113, 77, 190],
                 spl=[255, 0, 255], ps=10177, information={"min_dp": None, "icnt": "[0, 0]"}),
        ],
    ),
    "strelka": (
        file("4.1", ["END 1 Integer", "BLOCKAVG_min30p3a 0 Flag"], ["GT 1 String", "GQX 1 Integer", "DP 1 Integer", "DPF 1 Integer", "MIN_DP 1 Integer"], [
            "chrM 1 . G . . PASS END=72;BLOCKAVG_min30p3a GT:GQX:DP:DPF:MIN_DP 0/0:30:119:2:97",
            "chrM 74 . N . . LowGQX . GT:GQX:DP:DPF .:.:0:0",
        ]),
        [
            dict(contigname="chrM", start=0, end=72, referenceallele="G", alternatealleles=None, filters=["PASS"],
                 attributes={"END": "72", "BLOCKAVG_min30p3a": ""}, calls=[0, 0], depth=119, information={"gqx": "30", "dpf": "2", "min_dp": "97"}),
            dict(contigname="chrM", start=73, end=74, referenceallele="N", alternatealleles=None, filters=["LowGQX"], calls=[-1], depth=0,
                 information={"gqx": None, "dpf": "0", "min_dp": None}),
        ],
    ),
    "blocks_of_4_5": (
        file("4.5", ["SVLEN A Integer"], ["GT 1 String", "LEN 1 Integer", "DP 1 Integer"], [
            "chr1 100 . A <*> . . . GT:LEN:DP 0/0:20:7 0/0:35:8",
            "chr1 140 . A G,<*> . . . GT:LEN:DP 0/1:.:7 0/0:5:8",
        ]),
        [
            dict(contigname="chr1", start=99, end=134, referenceallele="A", alternatealleles=["<*>"], calls=[0, 0], depth=7, information={"len": "20"}),
            dict(contigname="chr1", start=99, end=134, referenceallele="A", alternatealleles=["<*>"], calls=[0, 0], depth=8, information={"len": "35"},
                 sampleid="S2"),
            dict(contigname="chr1", start=139, end=144, referenceallele="A", alternatealleles=["G", "<*>"], calls=[0, 1], depth=7,
                 information={"len": None}),
            dict(contigname="chr1", start=139, end=144, referenceallele="A", alternatealleles=["G", "<*>"], calls=[0, 0], depth=8,
                 information={"len": "5"}, sampleid="S2"),
        ],
    ),
    "local_alleles_of_4_5": (
        file("4.5", [], ["GT 1 String", "LGT 1 String", "LAA . Integer", "LAD LR Integer", "LPL LG Integer", "LEC LA Integer", "PSL P String",
                         "PSO P Integer", "PSQ P Integer", "X M Integer"], [
            "chr1 10 . A C,G,T . . . LGT:LAA:LAD:LPL:LEC 0/2:1,3:10,0,9:40,5,9,0,8,60:0,9 0/0:.:21:.",
            "chr1 20 . A C . . . GT:PSL:PSO:PSQ:X |0/1:.,H1:.,2:.,30:1,2 /0:.:.:.:.",
        ]),
        [
            dict(contigname="chr1", start=9, end=10, referenceallele="A", alternatealleles=["C", "G", "T"],
                 information={"lgt": "0/2", "laa": "[1, 3]", "lad": "[10, 0, 9]", "lpl": "[40, 5, 9, 0, 8, 60]", "lec": "[0, 9]"}),
            dict(contigname="chr1", start=9, end=10, referenceallele="A", alternatealleles=["C", "G", "T"], sampleid="S2",
                 information={"lgt": "0/0", "lad": "[21]"}),
            dict(contigname="chr1", start=19, end=20, referenceallele="A", alternatealleles=["C"], phased=True, calls=[0, 1],
                 information={"psl": "[H1]", "pso": "[2]", "psq": "[30]", "x": "[1, 2]"}),
            dict(contigname="chr1", start=19, end=20, referenceallele="A", alternatealleles=["C"], calls=[0], sampleid="S2", information={}),
        ],
    ),
    "sniffles": (
        file("4.2", ["PRECISE 0 Flag", "SVTYPE 1 String", "SVLEN 1 Integer", "END 1 Integer", "RNAMES . String"],
             ["GT 1 String", "GQ 1 Integer", "DR 1 Integer", "DV 1 Integer"], [
            "chr1 10862 Sniffles2.DEL.1S0 N <DEL> 48 PASS PRECISE;SVTYPE=DEL;SVLEN=-5000;END=15862;RNAMES=r1,r2 GT:GQ:DR:DV 0/1:44:9:7",
            "chr1 20000 Sniffles2.INS.2S0 N ACGTACGT 60 PASS PRECISE;SVTYPE=INS;SVLEN=8;END=20000 GT:GQ:DR:DV 1/1:38:0:13",
            "chr1 30000 Sniffles2.BND.3S0 N N]chr5:1000] 59 GT SVTYPE=BND GT:GQ:DR:DV 0/0:2:20:3",
        ]),
        [
            dict(contigname="chr1", start=10861, end=15862, names=["Sniffles2.DEL.1S0"], referenceallele="N", alternatealleles=["<DEL>"], qual=48.0,
                 filters=["PASS"], attributes={"PRECISE": "", "SVTYPE": "DEL", "SVLEN": "-5000", "END": "15862", "RNAMES": "r1,r2"}, calls=[0, 1],
                 conditionalquality=44, information={"dr": "9", "dv": "7"}),
            dict(contigname="chr1", start=19999, end=20000, names=["Sniffles2.INS.2S0"], referenceallele="N", alternatealleles=["ACGTACGT"], qual=60.0,
                 filters=["PASS"], attributes={"PRECISE": "", "SVTYPE": "INS", "SVLEN": "8", "END": "20000"}, calls=[1, 1], conditionalquality=38,
                 information={"dr": "0", "dv": "13"}),
            dict(contigname="chr1", start=29999, end=30000, names=["Sniffles2.BND.3S0"], referenceallele="N", alternatealleles=["N]chr5:1000]"],
                 qual=59.0, filters=["GT"], attributes={"SVTYPE": "BND"}, calls=[0, 0], conditionalquality=2, information={"dr": "20", "dv": "3"}),
        ],
    ),
    "manta": (
        file("4.1", ["END 1 Integer", "SVTYPE 1 String", "SVLEN . Integer", "CIPOS 2 Integer", "IMPRECISE 0 Flag", "MATEID . String"],
             ["GT 1 String", "FT 1 String", "GQ 1 Integer", "PL G Integer", "PR . Integer", "SR . Integer"], [
            "chr2 500 MantaDEL:1:0 T <DEL> 999 PASS END=900;SVTYPE=DEL;SVLEN=-400;CIPOS=-5,6;IMPRECISE GT:FT:GQ:PL:PR:SR 0/1:PASS:550:600,0,547:20,15:18,9",
            "chr2 700 MantaBND:2:0:1 G [chr3:800[G 77 MinQUAL SVTYPE=BND;MATEID=MantaBND:2:0:0 GT:FT:GQ:PL:PR 0/1:MinGQ:7:57,0,5:3,2",
        ]),
        [
            dict(contigname="chr2", start=499, end=900, names=["MantaDEL:1:0"], referenceallele="T", alternatealleles=["<DEL>"], qual=999.0,
                 filters=["PASS"], attributes={"END": "900", "SVTYPE": "DEL", "SVLEN": "-400", "CIPOS": "-5,6", "IMPRECISE": ""}, calls=[0, 1],
                 conditionalquality=550, phredlikelihoods=[600, 0, 547], information={"genotype_filters": None, "pr": "[20, 15]", "sr": "[18, 9]"}),
            dict(contigname="chr2", start=699, end=700, names=["MantaBND:2:0:1"], referenceallele="G", alternatealleles=["[chr3:800[G"], qual=77.0,
                 filters=["MinQUAL"], attributes={"SVTYPE": "BND", "MATEID": "MantaBND:2:0:0"}, calls=[0, 1], conditionalquality=7,
                 phredlikelihoods=[57, 0, 5], information={"genotype_filters": "[MinGQ]", "pr": "[3, 2]", "sr": None}),
        ],
    ),
    "structural_variants_of_4_4": (
        file("4.4", ["SVLEN A Integer"], ["GT 1 String", "GL G Float", "PL G Integer"], [
            "chr1 1000 . A <DEL>,<DUP:TANDEM> . PASS SVLEN=50,80 GT:GL:PL 1/2:-0.5,-1,-2.25:5,10,22",
            "chr1 2000 . A <INS> . PASS SVLEN=300 GT:GL 0/1:-0.5,.,-2",
        ]),
        [
            dict(contigname="chr1", start=999, end=1080, referenceallele="A", alternatealleles=["<DEL>", "<DUP:TANDEM>"], filters=["PASS"],
                 attributes={"SVLEN": "50,80"}, calls=[1, 2], genotypelikelihoods=[-0.5, -1.0, -2.25], phredlikelihoods=[5, 10, 22]),
            dict(contigname="chr1", start=1999, end=2000, referenceallele="A", alternatealleles=["<INS>"], filters=["PASS"],
                 attributes={"SVLEN": "300"}, calls=[0, 1]),
        ],
    ),
    "undeclared_format": (
        file("4.2", [], ["AF A Float"], [
            "chr1 10 . A G . PASS . GT:AF:af:DP 0|1:0.25:x,y:12 1/1:.:.",
            "chr1 20 . A G . PASS . GT:XX 0/1:q 0/7:.",
            "chr1 30 . A G . PASS . AF 0.5 1",
        ]),
        [
            dict(contigname="chr1", start=9, end=10, referenceallele="A", alternatealleles=["G"], filters=["PASS"], phased=True, calls=[0, 1],
                 information={"af": "[0.25]", "af_2": "x,y", "dp": "12"}),
            dict(contigname="chr1", start=9, end=10, referenceallele="A", alternatealleles=["G"], filters=["PASS"], calls=[1, 1], sampleid="S2",
                 information={"af": None, "af_2": None, "dp": None}),
            dict(contigname="chr1", start=19, end=20, referenceallele="A", alternatealleles=["G"], filters=["PASS"],
                 information={"af": None, "gt": "0/1", "xx": "q"}),
            dict(contigname="chr1", start=19, end=20, referenceallele="A", alternatealleles=["G"], filters=["PASS"], sampleid="S2",
                 information={"af": None, "gt": "0/7", "xx": None}),
            dict(contigname="chr1", start=29, end=30, referenceallele="A", alternatealleles=["G"], filters=["PASS"], information={"af": "[0.5]"}),
            dict(contigname="chr1", start=29, end=30, referenceallele="A", alternatealleles=["G"], filters=["PASS"], sampleid="S2",
                 information={"af": "[1.0]"}),
        ],
    ),
}  # fmt: skip
LOCAL = dict.fromkeys(["lgt", "laa", "lad", "lpl", "lec", "psl", "pso", "psq", "x"])


@pytest.mark.parametrize("name", CASES)
def test_every_column_of_a_callers_records(shared_server, reference, name):
    text, expected = CASES[name]
    (shared_server.files / f"{name}.vcf").write_text(text)
    create_store(shared_server, name, reference)
    job = import_files(shared_server, name, f"{name}.vcf")
    assert job["status"] == "COMPLETED", job["items"]
    table = rows(shared_server, f'SELECT * FROM "default"."{name}" ORDER BY contigname, start, sampleid')
    found = [as_row(table.slice(at, 1)) for at in range(table.num_rows)]
    if name == "local_alleles_of_4_5":
        expected = [row | {"information": LOCAL | row["information"]} for row in expected]
    assert found == [NOTHING | row for row in expected]


def test_local_alleles_can_be_resolved_by_a_query(shared_server, reference):
    (shared_server.files / "resolved.vcf").write_text(CASES["local_alleles_of_4_5"][0])
    create_store(shared_server, "resolved", reference)
    assert import_files(shared_server, "resolved", "resolved.vcf")["status"] == "COMPLETED"
    statement = """SELECT sampleid, start, alternatealleles[CAST(laa[2] AS BIGINT)] AS allele, CAST(lad[3] AS BIGINT) AS depth
        FROM (SELECT sampleid, start, alternatealleles,
                     string_to_array(trim(BOTH '[]' FROM information['laa']), ', ') AS laa,
                     string_to_array(trim(BOTH '[]' FROM information['lad']), ', ') AS lad
              FROM resolved WHERE information['laa'] <> '[]')"""
    assert shared_server.sql(statement) == [{"sampleid": "S1", "start": 9, "allele": "T", "depth": 9}]
