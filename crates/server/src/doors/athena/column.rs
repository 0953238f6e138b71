//! Columns of an answer as Athena describes them.

use arrow_schema::{DataType, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A column, as it is kept with its execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ResultColumn {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    precision: i64,
    scale: i64,
}

/// The columns of a schema, as they are kept.
pub(super) fn kept(schema: &Schema) -> String {
    let columns: Vec<ResultColumn> =
        schema.fields().iter().map(|field| column(field.name(), field.data_type())).collect();
    serde_json::to_string(&columns).unwrap_or_default()
}

/// The columns that were kept.
pub(super) fn of_kept(text: &str) -> Vec<ResultColumn> {
    serde_json::from_str(text).unwrap_or_default()
}

fn column(name: &str, data_type: &DataType) -> ResultColumn {
    let (kind, precision, scale) = match data_type {
        DataType::Boolean => ("boolean", 0, 0),
        DataType::Int8 => ("tinyint", 3, 0),
        DataType::Int16 | DataType::UInt8 => ("smallint", 5, 0),
        DataType::Int32 | DataType::UInt16 => ("integer", 10, 0),
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => ("bigint", 19, 0),
        DataType::Float16 | DataType::Float32 => ("float", 17, 0),
        DataType::Float64 => ("double", 17, 0),
        DataType::Decimal128(precision, scale) => ("decimal", i64::from(*precision), i64::from(*scale)),
        DataType::Date32 | DataType::Date64 => ("date", 0, 0),
        DataType::Timestamp(_, None) => ("timestamp", 3, 0),
        DataType::Timestamp(_, Some(_)) => ("timestamp with time zone", 3, 0),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            ("varbinary", 1_073_741_824, 0)
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) | DataType::ListView(_) => {
            ("array", 0, 0)
        }
        DataType::Map(..) => ("map", 0, 0),
        DataType::Struct(_) => ("row", 0, 0),
        _ => ("varchar", i64::from(i32::MAX), 0),
    };
    ResultColumn { name: name.to_owned(), kind: kind.to_owned(), precision, scale }
}

impl ResultColumn {
    /// `ColumnInfo`.
    pub(super) fn info(&self) -> Value {
        json!({
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": self.name,
            "Label": self.name,
            "Type": self.kind,
            "Precision": self.precision,
            "Scale": self.scale,
            "Nullable": "UNKNOWN",
            "CaseSensitive": self.kind == "varchar",
        })
    }
}
