//! The conformance files of the VCF specification: all `passed` ones are read; no `failed` one brings the reader down.

use crate::{read, shared};
use std::fs;
use std::path::{Path, PathBuf};
use varberg_formats::Part;

fn files(kind: &str) -> Vec<PathBuf> {
    let Some(root) = shared("corpora/hts-specs") else { return Vec::new() };
    let entries = |path: &Path| fs::read_dir(path).into_iter().flatten().map(|e| e.unwrap().path()).collect::<Vec<_>>();
    let mut files: Vec<PathBuf> = entries(&root).iter().flat_map(|version| entries(&version.join(kind))).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "vcf" || e == "gz"));
    files.sort();
    files
}

#[test]
fn valid_files_are_accepted() {
    let faults: Vec<String> = files("passed")
        .iter()
        .filter_map(|path| read(path, &[Part::WHOLE]).err().map(|fault| format!("{}: {fault}", path.display())))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn invalid_files_are_judged() {
    let (mut accepted, mut refused) = (0, 0);
    for path in files("failed") {
        match read(&path, &[Part::WHOLE]) {
            Ok(_) => accepted += 1,
            Err(fault) => {
                refused += 1;
                println!("{}: {fault}", path.display());
            }
        }
    }
    println!("{accepted} accepted, {refused} refused");
}
