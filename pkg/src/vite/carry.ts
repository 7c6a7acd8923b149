/**
 * Rewrites JavaScript so that the current context survives `await`.
 *
 * Every function that can be suspended gets a `Suspension` (see `../core/context.ts`), which is told where the function goes
 * to sleep and where it wakes up:
 *
 * | written | becomes |
 * |---|---|
 * | the body of an `async` function | `const a = suspension(); try { … } finally { a.e() }` |
 * | `await x`, `yield x` | `a.r(await a.s(x))` |
 * | `yield* x` | `a.r(yield* a.i(x))` |
 * | `for await (const x of y) …` | `try { for await (const x of a.i(y)) { a.r(); … } } finally { a.r() }` |
 * | `catch { … }`, `finally { … }` | the same, beginning with `a.r()` |
 * | `return x` of an async generator | `return a.s(x)` |
 *
 * The function stays an async function and awaits what it awaited, as often: results, errors, order and timing are
 * those of the source. Text is only ever inserted, so that source maps are exact.
 */
import MagicString from 'magic-string';
import { type Node, children } from './nodes.js';

/** Where {@link carry} says that it has left something as it was. */
export type Warn = (message: string, position: number) => void;

const isFunction = ({ type }: Node): boolean => /^(ArrowFunctionExpression|FunctionExpression|FunctionDeclaration)$/.test(type);

/** Calls `visit` for what belongs to a function or module itself, and not to the functions in it. */
const own = (root: Node, visit: (node: Node) => void): void => {
  for (const child of children(root)) {
    visit(child);
    if (!isFunction(child)) own(child, visit);
  }
};

const isPlain = (node: Node): boolean => node.type === 'YieldExpression' || node.type === 'AwaitExpression';
const isLoop = (node: Node): boolean => node.type === 'ForOfStatement' && node['await'] === true;
const isDisposing = (node: Node): boolean => node.type === 'VariableDeclaration' && node['kind'] === 'await using';

/** Names that the statements of a function's body declare twice: in a block, which that body becomes, they must not be. */
const declaredTwice = (body: Node): string | undefined => {
  const functions = new Set<string>();
  const variables = new Set<string>();
  for (const { type, id } of body['body'] as Node[]) {
    if (type !== 'FunctionDeclaration') continue;
    if (functions.has(id.name)) return id.name as string;
    functions.add(id.name);
  }
  if (!functions.size) return undefined;
  const names = (pattern: Node): void => {
    if (pattern.type === 'Identifier') variables.add(pattern['name']);
    else if (pattern.type === 'Property') names(pattern['value']);
    else if (pattern.type === 'AssignmentPattern') names(pattern['left']);
    else children(pattern).forEach(names);
  };
  own(body, (node) => {
    if (node.type === 'VariableDeclaration' && node['kind'] === 'var') for (const { id } of node['declarations']) names(id);
  });
  return [...functions].find((name) => variables.has(name));
};

/** The position behind `token`, which is the next thing after `from` that is neither space, parenthesis nor comment. */
const behind = (code: string, from: number, token: string): number => {
  const skipped = /(?:[\s(),]|\/\*[^]*?\*\/|\/\/.*)*/y;
  skipped.lastIndex = from;
  skipped.test(code);
  const at = skipped.lastIndex;
  if (!code.startsWith(token, at)) throw new Error(`"${token}" is expected at ${at}`);
  return at + token.length;
};

/** Behind the directives, hashbang included, that a body begins with. */
const start = (code: string, { body, start: from, type }: Node): number => {
  const directives = (body as Node[]).filter((statement) => statement['directive']);
  const last = directives[directives.length - 1];
  if (last) return last.end;
  if (type !== 'Program') return from + 1;
  return /^#!.*\n?/.exec(code)?.[0].length ?? 0;
};

class Carrier {
  readonly text: MagicString;
  changed = false;

  constructor(
    private readonly code: string,
    /** What makes a suspension, and the name that each function gives to its own. */
    private readonly make: string,
    private readonly name: string,
    private readonly warn: Warn,
  ) {
    this.text = new MagicString(code);
  }

  /** Rewrites what belongs to `root`, if that can be suspended, and every function in it. */
  enter(root: Node): void {
    const { code, text, name } = this;
    let suspends = false;
    let reason: string | undefined;
    let at = root.start;
    own(root, (node) => {
      const counts = root['async'] || root.type === 'Program';
      suspends ||= counts && (isPlain(node) || isLoop(node));
      if (counts && isDisposing(node)) [reason, at] = ['"await using" in it', node.start];
    });
    const body = (root.type === 'Program' ? root : root['body']) as Node;
    if (suspends && !reason && body.type === 'BlockStatement') {
      const twice = declaredTwice(body);
      if (twice) reason = `"${twice}" is declared twice in it`;
    }
    if (suspends && reason) this.warn(`the context is not carried through this function: ${reason}`, at);
    if (!suspends || reason) return this.visit(root, undefined);

    this.changed = true;
    const begin = `const ${name}=${this.make}();`;
    const end = `}finally{${name}.e()}`;
    if (root.type === 'Program') {
      text.appendLeft(start(code, body), `;${begin}`);
      this.visit(root, root);
      text.append(`\n;${name}.e();`);
    } else if (body.type === 'BlockStatement') {
      // Parameters come first: there may be functions in their defaults.
      const head = start(code, body);
      for (const child of children(root)) {
        if (child === body) text.appendLeft(head, `;${begin}try{`);
        this.node(child, root);
      }
      text.appendLeft(body.end - 1, end);
    } else {
      const params = root['params'] as Node[];
      for (const param of params) this.node(param, root);
      const from = params[params.length - 1]?.end ?? behind(code, root.start, 'async');
      text.appendLeft(behind(code, from, '=>'), `{${begin}try{return(`);
      this.node(body, root);
      text.appendLeft(root.end, `)${end}}`);
    }
  }

  private visit(node: Node, owner: Node | undefined): void {
    for (const child of children(node)) this.node(child, owner);
  }

  /** `owner`: the function or module whose suspension is used; none where nothing is rewritten. */
  private node(node: Node, owner: Node | undefined): void {
    if (isFunction(node)) return this.enter(node);
    if (!owner) return this.visit(node, owner);
    if (isPlain(node)) return this.plain(node, owner);
    if (isLoop(node) || node.type === 'LabeledStatement') return this.loop(node, owner);
    const { text, name } = this;
    const { type } = node;
    if (type === 'ReturnStatement' && owner['generator'] && node['argument']) {
      text.appendLeft(node.start + 6, ` ${name}.s(`);
      this.visit(node, owner);
      // Of parentheses around the argument it does not matter which of them closes what.
      text.appendLeft(node['argument'].end, ')');
      return;
    }
    if (type === 'TryStatement') {
      this.node(node['block'], owner);
      for (const block of [node['handler']?.body, node['finalizer']] as (Node | null | undefined)[]) {
        if (!block) continue;
        if (block === node['handler']?.body && node['handler'].param) this.node(node['handler'].param, owner);
        text.appendLeft(block.start + 1, `${name}.r();`);
        this.node(block, owner);
      }
      return;
    }
    this.visit(node, owner);
  }

  /** `await` and `yield`: both words have five letters. */
  private plain(node: Node, owner: Node): void {
    const { code, text, name } = this;
    const keyword = node.start + 5;
    const delegates = node['delegate'] === true;
    text.appendLeft(node.start, `${name}.r(`);
    text.appendLeft(delegates ? behind(code, keyword, '*') : keyword, ` ${name}.${delegates ? 'i' : 's'}(`);
    this.visit(node, owner);
    text.appendLeft(node.end, '))');
  }

  /** A `for await` together with its labels, which may be jumped to out of it. */
  private loop(statement: Node, owner: Node): void {
    let loop = statement;
    while (loop.type === 'LabeledStatement') loop = loop['body'];
    if (!isLoop(loop)) return this.visit(statement, owner);
    const { text, name } = this;
    const { left, right, body } = loop as unknown as Record<'left' | 'right' | 'body', Node>;
    text.appendLeft(statement.start, 'try{');
    this.node(left, owner);
    text.appendLeft(behind(this.code, left.end, 'of'), ` ${name}.i(`);
    this.node(right, owner);
    text.appendLeft(right.end, ')');
    text.appendLeft(body.start, `{${name}.r();`);
    this.node(body, owner);
    text.appendLeft(statement.end, `}}finally{${name}.r()}`);
  }
}

/**
 * `code` rewritten, or `undefined` if nothing in it can be suspended.
 *
 * @param program What `this.parse` makes of `code`.
 * @param make An expression for the function `suspension` of `../core/context.ts`.
 * @param name A name that `code` does not have.
 */
export const carry = (code: string, program: Node, make: string, name: string, warn: Warn = () => {}): MagicString | undefined => {
  const carrier = new Carrier(code, make, name, warn);
  carrier.enter(program);
  return carrier.changed ? carrier.text : undefined;
};
