//! Fields that can be refused.
//!
//! A resolver that returns [`Field`] can get one only from [`field`] or [`mutate`], and these ask for an [`Access`]
//! first: a guard can't be forgotten, because without it there is no return value. A refused field nulls only itself.

use std::borrow::Cow;

use async_graphql::registry::Registry;
use async_graphql::{Context, ContextSelectionSet, OutputType, Positioned, ServerResult, Value, parser::types};
use bellwether_domain::permission::Permission;
use bellwether_domain::{Error, Fault, Viewer, wall};

use crate::context::Request;
use crate::errors;
use crate::problems::UserError;

/// Who may have a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    /// Everybody: signing in, and what a visitor may know.
    Open,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever holds the permission.
    Needs(Permission),
}

impl Access {
    fn check(self, viewer: &Viewer) -> Result<(), Fault> {
        match self {
            Self::Open => Ok(()),
            Self::SignedIn => viewer.member().map(drop),
            Self::Needs(permission) => viewer.permitted(permission).map(drop),
        }
    }
}

/// A value, or why there is none. In the schema it is `T`, nullable.
pub(crate) struct Field<T>(Result<T, Error>);

/// Makes a field for whoever has access.
pub(crate) async fn field<T, F>(ctx: &Context<'_>, access: Access, work: impl FnOnce(Request) -> F + Send) -> Field<T>
where
    F: Future<Output = Result<T, Error>> + Send,
{
    let request = Request::of(ctx).and_then(|request| access.check(request.viewer()).map(|()| request));
    match request {
        // What is open to everybody is not the viewer's own work: whoever is signed in may sign in elsewhere.
        Ok(request) if matches!(access, Access::Open) => Field(Box::pin(wall::go_through(work(request))).await),
        // On the heap: else the future of every field of an object is as large as the largest of them.
        Ok(request) => Field(Box::pin(work(request)).await),
        Err(fault) => Field(Err(fault.into())),
    }
}

/// The payload of a mutation: what was done, or what the caller can mend.
pub(crate) trait Payload: Sized {
    /// The payload that says only what is to be mended.
    fn refused(errors: Vec<UserError>) -> Self;
}

/// Makes the payload of a mutation for whoever has access: problems with the input are its `userErrors`. Whoever is
/// signed in by an API key has no access to a mutation that asks for no permission.
pub(crate) async fn mutate<P, F>(ctx: &Context<'_>, access: Access, work: impl FnOnce(Request) -> F + Send) -> Field<P>
where
    P: Payload,
    F: Future<Output = Result<P, Error>> + Send,
{
    // What needs nothing but a sign-in is about one's own account, and that no API key manages.
    let access = if matches!(access, Access::SignedIn) { Access::Needs(Permission::AccountManage) } else { access };
    match field(ctx, access, work).await.0 {
        Err(Error::Problems(problems)) => Field(Ok(P::refused(problems.into_iter().map(UserError::from).collect()))),
        done => Field(done),
    }
}

impl<T: OutputType> OutputType for Field<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    /// Nullable: a refused field is null.
    fn qualified_type_name() -> String {
        nullable(T::qualified_type_name())
    }

    fn create_type_info(registry: &mut Registry) -> String {
        nullable(T::create_type_info(registry))
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<types::Field>) -> ServerResult<Value> {
        match &self.0 {
            Ok(value) => value.resolve(ctx, field).await,
            Err(error) => {
                ctx.add_error(ctx.set_error_path(errors::server_error(error, field.pos)));
                Ok(Value::Null)
            }
        }
    }
}

fn nullable(name: String) -> String {
    name.strip_suffix('!').map(str::to_owned).unwrap_or(name)
}

/// Makes payloads of which the default, but for its errors, says that nothing was done.
macro_rules! refused_by_default {
    ($($name:ident)*) => {$(
        impl Payload for $name {
            fn refused(user_errors: Vec<UserError>) -> Self {
                Self { user_errors, ..Self::default() }
            }
        }
    )*};
}
pub(crate) use refused_by_default;
