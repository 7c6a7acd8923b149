/** `@aetherterm/telemetry/attributes`: attributes of everything that is recorded, and who is using the page. */
import type { Attributes, Instrumentation } from '../../types.js';
import { ENRICH, type Item, stage } from '../stages.js';

/** Sets what the record does not say itself. */
const fill = (item: Item, attributes: Attributes): void => {
  item.attributes = { ...attributes, ...item.attributes };
};

/**
 * Attributes of every span and log record, as they are when it is finished. What the record has itself wins. Metrics
 * do not get them: there each value would be a series of its own. What a function throws is told once on the console,
 * and the record goes without.
 *
 * @example
 * createTelemetry({ serviceName: 'shop', instrumentations: [globalAttributes(() => ({ 'app.tenant': tenant.value }))] });
 */
export const globalAttributes = (attributes: Attributes | (() => Attributes)): Instrumentation => ({
  name: 'attributes',
  enable: (context) => stage(context, ENRICH, (item) => fill(item, typeof attributes === 'function' ? attributes() : attributes)),
});

/** Who uses the page; all of it leaves the page, so name no more than is needed. */
export interface User {
  /** `user.id` */
  id?: string;
  /** `user.name`: the short name, as for signing in. */
  name?: string;
  /** `user.full_name` */
  fullName?: string;
  /** `user.email` */
  email?: string;
  /** `user.hash`: instead of an id, where that must not be known. */
  hash?: string;
  /** `user.roles` */
  roles?: readonly string[];
}

/** What {@link userContext} returns. */
export interface UserContext extends Instrumentation {
  /** From now on it is this one; `undefined`: nobody. */
  setUser(user: User | undefined): void;
}

/**
 * `user.*` on every span and log record, by the semantic conventions
 * (<https://opentelemetry.io/docs/specs/semconv/registry/attributes/user/>). Nothing is stored: after a reload it has to
 * be said again.
 *
 * @example
 * const user = userContext();
 * createTelemetry({ serviceName: 'shop', instrumentations: [user] });
 * user.setUser({ id: account.id }); // and at sign-out: user.setUser(undefined)
 */
export const userContext = (first?: User): UserContext => {
  let attributes: Attributes = {};
  const setUser = (user: User | undefined): void => {
    attributes = {
      'user.id': user?.id,
      'user.name': user?.name,
      'user.full_name': user?.fullName,
      'user.email': user?.email,
      'user.hash': user?.hash,
      'user.roles': user?.roles,
    };
  };
  setUser(first);
  return {
    name: 'user',
    setUser,
    enable: (context) => stage(context, ENRICH, (item) => fill(item, attributes)),
  };
};
