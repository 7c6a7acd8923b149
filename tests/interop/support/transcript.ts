/** Writes down the packets of a connection, as text and bytes, below everything that could be instrumented. */
import type { Server } from 'socket.io';
import type { Socket } from 'socket.io-client';

export type Line = [direction: string, content: string];

interface EnginePacket {
  type: string;
  data?: unknown;
}

interface Emitter {
  on(event: string, listener: (packet: EnginePacket) => void): unknown;
}

const show = (data: unknown): string => {
  if (typeof data === 'string') return data;
  if (data instanceof ArrayBuffer) return `bytes ${Buffer.from(data).toString('hex')}`;
  if (ArrayBuffer.isView(data)) return `bytes ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')}`;
  return String(data);
};

/** Ids are random by nature: as JSON, and as MessagePack in hexadecimal digits (Node's have 20 characters, ours 16). */
const withoutIds = (line: string): string =>
  line.replace(/"(sid|pid)":"[^"]*"/g, '"$1":"…"').replace(/(a3736964)(?:b4[\da-f]{40}|b0[\da-f]{32})/g, '$1…');

const watch = (emitter: Emitter, lines: Line[], incoming: string, outgoing: string): void => {
  const write =
    (direction: string) =>
    ({ type, data }: EnginePacket): void => {
      // The rest is heartbeats and the upgrade's probes.
      if (type === 'message' || type === 'open') lines.push([direction, withoutIds(show(data))]);
    };
  emitter.on('packet', write(incoming));
  emitter.on('packetCreate', write(outgoing));
};

/** All packets of a client's next connection; to be called before anything else happens to the socket. */
export const clientTranscript = (socket: Socket): Line[] => {
  const lines: Line[] = [];
  const { io } = socket;
  const open = io.open.bind(io);
  io.open = io.connect = (...args) => {
    const result = open(...args);
    if (!lines.length) watch(io.engine as unknown as Emitter, lines, 'from server', 'to server');
    return result;
  };
  return lines;
};

/** All packets of a Node server's connections. */
export const serverTranscript = (server: Server): Line[] => {
  const lines: Line[] = [];
  server.engine.on('connection', (connection: Emitter) => watch(connection, lines, 'from client', 'to client'));
  return lines;
};
