//! The oracles of the fuzz targets. They are tests of `varberg-formats`, which runs them over the corpora; here they are
//! taken as they are, so that nothing of the fuzzer gets into the crate.

#[path = "../../crates/formats/tests/it/oracles/annotation_rule.rs"]
mod annotation_rule;
#[path = "../../crates/formats/tests/it/oracles/bcf.rs"]
pub mod bcf;
#[path = "../../crates/formats/tests/it/oracles/chance.rs"]
mod chance;
#[path = "../../crates/formats/tests/it/oracles/feature_rule.rs"]
mod feature_rule;
#[path = "../../crates/formats/tests/it/oracles/gff.rs"]
pub mod gff;
#[path = "../../crates/formats/tests/it/oracles/header.rs"]
pub mod header;
#[path = "../../crates/formats/tests/it/oracles/normalize.rs"]
pub mod normalize;
#[path = "../../crates/formats/tests/it/oracles/outcome.rs"]
mod outcome;
#[path = "../../crates/formats/tests/it/oracles/record.rs"]
pub mod record;
#[path = "../../crates/formats/tests/it/oracles/rows.rs"]
mod rows;
#[path = "../../crates/formats/tests/it/oracles/stored.rs"]
pub mod stored;
#[path = "../../crates/formats/tests/it/oracles/tsv.rs"]
pub mod tsv;
#[path = "../../crates/formats/tests/it/oracles/tsv_rule.rs"]
mod tsv_rule;
#[path = "../../crates/formats/tests/it/oracles/vep.rs"]
pub mod vep;
