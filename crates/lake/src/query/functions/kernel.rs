//! A function over single rows, as a value: its name, its types, its work.

use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use std::hash::{Hash, Hasher};

/// What a function needs to be one. The answer is nullable.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    pub(super) name: &'static str,
    /// The types that arguments are cast to before; they may be refused here.
    pub(super) coerce: fn(&[DataType]) -> Result<Vec<DataType>>,
    /// The type of the answer, by the types of arguments.
    pub(super) answer: fn(&[DataType]) -> Result<DataType>,
    /// Arrays of equal length, one for each argument, to one of that length and the type of the answer.
    pub(super) run: fn(&[ArrayRef]) -> Result<ArrayRef>,
}

impl Kernel {
    pub(super) fn function(self) -> ScalarUDF {
        ScalarUDF::from(Function { kernel: self, signature: Signature::user_defined(Volatility::Immutable) })
    }
}

/// `kinds` for arguments, the first `least` of which must be there: text, whole numbers and floating-point numbers are
/// wanted as they are, or null.
pub(super) fn arguments(found: &[DataType], least: usize, kinds: &[DataType], usage: &str) -> Result<Vec<DataType>> {
    let fits = |(found, wanted): (&DataType, &DataType)| match wanted {
        DataType::Utf8 => {
            matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null)
        }
        DataType::Int64 => found.is_integer() || found.is_null(),
        DataType::Float64 => found.is_numeric() || found.is_null(),
        _ => true,
    };
    if found.len() < least || found.len() > kinds.len() || !found.iter().zip(kinds).all(fits) {
        let found: Vec<String> = found.iter().map(super::type_name).collect();
        return Err(DataFusionError::Plan(format!("write {usage}; the arguments here are ({})", found.join(", "))));
    }
    Ok(kinds.iter().take(found.len()).cloned().collect())
}

/// A value that a function does not take. The text holds no data.
pub(super) fn refused<T>(text: &str) -> Result<T> {
    Err(DataFusionError::External(Box::new(crate::QueryError::Value(text.to_owned()))))
}

#[derive(Debug)]
struct Function {
    kernel: Kernel,
    signature: Signature,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.kernel.name == other.kernel.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kernel.name.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.kernel.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        (self.kernel.coerce)(types)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        (self.kernel.answer)(types)
    }

    /// Constants are worked on once.
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args.args.iter().map(|arg| arg.to_array(rows)).collect::<Result<Vec<ArrayRef>>>()?;
        let answer = (self.kernel.run)(&arrays)?;
        if constant && answer.len() == 1 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answer, 0)?));
        }
        Ok(ColumnarValue::Array(answer))
    }
}
