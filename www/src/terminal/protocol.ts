/** The terminal's events on Socket.IO. What the server sends is checked before it is believed. */

export interface CreatedMessage {
  terminalId: string
  title: string
  cols: number
  rows: number
}

export interface OutputMessage {
  terminalId: string
  seq: number
  data: string
}

export interface ClosedMessage {
  terminalId: string
  reason: 'exit' | 'closed' | 'shutdown'
  exitCode: number | null
}

export interface ErrorMessage {
  terminalId: string | null
  code: string
  message: string
}

export type AttachAnswer = ({ ok: true; replay: string; seq: number } & CreatedMessage) | { ok: false; error: ErrorMessage }

export interface ListedTerminal {
  terminalId: string
  title: string
  /** How many sockets watch it. */
  attached: number
  alive: boolean
}

type Fields = Record<string, unknown>

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function string(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? value : otherwise
}

function integer(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isInteger(value) ? value : otherwise
}

export function readCreated(value: unknown): CreatedMessage | null {
  const { terminalId, title, cols, rows } = fields(value)
  if (typeof terminalId !== 'string' || terminalId === '') return null
  return { terminalId, title: string(title, 'Terminal'), cols: integer(cols, 80), rows: integer(rows, 24) }
}

export function readOutput(value: unknown): OutputMessage | null {
  const { terminalId, seq, data } = fields(value)
  return typeof terminalId === 'string' && typeof seq === 'number' && typeof data === 'string' ? { terminalId, seq, data } : null
}

export function readClosed(value: unknown): ClosedMessage | null {
  const { terminalId, reason, exitCode } = fields(value)
  if (typeof terminalId !== 'string') return null
  return {
    terminalId,
    reason: reason === 'closed' || reason === 'shutdown' ? reason : 'exit',
    exitCode: typeof exitCode === 'number' ? exitCode : null,
  }
}

export function readError(value: unknown): ErrorMessage {
  const { terminalId, code, message } = fields(value)
  return {
    terminalId: typeof terminalId === 'string' ? terminalId : null,
    code: string(code, 'unknown'),
    message: string(message, 'The server reported an error without saying which.'),
  }
}

export function readAttach(value: unknown): AttachAnswer {
  const answer = fields(value)
  const created = readCreated(answer)
  if (answer.ok === true && created) return { ok: true, ...created, replay: string(answer.replay), seq: integer(answer.seq, 0) }
  return { ok: false, error: readError(answer.error) }
}

export function readList(value: unknown): ListedTerminal[] {
  const { terminals } = fields(value)
  if (!Array.isArray(terminals)) return []
  return terminals.flatMap((entry: unknown) => {
    const { terminalId, title, attached, alive } = fields(entry)
    if (typeof terminalId !== 'string' || terminalId === '') return []
    return [{ terminalId, title: string(title, 'Terminal'), attached: attached === true ? 1 : integer(attached, 0), alive: alive === true }]
  })
}
