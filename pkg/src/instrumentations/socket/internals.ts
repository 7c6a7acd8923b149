/* eslint-disable @typescript-eslint/no-explicit-any -- other people's functions: only `any` accepts every signature */
/** What is used of socket.io-client beyond its documented interface; the names hold for all of version 4. */
import type { SocketLike } from '../../types.js';

/** Packet types of the Socket.IO protocol, <https://socket.io/docs/v4/socket-io-protocol/>. */
export const CONNECT = 0;
export const EVENT = 2;

export interface Packet {
  type: number;
  nsp?: string;
  data?: any;
  id?: number;
}

export interface EngineLike {
  transport?: { name?: string };
  on(event: string, listener: (...args: any[]) => void): unknown;
  off(event: string, listener: (...args: any[]) => void): unknown;
}

export interface ManagerLike {
  uri?: string;
  opts?: { path?: string };
  engine?: EngineLike;
  reconnection?: () => boolean;
  on(event: string, listener: (...args: any[]) => void): unknown;
  off(event: string, listener: (...args: any[]) => void): unknown;
}

export interface SocketInternals extends SocketLike {
  readonly nsp: string;
  readonly connected: boolean;
  readonly active: boolean;
  readonly io: ManagerLike;
  readonly flags: { timeout?: number; volatile?: boolean; fromQueue?: boolean };
  readonly _opts?: { retries?: number; ackTimeout?: number };
  readonly sendBuffer: Packet[];
  readonly _queue?: { args: unknown[] }[];
  readonly _pid?: string;
  _lastOffset?: string;
  listeners(event: string): ((...args: any[]) => unknown)[];
  listenersAny(): ((...args: any[]) => unknown)[];
  packet(packet: Packet): void;
  onevent(packet: Packet): void;
  onack(packet: Packet): void;
  emitEvent(args: unknown[]): void;
  emitReserved(event: string, ...args: unknown[]): unknown;
}

/** The methods that are replaced on the one socket. */
export type Hook = 'emit' | 'packet' | 'onevent' | 'onack' | 'emitEvent' | 'emitReserved';
export const HOOKS: readonly Hook[] = ['emit', 'packet', 'onevent', 'onack', 'emitEvent', 'emitReserved'];

/** Whether this is a socket whose insides we know. */
export const isKnown = (socket: unknown): socket is SocketInternals => {
  const candidate = socket as Partial<SocketInternals> | null | undefined;
  return !!candidate?.io && !!candidate.sendBuffer && HOOKS.every((hook) => typeof candidate[hook] === 'function');
};

/**
 * Replaces a method on this one object; returns a function that undoes it. The replacement is as invisible
 * as the original on the prototype was. If somebody has wrapped it since, it stays and must pass through.
 */
export const patch = (target: any, name: Hook, make: (original: (...args: any[]) => any) => (...args: any[]) => any): (() => void) => {
  const own = Object.getOwnPropertyDescriptor(target, name);
  const replacement = make(target[name]);
  Object.defineProperty(target, name, { value: replacement, configurable: true, writable: true });
  return () => {
    if (target[name] !== replacement) return;
    if (own) Object.defineProperty(target, name, own);
    else delete target[name];
  };
};
