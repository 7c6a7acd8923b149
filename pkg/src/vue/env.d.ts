/** What Vite puts there; other bundlers, and Node, leave it out. */
interface ImportMeta {
  readonly env?: Readonly<Record<`VITE_TELEMETRY_${'ENABLED' | 'ENDPOINT' | 'HEADERS'}`, string | undefined>>;
}
