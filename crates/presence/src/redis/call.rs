//! One run of a script, which knows the slot of its keys.

use redis::{FromRedisValue, RedisResult, Script, ScriptInvocation, ToRedisArgs};
use roomcast_redis::Connection;

/// A script, its keys and its arguments. The keys share a hash tag.
#[derive(Debug)]
pub(super) struct Call<'a> {
    invocation: ScriptInvocation<'a>,
    first_key: Option<String>,
}

impl<'a> Call<'a> {
    pub(super) fn of(script: &'a Script) -> Self {
        Self {
            invocation: script.prepare_invoke(),
            first_key: None,
        }
    }

    pub(super) fn key(&mut self, key: impl Into<String>) -> &mut Self {
        let key = key.into();
        self.invocation.key(&key);
        self.first_key.get_or_insert(key);
        self
    }

    pub(super) fn arg(&mut self, arg: impl ToRedisArgs) -> &mut Self {
        self.invocation.arg(arg);
        self
    }

    /// The slot that its keys are in.
    pub(super) fn slot(&self) -> u16 {
        let key = self.first_key.as_deref().unwrap_or_default();
        roomcast_redis::slot(key.as_bytes())
    }

    pub(super) async fn invoke<T: FromRedisValue>(
        &self,
        connection: &mut Connection,
    ) -> RedisResult<T> {
        self.invocation.invoke_async(connection).await
    }
}
