/** Which browsers there are: `cargo xtask test` finds or installs them and names them in variables. */

export type Name = 'chromium' | 'firefox' | 'webkit'

export interface Named {
  name: Name
  /** The browser itself. */
  program: string
  /** What it is driven by, where that is a program of its own. */
  driver: string
}

const { AETHER_CHROMIUM, AETHER_FIREFOX, AETHER_WEBKIT, AETHER_WEBKIT_DRIVER } = process.env

/** At least one, or an error that says how they are named. */
export function named(): Named[] {
  const browsers: Named[] = []
  if (AETHER_CHROMIUM) browsers.push({ name: 'chromium', program: AETHER_CHROMIUM, driver: '' })
  if (AETHER_FIREFOX) browsers.push({ name: 'firefox', program: AETHER_FIREFOX, driver: '' })
  if (AETHER_WEBKIT && AETHER_WEBKIT_DRIVER) browsers.push({ name: 'webkit', program: AETHER_WEBKIT, driver: AETHER_WEBKIT_DRIVER })
  if (browsers.length) return browsers
  throw new Error('no browser is named: set AETHER_CHROMIUM, AETHER_FIREFOX, or AETHER_WEBKIT with AETHER_WEBKIT_DRIVER, or run `cargo xtask test browsers`')
}
