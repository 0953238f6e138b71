//! The functions that statements may call, and no others: Athena's by name and meaning, the engine's own that do no harm, and
//! those of this product.

mod kernel;
mod members;

use super::dialect::Shorthand;
use datafusion::logical_expr::ScalarUDF;

pub(super) use super::describe::type_name;
pub(super) use members::ordinals;

/// Athena's functions over single rows, where the engine has none of that name or one of another meaning.
pub(super) fn scalars() -> Vec<ScalarUDF> {
    vec![
        Shorthand::function("element_at", members::element_at),
        Shorthand::function("contains", members::contains),
        members::cardinality(),
    ]
}
