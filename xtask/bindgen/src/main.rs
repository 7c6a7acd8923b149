//! Generates the bindings of a compiled module: `xtask-bindgen <module.wasm> <out-dir>`.
//!
//! The generator as a library, rather than the `wasm-bindgen` program: a fraction of the
//! dependencies, and pinned by a lock file of our own.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [module, out_dir] = args.as_slice() else {
        eprintln!("usage: xtask-bindgen <module.wasm> <out-dir>");
        return ExitCode::FAILURE;
    };
    let mut bindgen = Bindgen::new();
    let outcome = bindgen
        .input_path(module)
        .typescript(false)
        .web(true)
        .and_then(|bindgen| bindgen.generate(out_dir));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{module}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
