//! The module's face to JavaScript, and the only place that knows of it.
//!
//! Only numbers cross the border, so the module imports nothing and needs no glue: JavaScript writes frames
//! into two buffers whose addresses it has asked for once, and reads requests from the address it is given.
//! Each module instance holds one client.

use crate::client::Client;
use crate::frame::Frame;
use crate::queue::Mode;
use std::sync::{Mutex, PoisonError};
use wasm_bindgen::prelude::wasm_bindgen;

/// Bytes for text: three for each of the UTF-16 units that TypeScript allows in one frame, and some room.
const TEXT_BYTES: usize = 96 * 1024 + 512;
/// Numbers in one frame.
const NUMBERS: usize = 4096;

#[repr(C)] // JavaScript finds the text behind the numbers.
struct Instance {
    numbers: [f64; NUMBERS],
    text: [u8; TEXT_BYTES],
    client: Client,
}

/// A module instance has one thread, so the lock is never contended; it is what makes the static sound.
static INSTANCE: Mutex<Instance> = Mutex::new(Instance {
    numbers: [0.0; NUMBERS],
    text: [0; TEXT_BYTES],
    client: Client::new(),
});

fn with<T>(act: impl FnOnce(&mut Instance) -> T) -> T {
    act(&mut INSTANCE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Address of the two buffers: the one for numbers, and directly behind it the one for text.
#[wasm_bindgen]
pub fn buffers() -> usize {
    with(|instance| instance.numbers.as_ptr() as usize)
}

/// Records the frame in the buffers; returns when [`take`] is wanted, infinity for never.
#[wasm_bindgen]
pub fn record(text_bytes: usize, text_units: usize, numbers: usize, now: f64) -> f64 {
    with(|instance| {
        let text = instance.text.get(..text_bytes).unwrap_or_default();
        let numbers = instance.numbers.get(..numbers).unwrap_or_default();
        let mut frame = Frame::new(text, text_units, numbers);
        instance.client.record(&mut frame, now);
        instance.client.due()
    })
}

/// Takes a request of at most `limit` bytes; returns its id, 0 if there is none. The first numbers of the
/// buffer are then its address, its length, its signal and its number of items; the bytes stay valid until the
/// next call.
/// `mode`: 0 what is due, 1 everything untried, 2 everything that fits the limit.
#[wasm_bindgen]
pub fn take(mode: u32, limit: usize, now: f64) -> u32 {
    with(|instance| {
        let mode = match mode {
            0 => Mode::Due,
            1 => Mode::Flush,
            _ => Mode::Final,
        };
        let Some(taken) = instance.client.take(mode, limit, now) else {
            return 0;
        };
        let request = instance.client.request();
        instance.numbers[0] = request.as_ptr() as usize as f64;
        instance.numbers[1] = request.len() as f64;
        instance.numbers[2] = f64::from(taken.signal as u32);
        instance.numbers[3] = f64::from(taken.items);
        taken.id
    })
}

/// Reports the answer to request `id`, if it is not 0; the body's first `body_bytes` bytes are in the text
/// buffer. Status 1 says that the request was taken over. Returns when [`take`] is wanted, infinity for never.
#[wasm_bindgen]
pub fn answered(
    id: u32,
    status: u32,
    retry_after: f64,
    jitter: f64,
    body_bytes: usize,
    now: f64,
) -> f64 {
    with(|instance| {
        let body = instance.text.get(..body_bytes).unwrap_or_default();
        let client = &mut instance.client;
        client.answered(id, status, retry_after, jitter, body, now);
        client.due()
    })
}

/// Ends all pauses between retries.
#[wasm_bindgen]
pub fn resume() {
    with(|instance| instance.client.resume());
}

/// Puts counters into the number buffer: bytes and records waiting, then for each signal the records
/// exported and those dropped by reason.
#[wasm_bindgen]
pub fn counters() {
    with(|instance| {
        let queue = instance.client.queue();
        let waiting = [queue.bytes() as u32, queue.items()];
        let counts = waiting.iter().chain(queue.counts.all());
        for (number, &count) in instance.numbers.iter_mut().zip(counts) {
            *number = f64::from(count);
        }
    });
}
