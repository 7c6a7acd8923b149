import { expect, it } from 'vitest'
import { asSentences } from './sentences'

it.each([
  ['no such terminal: it has ended; open another', { message: 'No such terminal: it has ended.', remedy: 'Open another.' }],
  ['trace not found', { message: 'Trace not found.', remedy: '' }],
  ['Already a sentence.', { message: 'Already a sentence.', remedy: '' }],
  ['', { message: '', remedy: '' }],
])('%s', (text, said) => expect(asSentences(text)).toEqual(said))
