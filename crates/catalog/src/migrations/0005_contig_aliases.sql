-- Other names that a FASTA gives its contigs (stored.rs); none in references of before.
ALTER TABLE reference_genomes ADD COLUMN contig_aliases TEXT;
