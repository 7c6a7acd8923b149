// This project's client: spans and B3.
import { createTelemetry } from '../../../pkg/dist/core.js';
import { SPANS, attributes, send } from './shared.js';

export const start = async (origin) => {
  const telemetry = createTelemetry({ serviceName: 'bench', endpoint: `${origin}/otlp` });
  await telemetry.ready;
  return {
    trace(i) {
      const root = telemetry.startSpan('action', { attributes: attributes(i), parent: null });
      send(telemetry.headers(root));
      for (let n = 1; n < SPANS; n++) {
        const span = telemetry.startSpan('GET', { kind: 'client', attributes: attributes(i + n), parent: root });
        send(telemetry.headers(span));
        span.end();
      }
      root.end();
    },
    flush: () => telemetry.flush(),
    stats: () => telemetry.stats(),
  };
};
