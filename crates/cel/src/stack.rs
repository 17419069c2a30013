//! A stack that is large enough for any expression, whoever compiles it.

use std::thread;

use crate::CompileError;

/// What the deepest expression needs at most in a build without optimisation, several times over; the system gives no more than is
/// used.
const STACK_BYTES: usize = 32 * 1024 * 1024;

/// Calls `compile` on a stack of its own. Whatever panics ends there.
pub(crate) fn with_room<T: Send>(
    text: &str,
    compile: impl FnOnce() -> Result<T, Vec<CompileError>> + Send,
) -> Result<T, Vec<CompileError>> {
    let failed = || vec![CompileError::new(0..text.len(), "the expression cannot be compiled")];
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("cel".to_owned()).stack_size(STACK_BYTES);
        let Ok(thread) = thread.spawn_scoped(scope, compile) else { return Err(failed()) };
        thread.join().unwrap_or_else(|_| Err(failed()))
    })
}
