/** What Vite puts there; other bundlers, and Node, leave it out. */
interface ImportMeta {
  readonly env?: Readonly<
    Record<
      `VITE_TELEMETRY_${'ENABLED' | 'ENDPOINT' | 'PROTOCOL' | 'HEADERS' | 'SERVICE_NAME' | 'SERVICE_VERSION' | 'SAMPLE_RATIO' | 'RESOURCE_ATTRIBUTES' | 'PROPAGATE_TO' | 'RECORD_QUERY'}`,
      string | undefined
    >
  >;
}
