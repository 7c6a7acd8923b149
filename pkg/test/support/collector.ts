/** An OTLP/HTTP backend in this process, and telemetry that sends to it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { init } from '@aetherterm/telemetry';
import type { Telemetry, TelemetryOptions } from '@aetherterm/telemetry';
import { type DecodedLog, type DecodedPoint, type DecodedSpan, decodeLogs, decodeMetrics, decodeSpans } from './otlp.js';

export interface Received {
  path: string;
  headers: Record<string, unknown>;
  body: Uint8Array;
}

export class Collector {
  readonly requests: Received[] = [];
  /** What to answer; default 200 with an empty body. */
  answer: (request: Received) => { status: number; headers?: Record<string, string>; body?: Uint8Array } = () => ({ status: 200 });
  url = '';
  /** Answers are given when this is settled; by default at once. */
  pause: Promise<unknown> | undefined;

  spans(): DecodedSpan[] {
    return this.of('/v1/traces').flatMap(decodeSpans);
  }

  logs(): DecodedLog[] {
    return this.of('/v1/logs').flatMap(decodeLogs);
  }

  metrics(): DecodedPoint[] {
    return this.of('/v1/metrics').flatMap(decodeMetrics);
  }

  private of(path: string): Uint8Array[] {
    return this.requests.filter((request) => request.path === path).map(({ body }) => body);
  }
}

export const startCollector = async (): Promise<Collector> => {
  const collector = new Collector();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      const received = { path: request.url ?? '', headers: request.headers, body };
      const { status, headers, body: answer } = collector.answer(received);
      if (status >= 200 && status < 300) collector.requests.push(received);
      void Promise.resolve(collector.pause).then(() => response.writeHead(status, headers).end(answer));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  collector.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return collector;
};

/** Telemetry on the real module, sending to `collector`; shut down with the test. */
export const startTelemetry = (collector: Collector, options: Partial<TelemetryOptions> = {}): Telemetry => {
  const telemetry = init({
    serviceName: 'test-page',
    endpoint: collector.url,
    instrumentFetch: false,
    scheduledDelayMs: 600_000,
    ...options,
  });
  onTestFinished(() => telemetry.shutdown());
  return telemetry;
};

/** Both, the module being ready. */
export const startBoth = async (options: Partial<TelemetryOptions> = {}): Promise<[Telemetry, Collector]> => {
  const collector = await startCollector();
  const telemetry = startTelemetry(collector, options);
  if (!(await telemetry.ready)) throw new Error('the module could not be loaded');
  return [telemetry, collector];
};
