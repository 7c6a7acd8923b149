// Shrinks the module: what JavaScript never calls is no longer exported, and what is then unused goes away.
import binaryen from 'binaryen';

/** What `src/core/module.ts` uses. */
const EXPORTS = [
  'memory',
  'buffers',
  'record',
  'take',
  'answered',
  'resume',
  'counters',
];

// Named one by one: with all features on, binaryen writes an encoding of imports that Chromium refuses.
const { Features } = binaryen;
const FEATURES =
  Features.BulkMemory |
  (Features.BulkMemoryOpt ?? 0) |
  Features.NontrappingFPToInt |
  Features.SignExt |
  Features.MutableGlobals |
  Features.ReferenceTypes |
  Features.Multivalue;

/** The optimised module; throws if it would need anything from JavaScript. */
export const optimize = (bytes) => {
  const module = binaryen.readBinary(bytes);
  try {
    module.setFeatures(FEATURES);
    const names = Array.from({ length: module.getNumExports() }, (_, index) =>
      binaryen.getExportInfo(module.getExportByIndex(index)).name,
    );
    const missing = EXPORTS.filter((name) => !names.includes(name));
    if (missing.length) throw new Error(`the module does not export ${missing.join(', ')}: is it out of date?`);
    for (const name of names) if (!EXPORTS.includes(name)) module.removeExport(name);
    binaryen.setOptimizeLevel(2);
    binaryen.setShrinkLevel(2);
    module.runPasses(['strip-debug', 'strip-producers', 'strip-target-features', 'remove-unused-module-elements']);
    module.optimize();
    module.optimize();
    // What is called most gets the shortest numbers, and brotli finds more of a kind.
    module.runPasses(['reorder-functions', 'dealign', 'optimize-instructions']);
    const output = module.emitBinary();
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(output));
    if (imports.length) throw new Error(`the module imports ${imports.map(({ name }) => name).join(', ')}; it must import nothing`);
    return output;
  } finally {
    module.dispose();
  }
};
