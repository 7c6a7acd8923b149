// With fetch, XMLHttpRequest, document load and interactions instrumented.
import { createTelemetry } from '../../../pkg/dist/core.js';
import { documentLoad } from '../../../pkg/dist/document-load.js';
import { fetchInstrumentation } from '../../../pkg/dist/fetch.js';
import { interaction } from '../../../pkg/dist/interaction.js';
import { xhr } from '../../../pkg/dist/xhr.js';

export const start = (origin) => {
  const telemetry = createTelemetry({
    serviceName: 'bench',
    endpoint: `${origin}/otlp`,
    instrumentations: [fetchInstrumentation(), xhr(), documentLoad(), interaction()],
  });
  return {
    record() {
      const span = telemetry.startSpan('first');
      const headers = telemetry.headers(span);
      span.end();
      return headers;
    },
    flush: () => telemetry.flush(),
  };
};
