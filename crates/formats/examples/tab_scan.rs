//! Counts the tabs and line ends of a text on standard input: with `bgzip -dc` before it, what reading a VCF costs at
//! least, because every value has to be found between two of them. The benchmarks of imports compare with it.
//!
//! `bgzip -dc FILE.vcf.gz | tab_scan` prints bytes, tabs and lines.
#![expect(clippy::print_stdout, reason = "a command whose purpose is to print")]

use memchr::memchr_iter;
use std::io::{ErrorKind, Read, Result, stdin};

fn main() -> Result<()> {
    let mut input = stdin().lock();
    let mut buffer = vec![0; 1 << 20];
    let (mut bytes, mut tabs, mut lines) = (0, 0, 0);
    loop {
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                let text = buffer.get(..length).unwrap_or_default();
                bytes += length;
                tabs += memchr_iter(b'\t', text).count();
                lines += memchr_iter(b'\n', text).count();
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    println!("{bytes} {tabs} {lines}");
    Ok(())
}
