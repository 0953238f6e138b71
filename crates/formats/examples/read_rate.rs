//! Reads a VCF or GFF3 file to record batches and drops them: how fast is the reader alone? Prints megabytes of text per
//! CPU second, which the benchmark takes up. GFF3 is what has `.gff` in its name.
//!
//! With a FASTA (plain or BGZF) the records are compared with it and left-normalized.
//!
//! `cargo run -p varberg-formats --example read_rate -- FILE [FASTA]`
#![expect(clippy::print_stdout, reason = "a command whose purpose is to print")]

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Instant;
use varberg_formats::genome::{BlockIndex, Form, Genome, ReadAt};
use varberg_formats::vcf::{ReadOptions, Reader, read_header};
use varberg_formats::{Compression, Limits, Part, Tally, decode, fasta, gff};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: read_rate FILE [FASTA]")?;
    let mut prefix = Vec::new();
    File::open(&path)?.take(18).read_to_end(&mut prefix)?;
    let compression = Compression::detect(&prefix);
    if path.contains(".gff") {
        return features(&path, compression);
    }
    let normalize = std::env::args().nth(2).map(|fasta| genome(&fasta)).transpose()?;
    let options = ReadOptions { normalize, ..ReadOptions::default() };
    let mut text = BufReader::new(decode(Box::new(File::open(&path)?), compression));
    let header = Arc::new(read_header(&mut text, &options.limits, &options.policy)?);
    let text_bytes = text_bytes(&path, compression)?;

    let (clock, cpu) = (Instant::now(), cpu_seconds());
    let mut reader = Reader::new(Arc::clone(&header), Box::new(File::open(&path)?), compression, Part::WHOLE, options)?;
    let mut memory = 0;
    while let Some(batch) = reader.next_batch()? {
        memory = memory.max(batch.get_array_memory_size());
    }
    let times = (clock.elapsed().as_secs_f64(), cpu_seconds().zip(cpu).map(|(after, before)| after - before));
    println!("file: {path} ({compression:?}), {} samples", header.samples().len());
    report(&reader.tally(), text_bytes, memory, times);
    Ok(())
}

fn features(path: &str, compression: Compression) -> Result<(), Box<dyn Error>> {
    let text_bytes = text_bytes(path, compression)?;
    let (clock, cpu) = (Instant::now(), cpu_seconds());
    let options = gff::ReadOptions::default();
    let mut reader = gff::Reader::new(Box::new(File::open(path)?), compression, Part::WHOLE, options)?;
    let mut memory = 0;
    while let Some(batch) = reader.next_batch()? {
        memory = memory.max(batch.get_array_memory_size());
    }
    let times = (clock.elapsed().as_secs_f64(), cpu_seconds().zip(cpu).map(|(after, before)| after - before));
    println!("file: {path} ({compression:?})");
    report(&reader.tally(), text_bytes, memory, times);
    Ok(())
}

/// `times`: seconds by the clock, and of the processor where that is known.
fn report(tally: &Tally, text_bytes: f64, memory: usize, times: (f64, Option<f64>)) {
    let megabytes = text_bytes / 1e6;
    println!("records: {}, text: {megabytes:.1} MB, largest batch: {:.1} MB", tally.records, kilobytes(memory) / 1e3);
    for warning in &tally.warnings {
        println!("warning: {} x {:?}, first in line {}", warning.count, warning.cause, warning.first_line);
    }
    let (wall, cpu) = times;
    println!("wall: {wall:.3} s, {:.0} MB/s", megabytes / wall);
    if let Some(cpu) = cpu {
        println!("cpu: {cpu:.2} s, {:.0} MB/s", megabytes / cpu);
    }
}

/// A genome over a file, which is indexed first.
fn genome(path: &str) -> Result<Arc<Genome>, Box<dyn Error>> {
    let file = File::open(path)?;
    let mut prefix = Vec::new();
    (&file).take(18).read_to_end(&mut prefix)?;
    let index = fasta::index(Box::new(File::open(path)?), Compression::detect(&prefix), &Limits::default())?;
    let form = match &index.gzi {
        Some(gzi) => Form::Bgzf(BlockIndex::parse(gzi)?),
        None => Form::Plain,
    };
    let size = file.metadata()?.len();
    Ok(Arc::new(Genome::new(&index.fai, form, size, Arc::new(Stored(file)))?))
}

struct Stored(File);

impl ReadAt for Stored {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read_exact_at(out, offset)
    }
}

/// Bytes of the decompressed file.
fn text_bytes(path: &str, compression: Compression) -> Result<f64, Box<dyn Error>> {
    let bytes = match compression {
        Compression::Plain => std::fs::metadata(path)?.len(),
        Compression::Gzip | Compression::Bgzf | Compression::Zstd | Compression::Bzip2 => {
            std::io::copy(&mut decode(Box::new(File::open(path)?), compression), &mut std::io::sink())?
        }
    };
    Ok(f64::from(u32::try_from(bytes / 1024)?) * 1024.0)
}

fn kilobytes(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX))
}

/// CPU seconds of this process in user mode and in the kernel, from Linux' own account.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}
