/**
 * The constructor is replaced by a proxy, so `instanceof`, subclasses and constants stay as they are. What is sent
 * and received is counted, never looked into: it is in a log record when the connection is closed.
 */
import { matches, parseUrl, recordUrl } from '../../core/url.js';
import type { Attributes, InstrumentationContext } from '../../types.js';
import type { WebSocketOptions } from './options.js';

/** Size of a message, which for text is its length in UTF-16 units. */
const size = (data: unknown): number => {
  const { length, byteLength, size: bytes } = Object(data) as { length?: number; byteLength?: number; size?: number };
  return byteLength ?? bytes ?? length ?? 0;
};

export const instrument = (context: InstrumentationContext, { ignoreUrls = [/\/socket\.io\//] }: WebSocketOptions): (() => void) => {
  const Original = globalThis.WebSocket as typeof WebSocket | undefined;
  if (!Original) return () => {};
  let on = true;

  const follow = context.guard((socket: WebSocket) => {
    const url = parseUrl(socket.url);
    if (!url || matches(url.href, ignoreUrls)) return;
    const attributes: Attributes = { 'url.full': recordUrl(context, url), 'server.address': url.hostname, 'network.protocol.name': 'websocket' };
    const span = context.startSpan('connect websocket', { kind: 'client', attributes });
    let opened = false;
    const count = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0 };
    const { send } = socket;
    Object.defineProperty(socket, 'send', {
      configurable: true,
      writable: true,
      value(this: WebSocket, data: Parameters<WebSocket['send']>[0]) {
        send.call(this, data);
        count.sent++;
        count.sentBytes += size(data);
      },
    });
    socket.addEventListener('open', () => {
      opened = true;
      span.set({ 'network.protocol.subprotocol': socket.protocol || undefined }).end();
    });
    socket.addEventListener('message', ({ data }) => {
      count.received++;
      count.receivedBytes += size(data);
    });
    socket.addEventListener(
      'close',
      context.guard(({ code, wasClean }: CloseEvent) => {
        if (!opened) span.set({ 'websocket.close.code': code }).fail('connection_failed').end();
        context.log(wasClean ? 'info' : 'warn', `websocket closed: ${code}`, {
          eventName: 'websocket.close',
          attributes: {
            ...attributes,
            'websocket.close.code': code,
            'websocket.close.clean': wasClean,
            'websocket.sent.messages': count.sent,
            'websocket.sent.size': count.sentBytes,
            'websocket.received.messages': count.received,
            'websocket.received.size': count.receivedBytes,
          },
          context: span,
        });
      }),
    );
  });

  const Instrumented = new Proxy(Original, {
    construct(target, args, newTarget: typeof WebSocket) {
      const socket = Reflect.construct(target, args, newTarget === Instrumented ? target : newTarget) as WebSocket;
      if (on) follow(socket);
      return socket;
    },
  });
  globalThis.WebSocket = Instrumented;
  return () => {
    on = false;
    if (globalThis.WebSocket === Instrumented) globalThis.WebSocket = Original;
  };
};
