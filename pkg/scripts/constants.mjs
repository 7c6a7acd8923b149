// Puts constants where they are used: esbuild does so only in files that import nothing.
import { readFileSync } from 'node:fs';

/** `const LIMIT = 60 * 1024;` at the top level: a name in capitals, and a number or product of numbers. */
const CONSTANT = /^const ([A-Z][A-Z_]+) = ([\d_]+(?: (?:\*|<<|\+) [\d_]+)*);$/gm;

/** A plugin for esbuild. */
export const constants = {
  name: 'constants',
  setup(build) {
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
      let contents = readFileSync(path, 'utf8');
      for (const [line, name, value] of contents.matchAll(CONSTANT)) {
        // The declaration becomes an empty line, so that source maps keep to theirs.
        contents = contents.replace(line, '').replaceAll(new RegExp(`\\b${name}\\b`, 'g'), `(${value})`);
      }
      return { contents, loader: 'ts' };
    });
  },
};
