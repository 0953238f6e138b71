#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| varberg_fuzz::gff::check(input));
