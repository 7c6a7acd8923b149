/** What `/everything` consists of, and how a page says what each part shall do. */
import type { BeforeSend } from '../control/before-send/index.js';
import type { Limits } from '../control/limits/index.js';
import type { RemoteConfigOptions } from '../control/remote-config/index.js';
import type { Sampling } from '../control/sampling/index.js';
import type { SessionOptions } from '../control/session/index.js';
import type { ConsoleOptions } from '../instrumentations/console/index.js';
import type { CspOptions } from '../instrumentations/csp/index.js';
import type { DocumentLoadOptions } from '../instrumentations/document-load/index.js';
import type { ErrorOptions } from '../instrumentations/errors/index.js';
import type { FetchOptions } from '../instrumentations/fetch/index.js';
import type { InteractionOptions } from '../instrumentations/interaction/index.js';
import type { LongFramesOptions } from '../instrumentations/long-frames/index.js';
import type { NavigationOptions } from '../instrumentations/navigation/index.js';
import type { VisibilityOptions } from '../instrumentations/visibility/index.js';
import type { WebSocketOptions } from '../instrumentations/websocket/index.js';
import type { WebVitalsOptions } from '../instrumentations/web-vitals/index.js';
import type { XhrOptions } from '../instrumentations/xhr/index.js';
import type { OfflineOptions } from '../offline/index.js';
import type { Attributes, SocketOptions } from '../types.js';

/** Parts that are there from the start, lest something be missed. */
export interface EarlyParts {
  errors?: ErrorOptions | false | undefined;
  fetch?: FetchOptions | false | undefined;
  xhr?: XhrOptions | false | undefined;
  interaction?: InteractionOptions | false | undefined;
  /** Attributes of every span and log record. Default: none. */
  attributes?: Attributes | (() => Attributes) | undefined;
  /** The last look at what leaves the page. Default: nobody looks. */
  'before-send'?: BeforeSend | undefined;
}

/** Parts that come after the first paint. */
export interface LateParts {
  'remote-config'?: RemoteConfigOptions | false | undefined;
  session?: SessionOptions | false | undefined;
  /** Rules for what is recorded. Default: none but `sampleRatio`. */
  sampling?: Sampling | false | undefined;
  /** Lower limits than those that always hold. Default: none. */
  limits?: Limits | false | undefined;
  /** For every socket that is not given options of its own. */
  'socket.io'?: SocketOptions | false | undefined;
  navigation?: NavigationOptions | false | undefined;
  'document-load'?: DocumentLoadOptions | false | undefined;
  'web-vitals'?: WebVitalsOptions | false | undefined;
  'long-frames'?: LongFramesOptions | false | undefined;
  console?: ConsoleOptions | false | undefined;
  csp?: CspOptions | false | undefined;
  visibility?: VisibilityOptions | false | undefined;
  websocket?: WebSocketOptions | false | undefined;
  offline?: OfflineOptions | false | undefined;
}

/** Options of each part, by the name that it has in settings from the server, too. `false` leaves a part out. */
export type Parts = EarlyParts & LateParts;
