"""Small VCF files, made here: plain, gzip and BGZF, good and bad."""

import gzip
import random
import struct
import zlib

HEADER = """##fileformat=VCFv4.2
##FILTER=<ID=PASS,Description="All filters passed">
##FILTER=<ID=q10,Description="Quality below 10">
##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">
##INFO=<ID=DB,Number=0,Type=Flag,Description="In dbSNP">
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Allele depths">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">
##contig=<ID=chr1,length=248956422>
##contig=<ID=chr2,length=242193529>
"""
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def header(samples=("S1", "S2")) -> str:
    named = "\tFORMAT\t" + "\t".join(samples) if samples else ""
    return f"{HEADER}{COLUMNS}{named}\n"


def record(contig="chr1", position=100, ref="A", alt="G", info="DP=10;AF=0.5", calls=("0/1:5,5:10:60", "0/0:9,0:9:30")) -> str:
    genotypes = "\tGT:AD:DP:GQ\t" + "\t".join(calls) if calls else ""
    return f"{contig}\t{position}\t.\t{ref}\t{alt}\t50\tPASS\t{info}{genotypes}\n"


def vcf(records=10, samples=("S1", "S2"), first=100, contig="chr1") -> str:
    """`records` records of `samples`, ten bases apart; depth of the i-th record's k-th sample is (i + k) % 50 + 1."""
    lines = [header(samples)]
    for i in range(records):
        calls = []
        for k in range(len(samples)):
            depth = (i + k) % 50 + 1
            calls.append(f"{('0/0', '0/1', '1/1', './.')[(i + k) % 4]}:{depth},0:{depth}:{(i * 7 + k) % 99}")
        lines.append(record(contig, first + 10 * i, calls=tuple(calls), info=f"DP={i % 100}"))
    return "".join(lines)


MALFORMED = vcf(3) + record(position="not-a-number")
"""Good for three records, then one whose POS is not a number, on the line below."""
MALFORMED_LINE = MALFORMED.count("\n")


def bgzf(data: bytes, block=0xFF00, end=True) -> bytes:
    """BGZF as the SAM specification, section 4.1, says; without its empty last block unless `end`."""
    out = bytearray()
    for at in list(range(0, len(data), block)) + ([len(data)] if end else []):
        chunk = data[at : at + block]
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = deflate.compress(chunk) + deflate.flush()
        out += struct.pack("<4BI2BH2BHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(body) + 25)
        out += body + struct.pack("<II", zlib.crc32(chunk), len(chunk))
    return bytes(out)


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, 6)


def fasta(contigs=2, bases=1000, seed=1) -> str:
    random_ = random.Random(seed)
    text = []
    for number in range(1, contigs + 1):
        sequence = "".join(random_.choice("ACGT") for _ in range(bases))
        text.append(f">chr{number}\n" + "".join(sequence[i : i + 60] + "\n" for i in range(0, bases, 60)))
    return "".join(text)
