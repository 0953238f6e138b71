//! The batch shape of a reader of features (GFF3): the table's columns but for those that whoever writes the table adds.
//! Out: an Arrow schema and column positions. Holds no data.

use crate::schema;
use arrow_schema::{Field, Fields, Schema, SchemaRef};
use std::sync::Arc;
use varberg_model::TableSchema;

/// Positions of the columns of a batch of features.
pub mod feature_columns {
    pub const SEQID: usize = 0;
    pub const SOURCE: usize = 1;
    pub const TYPE: usize = 2;
    /// 0-based.
    pub const START: usize = 3;
    /// 0-based, exclusive.
    pub const END: usize = 4;
    pub const SCORE: usize = 5;
    pub const STRAND: usize = 6;
    pub const PHASE: usize = 7;
    pub const ID: usize = 8;
    pub const NAME: usize = 9;
    pub const ALIAS: usize = 10;
    pub const PARENT: usize = 11;
    pub const TARGET: usize = 12;
    pub const GAP: usize = 13;
    pub const DERIVES_FROM: usize = 14;
    pub const NOTE: usize = 15;
    pub const DBXREF: usize = 16;
    pub const ONTOLOGY_TERM: usize = 17;
    pub const IS_CIRCULAR: usize = 18;
    pub const INFORMATION: usize = 19;
    /// Position of the feature within its part, from 0; never null.
    pub const RECORD: usize = 20;
}

/// Schema of the batches: `TableSchema::annotations_gff` without `importjobid` and `_item`.
pub fn feature_schema() -> SchemaRef {
    let table = TableSchema::annotations_gff();
    let columns = table.columns.iter().filter(|c| c.name != "importjobid" && c.name != "_item");
    let fields: Vec<Field> = columns.map(|c| schema::arrow_field(c).with_nullable(c.name != "_record")).collect();
    Arc::new(Schema::new(Fields::from(fields)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_where_the_constants_say() {
        let schema = feature_schema();
        let name = |i: usize| schema.field(i).name().as_str();
        assert_eq!(name(feature_columns::SEQID), "seqid");
        assert_eq!(name(feature_columns::PHASE), "phase");
        assert_eq!(name(feature_columns::PARENT), "parent");
        assert_eq!(name(feature_columns::ONTOLOGY_TERM), "ontologyterm");
        assert_eq!(name(feature_columns::IS_CIRCULAR), "is_circular");
        assert_eq!(name(feature_columns::INFORMATION), "information");
        assert_eq!(name(feature_columns::RECORD), "_record");
        assert_eq!(schema.fields().len(), 21);
    }
}
