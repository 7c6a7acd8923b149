/** Reads spans back through the server's own query API. */
import { vi } from 'vitest';

import type { RustServer } from './rust.js';
import type { Telemetry } from './telemetry.js';

export interface Span {
  traceId: string;
  spanId: string;
  parentId?: string;
  links: string[];
  name: string;
  kind: string;
  service: string;
  start: number;
  tags: Record<string, unknown>;
  events: string[];
}

interface Tag {
  key: string;
  value: unknown;
}

interface JaegerTrace {
  traceID: string;
  spans: {
    spanID: string;
    operationName: string;
    references: { refType: string; spanID: string }[];
    startTime: number;
    tags: Tag[];
    logs: { fields: Tag[] }[];
    processID: string;
  }[];
  processes: Record<string, { serviceName: string }>;
}

/** Every span that the server holds, after both sides have handed over what has ended. */
export const spans = async (server: RustServer, telemetry?: Telemetry): Promise<Span[]> => {
  await telemetry?.flush();
  const flushed = await fetch(`${server.url}/flush`, { method: 'POST' });
  if (!flushed.ok) throw new Error(`flush: ${flushed.status}`);
  return stored(server.url);
};

/** Every span that the server at `url` holds so far. */
export const stored = async (url: string): Promise<Span[]> => {
  const response = await fetch(`${url}/jaeger/api/traces?limit=1500&lookback=1h`);
  if (!response.ok) throw new Error(`query API: ${response.status}`);
  const { data } = (await response.json()) as { data: JaegerTrace[] };
  return data.flatMap((trace) =>
    trace.spans.map((span) => {
      const tags = Object.fromEntries(span.tags.map(({ key, value }) => [key, value]));
      return {
        traceId: trace.traceID,
        spanId: span.spanID,
        parentId: span.references.find(({ refType }) => refType === 'CHILD_OF')?.spanID,
        links: span.references.filter(({ refType }) => refType !== 'CHILD_OF').map(({ spanID }) => spanID),
        name: span.operationName,
        kind: String(tags['span.kind'] ?? 'internal'),
        service: trace.processes[span.processID]?.serviceName ?? '?',
        start: span.startTime,
        tags,
        events: span.logs.flatMap(({ fields }) => fields.filter(({ key }) => key === 'event').map(({ value }) => String(value))),
      };
    }),
  );
};

/**
 * The trees of all traces that hold a span called `name`, one line for each span, indented below its parent:
 * `{client|server} {name}: {kind}`. A span whose parent is missing says so.
 */
export const trees = (all: Span[], name: string): string[] => {
  const wanted = new Set(all.filter((span) => span.name === name).map(({ traceId }) => traceId));
  const chosen = all.filter(({ traceId }) => wanted.has(traceId)).sort((a, b) => a.start - b.start);
  const known = new Set(chosen.map(({ spanId }) => spanId));
  const lines = (span: Span, depth: number): string[] => {
    const orphan = span.parentId && !known.has(span.parentId) ? ' (its parent is missing)' : '';
    const children = chosen.filter(({ traceId, parentId }) => traceId === span.traceId && parentId === span.spanId);
    const line = `${'  '.repeat(depth)}${span.service.replace('interop-', '')} ${span.name}: ${span.kind}${orphan}`;
    // Siblings of equal rank run side by side: their order means nothing.
    return [line, ...children.map((child) => lines(child, depth + 1).join('\n')).sort()];
  };
  const roots = chosen.filter(({ parentId }) => !parentId || !known.has(parentId));
  return roots.map((root) => lines(root, 0).join('\n'));
};

/** Reads spans again and again until `check` does not throw. A handler's span ends a little after its answer. */
export const eventually = <T>(
  server: RustServer,
  telemetry: Telemetry | undefined,
  check: (all: Span[]) => T,
): Promise<T> => vi.waitFor(async () => check(await spans(server, telemetry)), { timeout: 8000, interval: 25 });
