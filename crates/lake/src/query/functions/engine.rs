//! The engine's own functions that statements may call. What is not named here is not there: functions whose answer has any
//! size that a number of the statement names (`repeat`, `lpad`, `array_repeat`, `range`), and those that tell about the
//! process (`version`, `input_file_name`).

use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, WindowUDF};
use std::sync::Arc;

/// Over single rows; their aliases come with them, and those of [`AS_IN_ATHENA`].
const SCALARS: &str = "abs acos acosh array_any_value array_append array_compact array_concat array_dims array_distance \
    array_distinct array_element array_except array_has array_has_all array_has_any array_intersect array_length array_ndims \
    array_pop_back array_pop_front array_positions array_prepend array_product array_remove_all array_remove_n \
    array_replace array_replace_all array_replace_n array_reverse array_slice array_sum array_avg array_to_string \
    array_union arrays_zip arrow_cast arrow_typeof ascii asin asinh atan atan2 atanh bit_length btrim cbrt ceil \
    character_length chr coalesce concat_ws cos cosh cot current_date current_time date_bin date_part decode degrees digest \
    empty encode ends_with exp factorial find_in_set flatten floor gcd get_field initcap isnan iszero lcm left levenshtein \
    ln log log10 log2 lower ltrim make_array make_date make_time map map_extract map_keys map_values md5 named_struct nanvl \
    now nullif nvl nvl2 octet_length overlay pi power radians random regexp_count regexp_instr regexp_like regexp_match \
    right round rtrim sha224 sha256 sha384 sha512 signum sin sinh sqrt starts_with string_to_array strpos struct \
    substr_index tan tanh to_char to_date to_hex to_local_time to_time to_timestamp to_timestamp_micros \
    to_timestamp_millis to_timestamp_nanos to_timestamp_seconds translate trunc upper uuid";

/// Over groups of rows.
const AGGREGATES: &str = "any_value approx_distinct approx_median approx_percentile_cont \
    approx_percentile_cont_with_weight array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp \
    first_value grouping last_value max median min nth_value percentile_cont regr_avgx regr_avgy regr_count regr_intercept \
    regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop string_agg sum var var_pop";

/// Functions of the engine that Athena knows by another name.
const AS_IN_ATHENA: [(&str, &str); 15] = [
    ("any_value", "arbitrary"),
    ("array_filter", "filter"),
    ("array_transform", "transform"),
    ("arrays_zip", "zip"),
    ("ascii", "codepoint"),
    ("bit_and", "bitwise_and_agg"),
    ("bit_or", "bitwise_or_agg"),
    ("bit_xor", "bitwise_xor_agg"),
    ("bool_and", "every"),
    ("ceil", "ceiling"),
    ("isnan", "is_nan"),
    ("levenshtein", "levenshtein_distance"),
    ("signum", "sign"),
    ("trunc", "truncate"),
    ("var", "variance"),
];

pub(super) fn scalars() -> Vec<Arc<ScalarUDF>> {
    let mut known = SessionStateDefaults::default_scalar_functions();
    known.retain(|function| is_in(SCALARS, function.name()));
    for function in &mut known {
        if let Some(alias) = alias(function.name()) {
            *function = Arc::new(function.as_ref().clone().with_aliases([alias]));
        }
    }
    known
}

/// Functions that take functions.
pub(super) fn lambdas() -> Vec<Arc<HigherOrderUDF>> {
    let mut known = SessionStateDefaults::default_higher_order_functions();
    for function in &mut known {
        if let Some(alias) = alias(function.name()) {
            *function = Arc::new(function.as_ref().clone().with_aliases([alias]));
        }
    }
    known
}

pub(super) fn aggregates() -> Vec<Arc<AggregateUDF>> {
    let mut known = SessionStateDefaults::default_aggregate_functions();
    known.retain(|function| is_in(AGGREGATES, function.name()));
    for function in &mut known {
        if let Some(alias) = alias(function.name()) {
            *function = Arc::new(function.as_ref().clone().with_aliases([alias]));
        }
    }
    known
}

/// Those that only windows know: none makes more than it is given.
pub(super) fn windows() -> Vec<Arc<WindowUDF>> {
    SessionStateDefaults::default_window_functions()
}

fn is_in(names: &str, wanted: &str) -> bool {
    names.split_whitespace().any(|name| name == wanted)
}

fn alias(name: &str) -> Option<&'static str> {
    AS_IN_ATHENA.iter().find(|(own, _)| *own == name).map(|(_, alias)| *alias)
}
