"""Files such as the published samples of HealthOmics use, made here: a reference, DRAGEN's hard-filtered calls of one sample
each, ClinVar, and calls that VEP has annotated. What they hold is told by `SITES`.
"""

import dataclasses

from vcf_files import bgzf, fasta

REFERENCE = fasta(contigs=2, bases=2000, seed=38)
SEQUENCE = {part.split("\n", 1)[0]: part.split("\n", 1)[1].replace("\n", "") for part in REFERENCE.split(">")[1:]}
SAMPLES = ("HG00405", "HG00408", "NA21135")
SIGNIFICANCES = ("Likely_pathogenic", "Benign", "Uncertain_significance")
GENES = ("BRCA2", "TP53")
CHANGES = {"A": "GC", "G": "AT", "C": "TA", "T": "CG"}
"""For each base a transition and a transversion."""


@dataclasses.dataclass(frozen=True)
class Site:
    number: int
    contig: str
    position: int
    ref: str
    alt: str
    filter: str
    significance: str
    gene: str


def site(number: int) -> Site:
    contig = f"chr{number % 2 + 1}"
    position = 100 + 20 * number
    ref = SEQUENCE[contig][position - 1]
    alt = CHANGES[ref][int(number % 3 == 0)]
    passed = "DRAGENSnpHardQUAL" if number % 4 == 3 else "PASS"
    return Site(number, contig, position, ref, alt, passed, SIGNIFICANCES[number % 3], GENES[number % 2])


SITES = sorted((site(number) for number in range(24)), key=lambda one: (one.contig, one.position))
CONTIGS = "".join(f"##contig=<ID={name},length={len(sequence)}>\n" for name, sequence in SEQUENCE.items())

DRAGEN = f"""##fileformat=VCFv4.2
##source=DRAGEN_GERMLINE
##FILTER=<ID=DRAGENSnpHardQUAL,Description="Set if true:QUAL < 10.41">
##FILTER=<ID=LowDepth,Description="Set if true:DP <= 1">
##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count">
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Alleles">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=FS,Number=1,Type=Float,Description="Strand bias">
##INFO=<ID=MQ,Number=1,Type=Float,Description="Mapping quality">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Allele depths">
##FORMAT=<ID=AF,Number=A,Type=Float,Description="Allele fractions">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=F1R2,Number=R,Type=Integer,Description="Reads">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">
##FORMAT=<ID=GP,Number=G,Type=Float,Description="Posteriors">
##FORMAT=<ID=SB,Number=4,Type=Integer,Description="Strands">
{CONTIGS}"""
CLINVAR = """##fileformat=VCFv4.1
##source=ClinVar
##reference=GRCh38
##INFO=<ID=ALLELEID,Number=1,Type=Integer,Description="Allele">
##INFO=<ID=CLNDISDB,Number=.,Type=String,Description="Databases">
##INFO=<ID=CLNDN,Number=.,Type=String,Description="Names">
##INFO=<ID=CLNREVSTAT,Number=.,Type=String,Description="Review">
##INFO=<ID=CLNSIG,Number=.,Type=String,Description="Significance">
##INFO=<ID=GENEINFO,Number=1,Type=String,Description="Genes">
##INFO=<ID=RS,Number=.,Type=String,Description="dbSNP">
"""
CSQ = '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: Allele|Consequence|IMPACT|SYMBOL|Gene|Feature_type|Feature|BIOTYPE">\n'


def dragen(sample: str, annotated: bool = False) -> bytes:
    """The calls of one sample, BGZF; every site, heterozygous where site and sample add up to an even number."""
    lines = [DRAGEN, CSQ if annotated else "", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t", sample, "\n"]
    for one in SITES:
        both = (one.number + SAMPLES.index(sample)) % 2
        info = f"AC={both + 1};AF={0.5 + both / 2};AN=2;DP=30;FS=1.25;MQ=250.00"
        if annotated:
            info += f";CSQ={one.alt}|missense_variant|MODERATE|{one.gene}|ENSG{one.number:011}|Transcript|ENST{one.number:011}|protein_coding"
        call = f"{'1/1' if both else '0/1'}:15,15:0.5:30:7,8:48:50,0,50:40.5,0.0,41.2:7,8,7,8"
        lines.append(f"{one.contig}\t{one.position}\t.\t{one.ref}\t{one.alt}\t48.25\t{one.filter}\t{info}\tGT:AD:AF:DP:F1R2:GQ:PL:GP:SB\t{call}\n")
    return bgzf("".join(lines).encode())


def clinvar() -> bytes:
    """The same sites as ClinVar names them, without `chr`; every fifth has another allele."""
    lines = [CLINVAR, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"]
    for one in SITES:
        alt = one.alt + "T" if one.number % 5 == 4 else one.alt
        info = f"ALLELEID={one.number};CLNDISDB=MedGen:C00{one.number};CLNDN=not_provided;CLNREVSTAT=criteria_provided,_single_submitter"
        info += f";CLNSIG={one.significance};GENEINFO={one.gene}:{one.number};RS={one.number}00"
        lines.append(f"{one.contig.removeprefix('chr')}\t{one.position}\t{one.number}\t{one.ref}\t{alt}\t.\t.\t{info}\n")
    return bgzf("".join(lines).encode())


def matching(significance: str) -> list[Site]:
    """The sites that ClinVar has with the same allele and this significance."""
    return [one for one in SITES if one.significance == significance and one.number % 5 != 4]
