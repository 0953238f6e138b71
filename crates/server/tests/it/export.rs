//! The statements of an export: what is quoted, and what a region means.

use expect_test::expect;
use varberg_model::{JobId, StoreName};
use varberg_server::export::{Region, Selection};

#[test]
fn names_are_quoted_and_bounds_are_plain() {
    let selection = Selection {
        store_name: "cohort".to_owned(),
        job_id: String::new(),
        item: 3,
        from_record: 1 << 40,
        to_record: (1 << 40) + 10,
        samples: vec!["it's".to_owned(), "'; --".to_owned()],
        site_sample: Some("it's".to_owned()),
        regions: vec![Region { contig: "HLA-A*01'".to_owned(), start: 9, end: 20 }],
    };
    let store = StoreName::parse("name", "cohort").unwrap();
    let job = JobId::parse("id", "01234567-89ab-cdef-0123-456789abcdef").unwrap();
    let statement = selection.statement(&store, job);
    let (columns, rest) = statement.split_once(" FROM ").unwrap();
    assert!(columns.contains("\"_raw\", \"sampleid\""), "{columns}");
    assert!(columns.ends_with("WHEN \"sampleid\" = 'it''s' THEN \"attributes\" END AS \"attributes\""), "{columns}");
    expect![[r#""default"."cohort" WHERE "importjobid" = '01234567-89ab-cdef-0123-456789abcdef' AND "_item" = 3 AND "_record" >= 1099511627776 AND "_record" < 1099511627786 AND "sampleid" IN ('it''s', '''; --') AND ("contigname" = 'HLA-A*01''' AND "start" < 20 AND ("end" > 9 OR "start" >= 9)) ORDER BY "_record""#]]
        .assert_eq(rest);
}
