//! Dates and times. Source: trino.io/docs/current/functions/datetime.html. Times are UTC; zones of texts are applied.

mod formats;

use super::kernel::{Kernel, arguments, refused};
use super::members::exactly;
use super::{argument, number, text};
use crate::query::dialect::Shorthand;
use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, Date32Array, Float64Array, Int64Array, PrimitiveArray, TimestampNanosecondArray};
use arrow_schema::{DataType, TimeUnit};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::functions::datetime::expr_fn as engine;
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF, cast, lit};
use std::sync::Arc;

const TIME: DataType = DataType::Timestamp(TimeUnit::Nanosecond, None);
const UNITS: &str = "'millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter' or 'year'";

pub(super) fn functions() -> Vec<ScalarUDF> {
    let part = |name, expand| Shorthand::function(name, expand);
    let mut functions = vec![
        part("date", |args, _| exactly(args, "date(value)").map(|[of]| cast(of, DataType::Date32))),
        part("date_trunc", trunc),
        part("day", |args, _| date_part("day", args)),
        part("day_of_month", |args, _| date_part("day", args)),
        part("day_of_week", |args, _| date_part("isodow", args)),
        part("day_of_year", |args, _| date_part("doy", args)),
        part("dow", |args, _| date_part("isodow", args)),
        part("doy", |args, _| date_part("doy", args)),
        part("hour", |args, _| date_part("hour", args)),
        part("minute", |args, _| date_part("minute", args)),
        part("month", |args, _| date_part("month", args)),
        part("quarter", |args, _| date_part("quarter", args)),
        part("second", |args, _| date_part("second", args)),
        part("week", |args, _| date_part("week", args)),
        part("year", |args, _| date_part("year", args)),
    ];
    functions.extend([
        add(),
        diff(),
        format(),
        parse(),
        from_unixtime(),
        to_unixtime(),
        from_iso_time(),
        from_iso_date(),
    ]);
    functions.push(to_iso());
    functions
}

fn date_part(part: &str, args: Vec<Expr>) -> Result<Expr> {
    let [of] = exactly(args, &format!("{part}(date or time)"))?;
    Ok(cast(engine::date_part(lit(part), of), DataType::Int64))
}

/// `date_trunc(unit, value)`: a date stays one.
fn trunc(args: Vec<Expr>, schema: &DFSchema) -> Result<Expr> {
    let [unit, of] = exactly(args, "date_trunc('month', value)")?;
    let kind = of.get_type(schema)?;
    let start = engine::date_trunc(unit, of);
    Ok(if kind == DataType::Date32 { cast(start, kind) } else { start })
}

/// `found` with times as times of this module.
fn with_times(found: &[DataType], kinds: &[DataType], usage: &str) -> Result<Vec<DataType>> {
    let is_time = |kind: &DataType| matches!(kind, DataType::Timestamp(..) | DataType::Date32 | DataType::Null);
    let wrong = found.iter().zip(kinds).any(|(found, kind)| *kind == TIME && !is_time(found));
    if wrong {
        let text = format!("write {usage}; a text becomes a date or time by CAST(text AS date) or AS timestamp");
        return Err(DataFusionError::Plan(text));
    }
    arguments(found, kinds.len(), kinds, usage)
}

fn times(args: &[ArrayRef], at: usize) -> Result<&TimestampNanosecondArray> {
    let time = argument(args, at)?.as_primitive_opt::<TimestampNanosecondType>();
    time.ok_or_else(|| DataFusionError::Internal("an argument is no time".to_owned()))
}

fn moment(nanoseconds: i64) -> NaiveDateTime {
    DateTime::from_timestamp_nanos(nanoseconds).naive_utc()
}

fn nanoseconds(moment: NaiveDateTime) -> Result<i64> {
    match moment.and_utc().timestamp_nanos_opt() {
        Some(time) => Ok(time),
        None => refused("a time is before 1677 or after 2262"),
    }
}

fn beyond<T>() -> Result<T> {
    refused("a date or time is out of bounds")
}

/// `date_add(unit, number, value)`: a date stays one.
fn add() -> ScalarUDF {
    const USAGE: &str = "date_add('day', number, date or time)";
    let kernel = Kernel {
        name: "date_add",
        coerce: |found| {
            let mut kinds = with_times(found, &[DataType::Utf8, DataType::Int64, TIME], USAGE)?;
            if found.last() == Some(&DataType::Date32) {
                kinds.truncate(2);
                kinds.push(DataType::Date32);
            }
            Ok(kinds)
        },
        answer: |types| Ok(types.last().cloned().unwrap_or(TIME)),
        run: |args| {
            let (units, numbers) = (text(args, 0)?, number(args, 1)?);
            let of = |row: usize, from: NaiveDateTime| later(units.value(row), numbers.value(row), from);
            let known = |row: usize| units.is_valid(row) && numbers.is_valid(row);
            if let Some(dates) = argument(args, 2)?.as_primitive_opt::<Date32Type>() {
                let day = |row: usize| {
                    let date = if known(row) && dates.is_valid(row) { dates.value_as_date(row) } else { None };
                    let Some(date) = date else { return Ok(None) };
                    Ok(Some(Date32Type::from_naive_date(of(row, date.into())?.date())))
                };
                return Ok(Arc::new((0..dates.len()).map(day).collect::<Result<Date32Array>>()?));
            }
            let times = times(args, 2)?;
            let time = |row: usize| {
                let from = (known(row) && times.is_valid(row)).then(|| moment(times.value(row)));
                from.map(|from| of(row, from).and_then(nanoseconds)).transpose()
            };
            Ok(Arc::new((0..times.len()).map(time).collect::<Result<TimestampNanosecondArray>>()?))
        },
    };
    kernel.function()
}

fn later(unit: &str, number: i64, from: NaiveDateTime) -> Result<NaiveDateTime> {
    let months = |each: i64| {
        let months = number.checked_mul(each).and_then(|months| u32::try_from(months.unsigned_abs()).ok());
        let months = months.map(Months::new)?;
        if number < 0 { from.checked_sub_months(months) } else { from.checked_add_months(months) }
    };
    let days = |each: i64| {
        let days = Days::new(number.checked_mul(each)?.unsigned_abs());
        if number < 0 { from.checked_sub_days(days) } else { from.checked_add_days(days) }
    };
    let milliseconds = |each: i64| from.checked_add_signed(TimeDelta::try_milliseconds(number.checked_mul(each)?)?);
    let moved = match unit.to_ascii_lowercase().as_str() {
        "millisecond" => milliseconds(1),
        "second" => milliseconds(1_000),
        "minute" => milliseconds(60_000),
        "hour" => milliseconds(3_600_000),
        "day" => days(1),
        "week" => days(7),
        "month" => months(1),
        "quarter" => months(3),
        "year" => months(12),
        _ => return refused(&format!("a unit is none of {UNITS}")),
    };
    moved.map_or_else(beyond, Ok)
}

/// `date_diff(unit, from, to)`: whole units from the first to the second.
fn diff() -> ScalarUDF {
    let kernel = Kernel {
        name: "date_diff",
        coerce: |found| with_times(found, &[DataType::Utf8, TIME, TIME], "date_diff('day', from, to)"),
        answer: |_| Ok(DataType::Int64),
        run: |args| {
            let (units, from, to) = (text(args, 0)?, times(args, 1)?, times(args, 2)?);
            let between = |((unit, from), to): ((Option<&str>, Option<i64>), Option<i64>)| {
                let (Some(unit), Some(from), Some(to)) = (unit, from, to) else { return Ok(None) };
                units_between(unit, moment(from), moment(to)).map(Some)
            };
            Ok(Arc::new(units.iter().zip(from).zip(to).map(between).collect::<Result<Int64Array>>()?))
        },
    };
    kernel.function()
}

fn units_between(unit: &str, from: NaiveDateTime, to: NaiveDateTime) -> Result<i64> {
    let passed = to.signed_duration_since(from);
    let months = || {
        let whole = i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month());
        let rest = (to.day(), to.time()).cmp(&(from.day(), from.time()));
        match (whole, rest) {
            (1.., std::cmp::Ordering::Less) => whole - 1,
            (..=-1, std::cmp::Ordering::Greater) => whole + 1,
            _ => whole,
        }
    };
    Ok(match unit.to_ascii_lowercase().as_str() {
        "millisecond" => passed.num_milliseconds(),
        "second" => passed.num_seconds(),
        "minute" => passed.num_minutes(),
        "hour" => passed.num_hours(),
        "day" => passed.num_days(),
        "week" => passed.num_weeks(),
        "month" => months(),
        "quarter" => months() / 3,
        "year" => months() / 12,
        _ => return refused(&format!("a unit is none of {UNITS}")),
    })
}

/// `date_format(time, format)`, with the letters of MySQL.
fn format() -> ScalarUDF {
    let kernel = Kernel {
        name: "date_format",
        coerce: |found| with_times(found, &[TIME, DataType::Utf8], "date_format(time, '%Y-%m-%d')"),
        answer: |_| Ok(DataType::Utf8),
        run: |args| {
            let mut written = StringBuilder::new();
            for (time, format) in times(args, 0)?.iter().zip(text(args, 1)?) {
                let (Some(time), Some(format)) = (time, format) else {
                    written.append_null();
                    continue;
                };
                written.append_value(formats::written(moment(time), format)?);
            }
            Ok(Arc::new(written.finish()))
        },
    };
    kernel.function()
}

/// `date_parse(text, format)`, with the letters of MySQL.
fn parse() -> ScalarUDF {
    let kernel = Kernel {
        name: "date_parse",
        coerce: |found| arguments(found, 2, &[DataType::Utf8, DataType::Utf8], "date_parse(text, '%Y-%m-%d')"),
        answer: |_| Ok(TIME),
        run: |args| {
            let read = |(text, format): (Option<&str>, Option<&str>)| {
                let (Some(text), Some(format)) = (text, format) else { return Ok(None) };
                formats::read(text, format).and_then(nanoseconds).map(Some)
            };
            let times = text(args, 0)?.iter().zip(text(args, 1)?).map(read);
            Ok(Arc::new(times.collect::<Result<TimestampNanosecondArray>>()?))
        },
    };
    kernel.function()
}

fn from_unixtime() -> ScalarUDF {
    let kernel = Kernel {
        name: "from_unixtime",
        coerce: |found| arguments(found, 1, &[DataType::Float64], "from_unixtime(seconds)"),
        answer: |_| Ok(TIME),
        run: |args| {
            let seconds: &PrimitiveArray<Float64Type> = argument(args, 0)?.as_primitive();
            let time = |seconds: Option<f64>| {
                let Some(seconds) = seconds else { return Ok(None) };
                // To the microsecond: that is what a double of today's times holds.
                let time = TimeDelta::try_seconds(0).filter(|_| seconds.abs() < 9.0e9).and_then(|zero| {
                    let whole = TimeDelta::try_seconds(whole_number(seconds.floor())?)?;
                    let rest = TimeDelta::microseconds(whole_number((seconds - seconds.floor()) * 1e6)?);
                    (zero + whole + rest).num_nanoseconds()
                });
                time.map_or_else(beyond, |time| Ok(Some(time)))
            };
            Ok(Arc::new(seconds.iter().map(time).collect::<Result<TimestampNanosecondArray>>()?))
        },
    };
    kernel.function()
}

/// The nearest whole number of one that is far from the bounds.
fn whole_number(number: f64) -> Option<i64> {
    format!("{number:.0}").parse().ok()
}

fn to_unixtime() -> ScalarUDF {
    let kernel = Kernel {
        name: "to_unixtime",
        coerce: |found| with_times(found, &[TIME], "to_unixtime(time)"),
        answer: |_| Ok(DataType::Float64),
        run: |args| {
            let seconds = |time: i64| {
                let time = moment(time).and_utc();
                Some(f64::from(i32::try_from(time.timestamp() / 1_000).ok()?) * 1e3)
                    .zip(i32::try_from(time.timestamp() % 1_000).ok())
                    .map(|(thousands, rest)| {
                        thousands + f64::from(rest) + f64::from(time.timestamp_subsec_nanos()) / 1e9
                    })
            };
            Ok(Arc::new(times(args, 0)?.iter().map(|time| time.and_then(seconds)).collect::<Float64Array>()))
        },
    };
    kernel.function()
}

fn from_iso_time() -> ScalarUDF {
    let kernel = Kernel {
        name: "from_iso8601_timestamp",
        coerce: |found| arguments(found, 1, &[DataType::Utf8], "from_iso8601_timestamp(text)"),
        answer: |_| Ok(TIME),
        run: |args| {
            let read = |text: Option<&str>| text.map(|text| formats::iso(text).and_then(nanoseconds)).transpose();
            Ok(Arc::new(text(args, 0)?.iter().map(read).collect::<Result<TimestampNanosecondArray>>()?))
        },
    };
    kernel.function()
}

fn from_iso_date() -> ScalarUDF {
    let kernel = Kernel {
        name: "from_iso8601_date",
        coerce: |found| arguments(found, 1, &[DataType::Utf8], "from_iso8601_date(text)"),
        answer: |_| Ok(DataType::Date32),
        run: |args| {
            let read = |text: Option<&str>| {
                let date = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Date32Type::from_naive_date);
                text.map(|text| date(text).or_else(|_| refused("a text is no date of ISO 8601"))).transpose()
            };
            Ok(Arc::new(text(args, 0)?.iter().map(read).collect::<Result<Date32Array>>()?))
        },
    };
    kernel.function()
}

fn to_iso() -> ScalarUDF {
    let kernel = Kernel {
        name: "to_iso8601",
        coerce: |found| with_times(found, &[TIME], "to_iso8601(time)"),
        answer: |_| Ok(DataType::Utf8),
        run: |args| {
            let mut written = StringBuilder::new();
            for time in times(args, 0)? {
                written.append_option(time.map(|time| moment(time).format("%Y-%m-%dT%H:%M:%S%.3f").to_string()));
            }
            Ok(Arc::new(written.finish()))
        },
    };
    kernel.function()
}
