"""`contig(name)` learns the names that the headers of a reference give."""

from annotation_stores import loaded, create
from server import create_store, import_files, reference_arn

FASTA = """>OX9001.1 Vulpes vulpes chromosome 3, whole genome shotgun sequence
ACGTACGTAC
>scaffold_12 AN:ptg000012l,JAB012.1
ACGTACGTAC
>OX9003.1 Vulpes vulpes chromosome 3 unlocalized genomic scaffold, whole genome shotgun sequence
ACGTACGTAC
"""
VCF = """##fileformat=VCFv4.2
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
OX9001.1\t3\t.\tG\tA\t.\t.\t.
scaffold_12\t4\t.\tT\tA\t.\t.\t.
OX9003.1\t5\t.\tA\tC\t.\t.\t.
"""
GFF = """##gff-version 3
chr3\tx\tgene\t1\t10\t.\t+\t.\tID=on_chromosome
JAB012.1\tx\tgene\t1\t10\t.\t+\t.\tID=on_scaffold
"""


def test_tables_meet_on_names_that_a_reference_brings(shared_server):
    create_store(shared_server, "contig_foxes", reference_arn(shared_server, "fox.fa", FASTA))
    (shared_server.files / "foxes.vcf").write_text(VCF)
    assert import_files(shared_server, "contig_foxes", "foxes.vcf")["status"] == "COMPLETED"
    create(shared_server, "contig_fox_genes", "GFF")
    loaded(shared_server, "contig_fox_genes", "fox.gff3", GFF)
    found = shared_server.sql(
        """SELECT v.contigname, contig(v.contigname) AS name, g.id FROM contig_foxes v LEFT JOIN contig_fox_genes g
           ON contig(v.contigname) = contig(g.seqid) AND v.start < g."end" AND g.start < v."end" ORDER BY v.start"""
    )
    assert [tuple(row.values()) for row in found] == [
        ("OX9001.1", "chr3", "on_chromosome"),
        ("scaffold_12", "scaffold_12", "on_scaffold"),
        ("OX9003.1", "OX9003.1", None),
    ]
