/** The second chunk: the engine with all that belongs to it, and what need not be there before the first paint. */
import { limits } from '../control/limits/index.js';
import { remoteConfig } from '../control/remote-config/index.js';
import { sampling } from '../control/sampling/index.js';
import { type Session, session } from '../control/session/index.js';
import type { Client } from '../core/client.js';
import type { Core } from '../core/core.js';
import { type Engine, startEngine } from '../core/engine.js';
import * as rare from '../core/rare.js';
import { consoleInstrumentation } from '../instrumentations/console/index.js';
import { csp } from '../instrumentations/csp/index.js';
import { documentLoad } from '../instrumentations/document-load/index.js';
import { longFrames } from '../instrumentations/long-frames/index.js';
import { navigation } from '../instrumentations/navigation/index.js';
import { type SocketIo, socketIo } from '../instrumentations/socket/index.js';
import { visibility } from '../instrumentations/visibility/index.js';
import { instrument } from '../instrumentations/web-vitals/instrument.js';
import { measure } from '../instrumentations/web-vitals/measure.js';
import { websocket } from '../instrumentations/websocket/index.js';
import { attach } from '../offline/attach.js';
import { keep } from '../offline/keeper.js';
import type { Instrumentation, TelemetryOptions } from '../types.js';
import type { LateParts } from './parts.js';

export const start = (options: TelemetryOptions, client: Client): Promise<Engine> => startEngine(options, client, async () => rare);

/** What the page talks to afterwards. */
export interface Rest {
  readonly sockets: SocketIo;
  readonly visit: Session;
}

/** How each is made of its options. */
type Makers = { [Name in keyof LateParts]-?: (options: Exclude<LateParts[Name], false | undefined>) => Instrumentation };

/** Puts in what the page has not left out. */
export const enableRest = (core: Core, parts: LateParts): Rest => {
  const sockets = socketIo(parts['socket.io'] || {});
  const visit = session(parts.session || {});
  const makers: Makers = {
    // First, because it may switch off what follows.
    'remote-config': remoteConfig,
    session: () => visit,
    sampling,
    limits,
    'socket.io': () => sockets,
    navigation,
    'document-load': documentLoad,
    'web-vitals': (options) => ({ name: 'web-vitals', enable: (context) => instrument(context, options, async () => ({ measure })) }),
    'long-frames': longFrames,
    console: consoleInstrumentation,
    csp,
    visibility,
    websocket,
    offline: (options) => attach(options, async () => ({ keep })),
  };
  const wanted: LateParts = { sampling: false, limits: false, ...parts };
  for (const name in makers) {
    const options = wanted[name as keyof LateParts];
    if (options !== false) core.use(makers[name as 'session'](options || {}));
  }
  return { sockets, visit };
};
