"""Files that the journeys of the SDKs import."""

import pathlib

from vcf_files import fasta, vcf

GENES = "##gff-version 3\nchr1\tx\tgene\t51\t150\t.\t+\t.\tID=g1;Name=First\nchr1\tx\tgene\t501\t560\t.\t-\t.\tID=g2;Name=Second\n"


def write(folder: pathlib.Path):
    (folder / "sdk.fa").write_text(fasta())
    (folder / "sdk.vcf").write_text(vcf(10))
    (folder / "sdk.gff3").write_text(GENES)
