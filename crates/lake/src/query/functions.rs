//! The functions that statements may call, and no others: Athena's by name and meaning, the engine's own that do no harm
//! (`engine.rs`), and those of this product.

mod arrays;
mod engine;
mod json;
mod kernel;
mod members;
mod pairs;
mod reduce;
mod regex;
mod text;
mod times;
mod tried;
mod values;

use super::dialect::Shorthand;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, StringArray};
use arrow_schema::{DataType, Field};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, WindowUDF};
use std::sync::{Arc, LazyLock};

pub(super) use super::describe::type_name;
pub(super) use members::ordinals;

/// A builder of sessions that has these functions and no others.
pub(super) fn add_to(builder: SessionStateBuilder) -> SessionStateBuilder {
    builder
        .with_scalar_functions(KNOWN.scalars.clone())
        .with_higher_order_functions(KNOWN.lambdas.clone())
        .with_aggregate_functions(KNOWN.aggregates.clone())
        .with_window_functions(KNOWN.windows.clone())
}

/// All functions, made once.
static KNOWN: LazyLock<Known> = LazyLock::new(|| Known {
    scalars: engine::scalars().into_iter().chain(scalars().into_iter().map(Arc::new)).collect(),
    lambdas: engine::lambdas().into_iter().chain([Arc::new(reduce::function())]).collect(),
    aggregates: engine::aggregates(),
    windows: engine::windows(),
});

struct Known {
    scalars: Vec<Arc<ScalarUDF>>,
    lambdas: Vec<Arc<HigherOrderUDF>>,
    aggregates: Vec<Arc<AggregateUDF>>,
    windows: Vec<Arc<WindowUDF>>,
}

/// The names of all functions of a session, sorted.
pub(super) fn names(state: &SessionState) -> Vec<String> {
    let lambdas = state.higher_order_functions().keys();
    let all = state.scalar_functions().keys().chain(lambdas).chain(state.aggregate_functions().keys());
    let all = all.chain(state.window_functions().keys()).map(String::as_str).chain(REWRITTEN);
    let mut names: Vec<String> = all.filter(|name| !name.starts_with("__")).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Functions that are written as others before planning.
const REWRITTEN: [&str; 12] = [
    "all_match",
    "approx_percentile",
    "count_if",
    "histogram",
    "if",
    "listagg",
    "map_agg",
    "max_by",
    "min_by",
    "none_match",
    "samples_where",
    "set_agg",
];

/// Athena's functions over single rows, where the engine has none of that name or one of another meaning.
fn scalars() -> Vec<ScalarUDF> {
    let shorthands = [
        Shorthand::function("array_max", arrays::max),
        Shorthand::function("array_min", arrays::min),
        Shorthand::function("array_position", arrays::position),
        Shorthand::function("array_remove", arrays::remove),
        Shorthand::function("array_sort", arrays::sort),
        Shorthand::function("arrays_overlap", arrays::overlap),
        Shorthand::function("concat", text::concat),
        Shorthand::function("contains", members::contains),
        Shorthand::function("e", values::euler),
        Shorthand::function("element_at", members::element_at),
        Shorthand::function("greatest", values::greatest),
        Shorthand::function("infinity", values::infinity),
        Shorthand::function("is_finite", values::is_finite),
        Shorthand::function("is_infinite", values::is_infinite),
        Shorthand::function("least", values::least),
        Shorthand::function("mod", values::modulo),
        Shorthand::function("nan", values::nan),
        Shorthand::function("replace", text::replace),
        Shorthand::function("reverse", text::reverse),
        Shorthand::function("slice", arrays::slice),
        Shorthand::function("try", tried::expand),
        Shorthand::function("typeof", values::type_of),
    ];
    let kernels = [members::cardinality(), arrays::sequence()];
    let groups = [text::functions(), regex::functions(), pairs::functions(), times::functions(), json::functions()];
    shorthands.into_iter().chain(kernels).chain(groups.into_iter().flatten()).collect()
}

/// An array of `kind`, nullable inside.
fn list_of(kind: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(kind, true)))
}

fn argument(args: &[ArrayRef], at: usize) -> Result<&ArrayRef> {
    args.get(at).ok_or_else(|| DataFusionError::Internal("an argument is missing".to_owned()))
}

/// An argument that was cast to text.
fn text(args: &[ArrayRef], at: usize) -> Result<&StringArray> {
    let array = argument(args, at)?;
    array.as_string_opt().ok_or_else(|| DataFusionError::Internal("an argument is no text".to_owned()))
}

/// An argument that was cast to a whole number.
fn number(args: &[ArrayRef], at: usize) -> Result<&Int64Array> {
    let array = argument(args, at)?;
    let number = array.as_primitive_opt::<Int64Type>();
    number.ok_or_else(|| DataFusionError::Internal("an argument is no whole number".to_owned()))
}
