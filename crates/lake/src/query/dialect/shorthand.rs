//! Functions that stand for expressions of the engine, chosen by the types of their arguments. A statement is planned with
//! the function, so that names of columns are as it writes them; then the expression takes its place, before the optimizer
//! sees it: `element_at(attributes, 'AC')` and `attributes['AC']` become the same plan.

use arrow_schema::{DataType, Field, FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What a function stands for, by its arguments over a schema.
pub(in crate::query) type Expand = fn(Vec<Expr>, &DFSchema) -> Result<Expr>;

/// A function that stands for an expression.
#[derive(Debug)]
pub(in crate::query) struct Shorthand {
    name: &'static str,
    signature: Signature,
    expand: Expand,
}

impl Shorthand {
    pub(in crate::query) fn function(name: &'static str, expand: Expand) -> ScalarUDF {
        ScalarUDF::from(Self { name, signature: Signature::user_defined(Volatility::Immutable), expand })
    }
}

impl PartialEq for Shorthand {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Shorthand {}

impl Hash for Shorthand {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Shorthand {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Err(DataFusionError::Internal(format!("{} has no type of its own", self.name)))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let name = |at: usize| format!("argument {at}");
        let fields = args.arg_fields.iter().enumerate().map(|(at, field)| field.as_ref().clone().with_name(name(at)));
        let schema = DFSchema::try_from(Schema::new(fields.collect::<Vec<Field>>()))?;
        let values = args.scalar_arguments.iter().enumerate().map(|(at, value)| match value {
            Some(value) => Expr::Literal((*value).clone(), None),
            None => Expr::Column(Column::from_name(name(at))),
        });
        let (_, field) = (self.expand)(values.collect(), &schema)?.to_field(&schema)?;
        Ok(Arc::new(field.as_ref().clone().with_name(self.name)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(DataFusionError::Internal(format!("{} was not written out", self.name)))
    }
}

/// The plan with every such function written out.
pub(super) fn expand(plan: LogicalPlan) -> Result<LogicalPlan> {
    let changed = plan.transform_up_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let changed = expr.transform_up(|expr| written_out(expr, &schema))?;
            Ok(changed.update_data(|expr| name.restore(expr)))
        })?
        .map_data(LogicalPlan::recompute_schema)
    })?;
    Ok(changed.data)
}

fn written_out(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Expr::ScalarFunction(function) = expr else { return Ok(Transformed::no(expr)) };
    let Some(shorthand) = function.func.inner().downcast_ref::<Shorthand>() else {
        return Ok(Transformed::no(Expr::ScalarFunction(function)));
    };
    let expand = shorthand.expand;
    Ok(Transformed::yes(expand(function.args, schema)?))
}
