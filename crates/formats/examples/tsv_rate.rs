//! Reads a TSV of gnomAD's shape to record batches and drops them: how fast is the reader alone? Prints megabytes of text a
//! second.
//!
//! `cargo run -p varberg-formats --example tsv_rate -- make FILE ROWS`, then `... -- FILE`
#![expect(clippy::print_stdout, reason = "a command whose purpose is to print")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::time::Instant;
use varberg_formats::tsv::{Options, Reader, read_head};
use varberg_formats::{Compression, Limits, Part};
use varberg_model::{AnnotationType, Dialect, FormatKey, TsvSchema, TsvStoreOptions, ValueType};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", path, rows] => make(path, rows.parse()?),
        [path] => read(path),
        _ => Err("usage: tsv_rate make FILE ROWS | tsv_rate FILE".into()),
    }
}

fn columns() -> Vec<(&'static str, ValueType)> {
    use ValueType::{Double, Int, Long, String};
    vec![
        ("chrom", String),
        ("pos", Long),
        ("rsid", String),
        ("ref", String),
        ("alt", String),
        ("filter", String),
        ("consequence", String),
        ("gene", String),
        ("ac", Int),
        ("an", Int),
        ("af", Double),
        ("ac_afr", Int),
        ("af_afr", Double),
        ("ac_nfe", Int),
        ("af_nfe", Double),
        ("cadd", Double),
    ]
}

fn store() -> Result<TsvStoreOptions, Box<dyn Error>> {
    let schema = TsvSchema::new("schema", columns().into_iter().map(|(n, k)| (n.to_owned(), k)).collect())?;
    let keys = [(FormatKey::Chr, "chrom"), (FormatKey::Pos, "pos"), (FormatKey::Ref, "ref"), (FormatKey::Alt, "alt")];
    let keys: BTreeMap<_, _> = keys.into_iter().map(|(key, name)| (key, name.to_owned())).collect();
    Ok(TsvStoreOptions::new("options", AnnotationType::ChrPosRefAlt, keys, schema)?)
}

fn make(path: &str, rows: u64) -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "{}", columns().iter().map(|(name, _)| *name).collect::<Vec<_>>().join("\t"))?;
    let mut seed = 1_u64;
    let mut below = |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    let effects = ["missense_variant", "synonymous_variant", "intron_variant", "5_prime_UTR_variant", ""];
    let text = |list: &[&'static str], at: u64| list.get(usize::try_from(at).unwrap_or(0)).copied().unwrap_or("");
    let mut pos = 10_000;
    for row in 0..rows {
        pos += below(60);
        let (reference, alt) =
            (text(&["A", "C", "G", "T", "AT"], below(5)), text(&["G", "T", "A", "C,G", "CAAA"], below(5)));
        let (ac, an) = (below(3000), 140_000 + below(12_000));
        let (afr, nfe) = (below(500), below(900));
        let share = |count: u64, of: u64| {
            f64::from(u32::try_from(count).unwrap_or(0)) / f64::from(u32::try_from(of).unwrap_or(1))
        };
        let rsid = if below(4) == 0 { String::new() } else { format!("rs{}", 1_000_000 + below(1 << 30)) };
        writeln!(
            out,
            "chr{}\t{pos}\t{rsid}\t{reference}\t{alt}\tPASS\t{}\tGENE{}\t{ac}\t{an}\t{:.6e}\t{afr}\t{:.6e}\t{nfe}\t{:.6e}\t{:.1}",
            1 + row * 22 / rows.max(1),
            text(&effects, below(5)),
            below(20_000),
            share(ac, an),
            share(afr, 40_000),
            share(nfe, 60_000),
            share(below(400), 10),
        )?;
    }
    Ok(out.flush()?)
}

fn read(path: &str) -> Result<(), Box<dyn Error>> {
    let mut prefix = Vec::new();
    File::open(path)?.take(Compression::PREFIX).read_to_end(&mut prefix)?;
    let compression = Compression::detect(&prefix);
    let head = read_head(Box::new(File::open(path)?), compression, &Dialect::default(), &Limits::default())?;
    let (clock, cpu) = (Instant::now(), cpu_seconds());
    let input = Box::new(File::open(path)?);
    let mut reader = Reader::new(&store()?, &head, input, compression, Part::WHOLE, Options::default())?;
    let mut memory = 0;
    while let Some(batch) = reader.next_batch()? {
        memory = memory.max(batch.get_array_memory_size());
    }
    let (wall, cpu) = (clock.elapsed().as_secs_f64(), cpu_seconds().zip(cpu).map(|(after, before)| after - before));
    let megabytes = f64::from(u32::try_from(std::fs::metadata(path)?.len() / 1024)?) * 1024.0 / 1e6;
    println!(
        "rows: {}, {megabytes:.0} MB stored ({compression:?}), largest batch {} kB",
        reader.tally().records,
        memory / 1000
    );
    println!("wall: {wall:.2} s, {:.0} MB/s", megabytes / wall);
    if let Some(cpu) = cpu {
        println!("cpu: {cpu:.2} s, {:.0} MB/s", megabytes / cpu);
    }
    Ok(())
}

/// CPU seconds of this process in user mode and in the kernel, from Linux' own account.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}
