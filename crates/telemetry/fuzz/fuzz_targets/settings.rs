#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| aether_telemetry::fuzzing::settings(text));
