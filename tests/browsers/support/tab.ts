/** What the tests do in a browser, whichever it is. */

/** A function that runs in the page: it sees its argument and nothing else from here. */
export type InPage<A, T> = (argument: A) => T | Promise<T>

export interface Tab {
  goto(url: string): Promise<void>
  /** Goes back in the tab's history; the page may be the one that was there before, as it was. */
  back(): Promise<void>
  evaluate<T, A = undefined>(act: InPage<A, T>, argument?: A): Promise<T>
  /** Clicks what the CSS selector finds, as a person does. */
  click(selector: string): Promise<void>
  /** Presses keys, each of them an event of its own. */
  type(text: string): Promise<void>
  enter(): Promise<void>
  /** Opens another tab of the same browser, which has the same cookies, and goes on in it. */
  another(): Promise<Tab>
  /** Closes the tab as its cross does; with the last one the browser may go. */
  close(): Promise<void>
}

/** A browser that is running. */
export interface Browser {
  /** What it says it is, version included. */
  readonly version: string
  /** A tab without cookies, storage or cache from before. */
  fresh(): Promise<Tab>
  close(): Promise<void>
}

/** What the page shows at `selector`; nothing while it is not there. */
export const shown = (tab: Tab, selector: string): Promise<string> =>
  tab.evaluate((one) => {
    const visible = [...document.querySelectorAll<HTMLElement>(one)].find((element) => element.offsetParent !== null)
    return visible?.innerText ?? ''
  }, selector)
