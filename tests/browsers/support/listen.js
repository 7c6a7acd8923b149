// Runs before everything else in a page under test and keeps what a person would find on the console. Not every browser
// tells its driver, and this is the same for all.
{
  const complaints = (globalThis.complaints = [])
  const keep = (what, value) => complaints.push(`${what}: ${value?.stack ?? value}`)
  for (const level of ['error', 'warn']) {
    const original = console[level]
    console[level] = function (...values) {
      keep(`console.${level}`, values.map(String).join(' '))
      return original.apply(this, values)
    }
  }
  addEventListener(
    'error',
    ({ target, error, message }) => {
      if (target === window) keep('error', error ?? message)
      // Firefox cannot load ahead what it has loaded already, which is how Vite asks for it.
      else if (target.rel !== 'modulepreload') keep('not loaded', target.outerHTML)
    },
    true,
  )
  addEventListener('unhandledrejection', (event) => keep('unhandled rejection', event.reason))
  addEventListener('securitypolicyviolation', (event) => keep('blocked by the policy', `${event.violatedDirective} ${event.blockedURI}`))
}
