/**
 * Functions in parentheses. Chromium takes them for functions that are about to be called, and compiles them with
 * their file, beside the main thread, instead of when they are called first. Rolldown keeps the parentheses as it minifies;
 * esbuild, which Vite up to 7 minifies with, takes them away again.
 */
import MagicString from 'magic-string';
import { type Node, children } from './nodes.js';

/** Puts all functions of a module into parentheses that can be: declarations and methods cannot. `undefined` if there are none. */
export const eager = (code: string, program: Node): MagicString | undefined => {
  const text = new MagicString(code);
  const visit = (node: Node): void => {
    for (const child of children(node)) {
      const isMethod = node.type === 'MethodDefinition' || (node.type === 'Property' && (node['method'] || node['kind'] !== 'init'));
      const isFunction = child.type === 'ArrowFunctionExpression' || child.type === 'FunctionExpression';
      // One that is an argument, or has parentheses, has one before it.
      if (isFunction && !isMethod && code[child.start - 1] !== '(') {
        text.appendRight(child.start, '(');
        text.appendLeft(child.end, ')');
      }
      visit(child);
    }
  };
  visit(program);
  return text.hasChanged() ? text : undefined;
};
