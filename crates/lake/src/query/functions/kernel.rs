//! A function over single rows, as a value: its name, its types, its work.

use arrow_schema::DataType;
use datafusion::common::Result;
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
    pub(super) run: fn(ScalarFunctionArgs) -> Result<ColumnarValue>,
}

impl Kernel {
    pub(super) fn function(self) -> ScalarUDF {
        ScalarUDF::from(Function { kernel: self, signature: Signature::user_defined(Volatility::Immutable) })
    }
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

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        (self.kernel.run)(args)
    }
}
