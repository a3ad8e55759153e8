//! A panic in a case is a case that could not be carried out, and says where.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::words::verdict::{Failure, Finding, Outcome};

thread_local! {
    static PANIC: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Carries `body` out; a panic in it is a broken case that says where.
pub fn guarded<T>(body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let at = info.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
            PANIC.set(Some((text_of(info.payload()), at)));
        }));
    });
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(outcome) => outcome,
        Err(payload) => {
            let (text, at) = PANIC.take().unwrap_or_else(|| (text_of(&*payload), String::new()));
            Err(Failure::Broken(Box::new(Finding {
                message: format!("the case panicked: {text}"),
                at,
                ..Finding::default()
            })))
        }
    }
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
