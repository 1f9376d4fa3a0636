//! What is done of a mutation is told, whatever becomes of the fields after it.
//!
//! Some arguments are coerced only when their field is resolved (a scalar where an object belongs, an Int out of range,
//! a required variable that was not sent), and async-graphql then drops the whole answer, also of the fields that were
//! written before. Here such an error nulls its own field. Only mutations pay for the extension: they have a schema of
//! their own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextResolve, ResolveInfo};
use async_graphql::{Response, ServerError, ServerResult, Value};

/// Makes one [`Partial`] a request.
pub(crate) struct PartialAnswers;

impl ExtensionFactory for PartialAnswers {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Partial::default())
    }
}

#[derive(Default)]
struct Partial {
    errors: Mutex<Vec<ServerError>>,
    has_answer: AtomicBool,
}

#[async_trait::async_trait]
impl Extension for Partial {
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut response = next.run(ctx, operation_name).await;
        let mut errors = std::mem::take(&mut *self.errors.lock().unwrap_or_else(PoisonError::into_inner));
        if !errors.is_empty() && !self.has_answer.load(Ordering::Relaxed) {
            // Nothing was done: the whole is refused.
            response.data = Value::Null;
        }
        response.errors.append(&mut errors);
        response
    }

    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let is_root = info.path_node.parent.is_none();
        let answer = next.run(ctx, info).await;
        match answer {
            Err(error) if is_root => {
                self.errors.lock().unwrap_or_else(PoisonError::into_inner).push(error);
                Ok(None)
            }
            answer => {
                if is_root {
                    self.has_answer.store(true, Ordering::Relaxed);
                }
                answer
            }
        }
    }
}
