// Sentry with tracing; headers are its own, as it has no B3.
import { browserTracingIntegration, flush, getTraceData, init, startInactiveSpan, startNewTrace, withActiveSpan } from '@sentry/browser';
import { SPANS, attributes, send } from './shared.js';

export const start = async (origin) => {
  const url = new URL(origin);
  init({
    dsn: `${url.protocol}//key@${url.host}/1`,
    tracesSampleRate: 1,
    integrations: [browserTracingIntegration({ instrumentPageLoad: false, instrumentNavigation: false })],
  });
  return {
    trace(i) {
      startNewTrace(() => {
        const root = startInactiveSpan({ name: 'action', attributes: attributes(i), forceTransaction: true });
        send(getTraceData({ span: root }));
        withActiveSpan(root, () => {
          for (let n = 1; n < SPANS; n++) {
            const span = startInactiveSpan({ name: 'GET', op: 'http.client', attributes: attributes(i + n) });
            send(getTraceData({ span }));
            span.end();
          }
        });
        root.end();
      });
    },
    flush: () => flush(),
  };
};
