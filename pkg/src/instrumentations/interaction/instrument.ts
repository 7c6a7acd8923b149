/**
 * A span for each interaction, which is the current context while the page's listeners run: what they emit or
 * fetch joins its trace. It ends when the browser has painted what came of it.
 *
 * Neither text nor values of elements are recorded, nor ids, which many frameworks generate: an element is named
 * by its attribute `data-telemetry`, else by its tag and type.
 */
import { enter } from '../../core/context.js';
import { all, listen } from '../../core/hooks.js';
import { later } from '../../core/later.js';
import { Limit } from '../../core/limit.js';
import type { InstrumentationContext } from '../../types.js';
import type { InteractionOptions } from './options.js';

const SELECTOR = 'button,a[href],input,select,textarea,summary,label,form,[role=button],[role=link],[role=menuitem],[role=tab],[data-telemetry]';
/** A page that is not painted, because it is hidden, has no next frame. */
const PAINT_MS = 1000;

export const instrument = (
  context: InstrumentationContext,
  { events = ['click', 'submit'], selector = SELECTOR, maxTracesPerSecond = 20 }: InteractionOptions,
): (() => void) => {
  const limit = new Limit(maxTracesPerSecond);
  const target = globalThis.document?.defaultView as EventTarget | undefined;
  let leave: (() => void) | undefined;
  const left = (): void => {
    leave?.();
    leave = undefined;
  };

  const begin = (event: Event): void => {
    // One that was not heard bubbling, because a listener has stopped it.
    left();
    const element = (event.target as Partial<Element> | null)?.closest?.(selector);
    if (!element || !event.isTrusted) return;
    if (!limit.allows(event.type)) return context.rateLimited('traces');
    const type = element.getAttribute('type');
    const span = context.startSpan(event.type, {
      parent: null,
      attributes: {
        'browser.interaction.type': event.type,
        'browser.interaction.target': element.getAttribute('data-telemetry') ?? element.localName + (type ? `[type=${type}]` : ''),
      },
    });
    leave = enter(span);
    // A task of its own comes right after the event's, whoever has stopped it from bubbling.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      left();
      port1.close();
    };
    port2.postMessage(0);
    let done = false;
    const end = (): void => {
      if (done) return;
      done = true;
      span.end();
    };
    globalThis.requestAnimationFrame?.(() => later(0, end));
    later(PAINT_MS, end);
  };

  return all(
    ...events.flatMap((type) => [listen(context, target, type, begin, { capture: true }), listen(context, target, type, left)]),
    left,
  );
};
