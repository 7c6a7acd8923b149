// Serves the contestants and takes what they send: every body is decoded, and its spans are counted.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { spansIn } from './decode.mjs';

const TYPES = { '.js': 'text/javascript' };
const PAGE = '<!doctype html><meta charset="utf-8"><title>bench</title><link rel="icon" href="data:,">';

/** Serves `folder` on a free port of loopback. */
export const receive = async (folder) => {
  const seen = { spans: 0, bytes: 0, requests: 0, error: undefined };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://any');
    if (request.method !== 'POST') {
      if (pathname === '/') return response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
      try {
        const content = readFileSync(join(folder, pathname));
        return response.writeHead(200, { 'content-type': TYPES[extname(pathname)] ?? 'application/octet-stream' }).end(content);
      } catch {
        return response.writeHead(404).end();
      }
    }
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const wire = Buffer.concat(chunks);
      try {
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(wire) : wire;
        seen.spans += spansIn(pathname, request.headers['content-type'] ?? '', body);
        seen.bytes += wire.length;
        seen.requests++;
      } catch (error) {
        seen.error ??= error;
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    /** What has arrived since the last time; throws what went wrong meanwhile. */
    take() {
      const taken = { ...seen };
      Object.assign(seen, { spans: 0, bytes: 0, requests: 0, error: undefined });
      if (taken.error) throw taken.error;
      return taken;
    },
    spans: () => seen.spans,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
};
