// No client: what importing any module takes, and a request.
export const start = (origin) => ({
  record: () => ({ b3: '' }),
  flush: () => fetch(`${origin}/otlp/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' } }),
});
