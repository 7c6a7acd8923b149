/** The chunk that is loaded after the page: the engine, which gets the one for what is rare when that is needed. */
import type { TelemetryOptions } from '../types.js';
import type { Client } from './client.js';
import { type Engine, startEngine } from './engine.js';

export const start = (options: TelemetryOptions, client: Client): Promise<Engine> => startEngine(options, client, () => import('./rare.js'));
