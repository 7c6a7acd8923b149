/** The syntax trees that `this.parse` of Rollup and Rolldown gives. */

/** A node of an ESTree. */
export interface Node {
  type: string;
  start: number;
  end: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what else there is depends on the type
  [key: string]: any;
}

export const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === 'string';

/** A node's children, in the order in which they are written. */
export const children = (node: Node): Node[] => {
  const found: Node[] = [];
  for (const key in node) {
    const value: unknown = node[key];
    if (Array.isArray(value)) found.push(...value.filter(isNode));
    else if (isNode(value)) found.push(value);
  }
  return found.sort((a, b) => a.start - b.start);
};
