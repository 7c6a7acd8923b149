//! The module's face to JavaScript, and the only place that knows of it.
//!
//! Only numbers cross the border, so the module imports nothing and needs no glue: JavaScript writes frames
//! into two buffers whose addresses it has asked for once, and reads requests from the address it is given.
//! Each module instance holds one client.

use crate::Signal;
use crate::client::Client;
use crate::drops::Reason;
use crate::frame::Frame;
use crate::queue::Mode;
use std::sync::{Mutex, PoisonError};
use wasm_bindgen::prelude::wasm_bindgen;

/// Bytes for text: three for each of the UTF-16 units that TypeScript allows in one frame, and some room.
const TEXT_BYTES: usize = 96 * 1024 + 512;
/// Numbers in one frame.
const NUMBERS: usize = 4096;

struct Instance {
    text: Vec<u8>,
    numbers: Vec<f64>,
    client: Option<Client>,
}

/// A module instance has one thread, so the lock is never contended; it is what makes the static sound.
static INSTANCE: Mutex<Instance> = Mutex::new(Instance {
    text: Vec::new(),
    numbers: Vec::new(),
    client: None,
});

fn with<T>(act: impl FnOnce(&mut Instance) -> T) -> T {
    act(&mut INSTANCE.lock().unwrap_or_else(PoisonError::into_inner))
}

fn with_client<T: Default>(act: impl FnOnce(&mut Client) -> T) -> T {
    with(|instance| instance.client.as_mut().map(act).unwrap_or_default())
}

/// `None` and what JavaScript understands by it: no wake-up needed.
fn or_never(wake: Option<f64>) -> f64 {
    wake.unwrap_or(-1.0)
}

/// Address of the text buffer; call once before everything else.
#[wasm_bindgen]
pub fn text_address() -> usize {
    with(|instance| {
        instance.text.resize(TEXT_BYTES, 0);
        instance.text.as_ptr() as usize
    })
}

/// Address of the number buffer; call once before everything else.
#[wasm_bindgen]
pub fn numbers_address() -> usize {
    with(|instance| {
        instance.numbers.resize(NUMBERS, 0.0);
        instance.numbers.as_ptr() as usize
    })
}

/// Configures the client from the frame in the buffers; `false` if it does not add up.
#[wasm_bindgen]
pub fn configure(text_bytes: usize, text_units: usize, numbers: usize) -> bool {
    with(|instance| {
        let text = instance.text.get(..text_bytes).unwrap_or_default();
        let numbers = instance.numbers.get(..numbers).unwrap_or_default();
        instance.client = Client::new(&mut Frame::new(text, text_units, numbers));
        instance.client.is_some()
    })
}

/// Puts a block of ids into the text buffer and returns its length: trace ids with decision, or span ids.
#[wasm_bindgen]
pub fn ids(traces: bool) -> usize {
    with(|instance| {
        let Some(client) = &mut instance.client else {
            return 0;
        };
        let mut block = Vec::with_capacity(33 * crate::ids::BLOCK);
        if traces {
            client.trace_ids(&mut block);
        } else {
            client.span_ids(&mut block);
        }
        if let Some(target) = instance.text.get_mut(..block.len()) {
            target.copy_from_slice(&block);
        }
        block.len()
    })
}

/// Records the frame in the buffers; returns milliseconds until [`take`] is wanted, negative for never.
#[wasm_bindgen]
pub fn record(text_bytes: usize, text_units: usize, numbers: usize, now: f64) -> f64 {
    with(|instance| {
        let text = instance.text.get(..text_bytes).unwrap_or_default();
        let numbers = instance.numbers.get(..numbers).unwrap_or_default();
        let Some(client) = &mut instance.client else {
            return -1.0;
        };
        client.record(&mut Frame::new(text, text_units, numbers), now);
        or_never(client.wake(now))
    })
}

/// Milliseconds until [`take`] is wanted, negative for never.
#[wasm_bindgen]
pub fn wake(now: f64) -> f64 {
    with_client(|client| or_never(client.wake(now)))
}

/// Takes a request; returns its id, 0 if there is none. The first numbers of the buffer are then its
/// address, its length and its signal; the bytes stay valid until the next call.
/// `mode`: 0 what is due, 1 everything untried, 2 everything that the keepalive budget allows.
#[wasm_bindgen]
pub fn take(mode: u32, now: f64) -> u32 {
    with(|instance| {
        let Some(client) = &mut instance.client else {
            return 0;
        };
        let (mode, limit) = match mode {
            0 => (Mode::Due, usize::MAX),
            1 => (Mode::Flush, usize::MAX),
            _ => (Mode::Final, client.budget.left() as usize),
        };
        let Some(taken) = client.take(mode, limit, now) else {
            return 0;
        };
        let request = client.request();
        let facts = [
            request.as_ptr() as usize as f64,
            request.len() as f64,
            f64::from(taken.signal as u32),
        ];
        if let Some(target) = instance.numbers.get_mut(..facts.len()) {
            target.copy_from_slice(&facts);
        }
        taken.id
    })
}

/// Reports the answer to request `id`; its body's first `body_bytes` bytes are in the text buffer.
#[wasm_bindgen]
pub fn answered(id: u32, status: u32, retry_after: f64, body_bytes: usize, now: f64) {
    with(|instance| {
        let body = instance.text.get(..body_bytes).unwrap_or_default();
        if let Some(client) = &mut instance.client {
            client.answered(id, status, retry_after, body, now);
        }
    });
}

/// Ends all pauses between retries.
#[wasm_bindgen]
pub fn resume() {
    with_client(Client::resume);
}

/// Takes bytes from the keepalive budget, if there are as many left.
#[wasm_bindgen]
pub fn reserve(bytes: u32) -> bool {
    with_client(|client| client.budget.reserve(bytes))
}

/// Gives bytes back to the keepalive budget.
#[wasm_bindgen]
pub fn release(bytes: u32) {
    with_client(|client| client.budget.release(bytes));
}

/// Puts counters into the number buffer: bytes and records waiting, then for each signal the records
/// exported and those dropped by reason.
#[wasm_bindgen]
pub fn counters() {
    with(|instance| {
        let Some(client) = &instance.client else {
            return;
        };
        let queue = client.queue();
        let mut numbers = instance.numbers.iter_mut();
        let mut put = |value: f64| {
            if let Some(number) = numbers.next() {
                *number = value;
            }
        };
        put(queue.bytes() as f64);
        put(f64::from(queue.items()));
        for signal in Signal::ALL {
            put(f64::from(queue.exported(signal)));
            for reason in Reason::ALL {
                put(f64::from(queue.drops.get(signal, reason)));
            }
        }
    });
}
