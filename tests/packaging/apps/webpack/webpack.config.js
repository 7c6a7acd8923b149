import { copyFileSync, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'

const dist = resolve(import.meta.dirname, 'dist')

// Nothing is said about WebAssembly, nor about where the files are served from.
export default {
  mode: 'production',
  entry: './src/main.js',
  output: { path: dist, filename: 'main.js' },
  plugins: [
    {
      apply: (compiler) =>
        compiler.hooks.done.tap('page', () => {
          mkdirSync(dist, { recursive: true })
          copyFileSync('index.html', resolve(dist, 'index.html'))
        }),
    },
  ],
}
