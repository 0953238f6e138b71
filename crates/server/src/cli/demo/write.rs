//! Writes the made-up genome as FASTA and the cohort as VCF in BGZF.

use super::cohort::{self, Record};
use super::genome::{self, Contig};
use anyhow::Context as _;
use noodles_bgzf as bgzf;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What was written, and a region worth a question.
pub(super) struct Made {
    pub(super) fasta: PathBuf,
    pub(super) vcf: PathBuf,
    pub(super) fasta_bytes: u64,
    pub(super) vcf_bytes: u64,
    pub(super) region: Region,
}

/// A stretch of a contig, 0-based and half-open.
pub(super) struct Region {
    pub(super) contig: String,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Writes `reference.fa` and `cohort.vcf.gz` into `directory`, which is created; the same seed gives the same files.
pub(super) fn cohort(directory: &Path, samples: usize, records: usize, seed: u64) -> anyhow::Result<Made> {
    std::fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
    let mut random = SmallRng::seed_from_u64(seed);
    let contigs = genome::genome(&mut random, records);
    let (fasta, vcf) = (directory.join("reference.fa"), directory.join("cohort.vcf.gz"));
    let cannot = |path: &Path| format!("cannot write {}", path.display());
    write_fasta(&fasta, &contigs).with_context(|| cannot(&fasta))?;
    let region = write_vcf(&vcf, &mut random, &contigs, samples, records).with_context(|| cannot(&vcf))?;
    let size = |path: &Path| path.metadata().map(|m| m.len()).unwrap_or(0);
    Ok(Made { fasta_bytes: size(&fasta), vcf_bytes: size(&vcf), fasta, vcf, region })
}

fn write_fasta(path: &Path, contigs: &[Contig]) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for contig in contigs {
        writeln!(out, ">{}", contig.name)?;
        for line in contig.bases.chunks(60) {
            out.write_all(line)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()
}

fn write_vcf(
    path: &Path,
    random: &mut SmallRng,
    contigs: &[Contig],
    samples: usize,
    records: usize,
) -> io::Result<Region> {
    let mut out = bgzf::io::Writer::new(File::create(path)?);
    out.write_all(header(contigs, samples).as_bytes())?;
    let total: usize = contigs.iter().map(|c| c.bases.len()).sum();
    let mut left = records;
    let mut region = None;
    let mut line = Vec::new();
    for (index, contig) in contigs.iter().enumerate() {
        // Records by length; what rounding leaves goes to the last contig.
        let share = records.saturating_mul(contig.bases.len()) / total.max(1);
        let count = if index + 1 == contigs.len() { left } else { share.min(left) };
        left -= count;
        let made = cohort::records(random, contig, samples, count);
        region.get_or_insert_with(|| region_of(contig, &made));
        for record in &made {
            write_record(&mut line, random, contig, record);
            out.write_all(&line)?;
        }
    }
    out.finish()?.flush()?;
    Ok(region.unwrap_or(Region { contig: String::new(), start: 0, end: 0 }))
}

/// A stretch in the middle of the contig with about ten records.
fn region_of(contig: &Contig, records: &[Record]) -> Region {
    let middle = records.len() / 2;
    let start = records.get(middle).map_or(0, |record| record.position - 1);
    let end = records.get(middle + 10).map_or(contig.bases.len(), |record| record.position - 1);
    Region { contig: contig.name.to_owned(), start, end }
}

fn header(contigs: &[Contig], samples: usize) -> String {
    let mut text = String::from(
        "##fileformat=VCFv4.3\n##source=varberg demo\n##FILTER=<ID=PASS,Description=\"All filters passed\">\n",
    );
    text.push_str("##FILTER=<ID=LowQual,Description=\"Quality below 30\">\n");
    for contig in contigs {
        text.push_str(&format!("##contig=<ID={},length={}>\n", contig.name, contig.bases.len()));
    }
    text.push_str(
        "##INFO=<ID=AC,Number=A,Type=Integer,Description=\"Alternate alleles in called genotypes\">\n\
         ##INFO=<ID=AF,Number=A,Type=Float,Description=\"Frequency of each alternate allele\">\n\
         ##INFO=<ID=AN,Number=1,Type=Integer,Description=\"Alleles in called genotypes\">\n\
         ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n\
         #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT",
    );
    for sample in 1..=samples {
        text.push_str(&format!("\tDEMO{sample:04}"));
    }
    text.push('\n');
    text
}

fn write_record(line: &mut Vec<u8>, random: &mut SmallRng, contig: &Contig, record: &Record) {
    line.clear();
    let alternates = record.alternates.join(&b","[..]);
    let total = record.alleles.len();
    let count = |allele: u8| record.alleles.iter().filter(|a| **a == allele).count();
    let counts: Vec<usize> = (1_u8..).zip(&record.alternates).map(|(allele, _)| count(allele)).collect();
    let join = |values: Vec<String>| values.join(",");
    let ac = join(counts.iter().map(ToString::to_string).collect());
    let af = join(counts.iter().map(|c| format!("{:.4}", *c as f64 / total as f64)).collect());
    let quality: u32 = random.random_range(20..1000);
    let filter = if quality < 30 { "LowQual" } else { "PASS" };
    // Writing to memory cannot fail.
    let _ = write!(line, "{}\t{}\t.\t", contig.name, record.position);
    line.extend_from_slice(&record.reference);
    line.push(b'\t');
    line.extend_from_slice(&alternates);
    let _ = write!(line, "\t{quality}\t{filter}\tAC={ac};AF={af};AN={total}\tGT");
    for pair in record.alleles.chunks(2) {
        if let [mother, father] = pair {
            line.extend_from_slice(&[b'\t', b'0' + mother, b'|', b'0' + father]);
        }
    }
    line.push(b'\n');
}
