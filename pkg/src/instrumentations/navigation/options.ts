/** Options of the instrumentation of navigations. */
export interface NavigationOptions {
  /**
   * The template of a route, such as `/users/:id`, for a URL of the page. It becomes `aether.route` of everything
   * recorded from then on. Routers that tell it themselves (the Vue plugin does) need no such function.
   */
  route?: (url: URL) => string | undefined;
}
