use super::*;
use expect_test::{Expect, expect};

const HEADER: &str = "##fileformat=VCFv4.3\n##contig=<ID=c1>\n##contig=<ID=c2>\n##FILTER=<ID=q10>\n##INFO=<ID=DP>\n\
                      ##INFO=<ID=DB>\n##FORMAT=<ID=GT>\n##FORMAT=<ID=AD>\n\
                      #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\n";

fn file(minor: u8, header: &str) -> Vec<u8> {
    let mut file = vec![b'B', b'C', b'F', 2, minor];
    file.extend(u32::try_from(header.len() + 1).unwrap().to_le_bytes());
    file.extend(header.as_bytes());
    file.push(0);
    file
}

/// CHROM, POS, rlen, QUAL, n_info, n_allele, n_sample, n_fmt, then `rest`.
fn shared(contig: i32, counts: [u8; 4], rest: &[u8]) -> Vec<u8> {
    let [infos, alleles, samples, formats] = counts;
    let mut bytes = contig.to_le_bytes().to_vec();
    bytes.extend(99_i32.to_le_bytes());
    bytes.extend(1_i32.to_le_bytes());
    bytes.extend(0x7f80_0001_u32.to_le_bytes());
    bytes.extend([infos, 0, alleles, 0, samples, 0, 0, formats]);
    bytes.extend(rest);
    bytes
}

fn record(shared: &[u8], individual: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(shared.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend(u32::try_from(individual.len()).unwrap().to_le_bytes());
    bytes.extend(shared);
    bytes.extend(individual);
    bytes
}

fn read(file: &[u8], limits: Limits) -> String {
    let mut shown = String::new();
    let mut reader = match Reader::new(file, limits) {
        Ok(reader) => reader,
        Err(fault) => return format!("{fault}\n"),
    };
    loop {
        match reader.next_line() {
            Ok(Some(line)) => shown += &format!("{}\n", String::from_utf8_lossy(line)),
            Ok(None) => return shown,
            Err(fault) => return format!("{shown}{fault}\n"),
        }
    }
}

/// A record with `counts`, what follows its fixed part, and its samples, in a file of version 2.`minor`.
#[track_caller]
fn check(minor: u8, header: &str, counts: [u8; 4], rest: &[u8], individual: &[u8], expected: &Expect) {
    let mut file = file(minor, header);
    file.extend(record(&shared(1, counts, rest), individual));
    expected.assert_eq(&read(&file, Limits::default()));
}

/// A site without INFO and FILTER: no ID, REF A, ALT C.
const SITE: &[u8] = &[0x07, 0x17, b'A', 0x17, b'C', 0x00];

#[test]
fn a_record_of_every_kind_of_value_becomes_its_line() {
    let rest = [
        &[0x27, b'r', b's'][..],                              // ID
        &[0x17, b'A', 0x27, b'C', b'C', 0x17, b'*'],          // alleles
        &[0x21, 0, 1],                                        // PASS;q10
        &[0x11, 2, 0x31, 5, 0x80, 0x81],                      // DP=5,.
        &[0x12, 3, 0, 0x00],                                  // DB
        &[0x11, 2, 0x25, 0, 0, 0x80, 0x3e, 1, 0, 0x80, 0x7f], // DP=0.25,.
        &[0x11, 2, 0xf7, 0x11, 16],
        b"abcdefghijk\x07mnop", // DP=abc...
    ];
    let individual = [
        &[0x11, 4, 0x21, 2, 5, 0, 0x81][..],                        // GT 0|1 .
        &[0x11, 5, 0x22, 0, 1, 0xff, 0xff, 0x00, 0x80, 0x01, 0x80], // AD 256,-1 .
    ];
    check(
        2,
        HEADER,
        [4, 3, 2, 2],
        &rest.concat(),
        &individual.concat(),
        &expect![[r#"
            c2	100	rs	A	CC,*	.	PASS;q10	DP=5,.;DB;DP=0.25,.;DP=abcdefghijk.mnop	GT:AD	0|1:256,-1	.:.
        "#]],
    );
}

#[test]
fn samples_without_values_are_missing() {
    check(
        2,
        HEADER,
        [0, 2, 2, 0],
        SITE,
        &[],
        &expect![[r#"
        c2	100	.	A	C	.	.	.	.	.	.
    "#]],
    );
    check(
        2,
        HEADER,
        [0, 2, 0, 0],
        SITE,
        &[],
        &expect![[r#"
        c2	100	.	A	C	.	.	.	.	.	.
    "#]],
    );
    check(
        2,
        HEADER,
        [0, 2, 2, 2],
        SITE,
        &[0x11, 4, 0x00, 0x11, 5, 0x01],
        &expect![[r#"
        c2	100	.	A	C	.	.	.	GT:AD	.:.	.:.
    "#]],
    );
    check(
        2,
        HEADER,
        [0, 0, 2, 0],
        &[0x07, 0x00],
        &[],
        &expect![[r#"
        c2	100	.	.	.	.	.	.	.	.	.
    "#]],
    );
}

#[test]
fn genotypes_of_any_ploidy_and_phase_are_written() {
    let genotypes = |codes: &[u8]| [&[0x11, 4, 0x31][..], codes].concat();
    let sites = |header: &str, codes: &[u8], expected: &Expect| {
        check(2, header, [0, 2, 2, 1], SITE, &genotypes(codes), expected);
    };
    sites(
        HEADER,
        &[2, 5, 6, 4, 0x81, 0x81],
        &expect![[r#"
        c2	100	.	A	C	.	.	.	GT	0|1/2	1
    "#]],
    );
    sites(
        HEADER,
        &[0, 1, 0x81, 0x81, 0x81, 0x81],
        &expect![[r#"
        c2	100	.	A	C	.	.	.	GT	.|.	.
    "#]],
    );
    sites(
        HEADER,
        &[3, 4, 0x81, 3, 5, 0x81],
        &expect![[r#"
        c2	100	.	A	C	.	.	.	GT	0/1	0|1
    "#]],
    );
    sites(
        &HEADER.replace("v4.3", "v4.4"),
        &[3, 4, 0x81, 3, 5, 0x81],
        &expect![[r#"
        c2	100	.	A	C	.	.	.	GT	|0/1	0|1
    "#]],
    );
    sites(
        HEADER,
        &[2, 0x80, 0x81, 2, 4, 0x81],
        &expect![[r#"
        E28: a BCF record cannot be read (GT has a negative code) (line 10)
    "#]],
    );
    check(
        1,
        HEADER,
        [0, 2, 2, 1],
        SITE,
        &genotypes(&[2, 5, 0x80, 0x80, 0x80, 0x80]),
        &expect![[r#"
        c2	100	.	A	C	.	.	.	GT	0|1	.
    "#]],
    );
}

#[test]
fn bcf_2_1_pads_with_missing_values() {
    let individual = [0x11, 5, 0x31, 1, 0x80, 0x80, 0x80, 2, 0x80];
    check(
        1,
        HEADER,
        [0, 2, 2, 1],
        SITE,
        &individual,
        &expect![[r#"
        c2	100	.	A	C	.	.	.	AD	1	.,2
    "#]],
    );
    check(
        2,
        HEADER,
        [0, 2, 2, 1],
        SITE,
        &individual,
        &expect![[r#"
        c2	100	.	A	C	.	.	.	AD	1,.,.	.,2,.
    "#]],
    );
}

#[test]
fn what_does_not_fit_the_header_is_a_fault() {
    let cases: [([u8; 4], &[u8], &[u8]); 9] = [
        ([0, 2, 3, 0], SITE, &[]),
        ([0, 2, 0, 1], SITE, &[0x11, 4, 0x00]),
        ([1, 2, 2, 0], &[0x07, 0x17, b'A', 0x17, b'C', 0x00, 0x11, 99, 0x00], &[]),
        ([0, 2, 2, 0], &[0x07, 0x17, b'A', 0x17, b'C', 0x11, 0x80 - 1], &[]),
        ([0, 2, 2, 0], &[0x07, 0x17, b'A', 0x17, b'\t', 0x00], &[]),
        ([0, 2, 2, 0], &[0x11, 1, 0x17, b'A', 0x17, b'C', 0x00], &[]),
        ([0, 2, 2, 0], &[0x07, 0x17, b'A', 0xf7, 0x13, 0xff, 0xff, 0xff, 0x7f], &[]),
        ([0, 2, 2, 1], SITE, &[0x11, 4, 0xf3, 0x13, 0xff, 0xff, 0xff, 0x7f]),
        ([0, 2, 2, 0], SITE, &[1, 2, 3]),
    ];
    let mut shown = String::new();
    for (counts, rest, individual) in cases {
        let mut file = file(2, HEADER);
        file.extend(record(&shared(1, counts, rest), individual));
        shown += &read(&file, Limits::default());
    }
    let mut file = file(2, HEADER);
    file.extend(record(&shared(2, [0, 2, 2, 0], SITE), &[]));
    shown += &read(&file, Limits::default());
    expect![[r#"
        E28: a BCF record cannot be read (it has 3 samples where the header has 2) (line 10)
        E28: a BCF record cannot be read (it has 0 samples where the header has 2) (line 10)
        E28: a BCF record cannot be read (dictionary entry 99 is not in the header) (line 10)
        E28: a BCF record cannot be read (dictionary entry 127 is not in the header) (line 10)
        E28: a BCF record cannot be read (a text contains a tab or the end of a line) (line 10)
        E28: a BCF record cannot be read (ID or an allele is no text) (line 10)
        E28: a BCF record cannot be read (it ends too early: 2147483647 bytes are announced where 0 are left) (line 10)
        E28: a BCF record cannot be read (it ends too early: 17179869176 bytes are announced where 0 are left) (line 10)
        E28: a BCF record cannot be read (3 bytes follow its last sample) (line 10)
        E28: a BCF record cannot be read (contig 2 is not in the header) (line 10)
    "#]]
    .assert_eq(&shown);
}

#[test]
fn lengths_that_lie_are_faults_and_no_memory() {
    let mut lying = file(2, HEADER);
    lying.extend([0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0]);
    assert!(read(&lying, Limits::default()).contains("E23: a line is longer than the limit"));
    let limits = Limits { max_line_bytes: usize::MAX, max_header_bytes: usize::MAX, ..Limits::default() };
    assert!(read(&lying, limits.clone()).contains("the file ends inside it"));
    let header = [b"BCF\x02\x02".as_slice(), &u32::MAX.to_le_bytes(), b"##x"].concat();
    assert!(read(&header, limits).contains("the file ends inside it"));
    assert!(read(&header, Limits::default()).contains("E23: the header is longer than the limit"));
}

#[test]
fn a_short_record_that_would_be_a_long_line_passes_no_limit() {
    let header = HEADER.replace("ID=DP", &format!("ID={}", "D".repeat(1000)));
    let rest: Vec<u8> = SITE.iter().copied().chain([0x11, 2, 0x00].into_iter().cycle().take(3 * 255)).collect();
    let mut file = file(2, &header);
    file.extend(record(&shared(0, [255, 2, 2, 0], &rest), &[]));
    let limits = Limits { max_line_bytes: 10_000, ..Limits::default() };
    assert_eq!(read(&file, limits), "E23: a line is longer than the limit (max_line_bytes = 10000) (line 10)\n");
}

#[test]
fn every_cut_and_every_changed_byte_ends_well() {
    let mut whole = file(2, HEADER);
    let individual = [&[0x11, 4, 0x21, 2, 5, 0, 0x81][..], &[0x11, 5, 0x22, 0, 1, 0xff, 0xff, 0x00, 0x80, 0x01, 0x80]];
    whole.extend(record(&shared(1, [0, 2, 2, 2], SITE), &individual.concat()));
    let body = file(2, HEADER).len();
    for cut in 0..whole.len() {
        let shown = read(whole.get(..cut).unwrap(), Limits::default());
        assert_eq!(shown.contains("E28"), cut != body, "{cut}: {shown}");
    }
    for at in 0..whole.len() {
        for value in [0, 1, 0x7f, 0x80, 0xf1, 0xff] {
            let mut changed = whole.clone();
            if let Some(byte) = changed.get_mut(at) {
                *byte = value;
            }
            read(&changed, Limits { max_line_bytes: 1 << 20, ..Limits::default() });
        }
    }
}
