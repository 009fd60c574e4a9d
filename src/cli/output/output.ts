import { styleText } from 'node:util'
import { storageError } from '../../core/errno.ts'
import { isGroveError } from '../../core/errors.ts'
import { INVISIBLE } from './format.ts'
import { widthOfText, wrapText } from './width.ts'

/** The output of the command line: answers on stdout, everything else on stderr. */
export interface Output {
  readonly answer: NodeJS.WriteStream
  readonly notes: NodeJS.WriteStream
  /** Aborts when stdout is no longer read, or, with a GroveError, when it takes no more. */
  readonly unread: AbortSignal
}

type Streams = Pick<NodeJS.Process, 'stdout' | 'stderr'>

/**
 * The streams of this process. If the reader leaves (`grove log | head`), the rest is not written.
 * Lines for a stderr that takes no more are lost.
 */
export function processOutput({ stdout, stderr }: Streams = process): Output {
  const controller = new AbortController()
  const output: Output = { answer: stdout, notes: stderr, unread: controller.signal }
  stderr.on('error', () => {})
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (controller.signal.aborted) return
    // A terminal that was closed answers EIO.
    const hasLeft = error.code === 'EPIPE' || (error.code === 'EIO' && stdout.isTTY === true)
    controller.abort(hasLeft ? undefined : storageError(error, { stream: 'stdout' }))
    if (!hasLeft) note(output, `grove: stdout takes no more: ${error.message}`)
  })
  return output
}

/** The exit code of a command whose answer was not read, or could not be written, to its end. */
export function unreadExit({ unread }: Output): number {
  return isGroveError(unread.reason) ? unread.reason.kind.exit : 0
}

/** Writes a line of an answer. */
export function print(output: Output, text: string): void {
  if (!output.unread.aborted) output.answer.write(`${text}\n`)
}

/** Writes prose, broken between words where the terminal ends. */
export function printProse(output: Output, text: string, format?: Style): void {
  for (const line of text.split('\n'))
    for (const part of wrapText(line, widthOf(output)))
      print(output, format === undefined ? part : style(output, format, part))
}

const LABEL_WIDTH = 14
/** What is assumed of a terminal that says less: that of a container may say 0. */
const COLUMNS_MIN = 40

/**
 * Prints a value beside its name, wrapped where the terminal ends. A single word that has no room
 * there, such as a hash, gets a line of its own: people copy it.
 */
export function printField(
  output: Output,
  name: string,
  value: string,
  labelWidth: number = LABEL_WIDTH,
): void {
  const room = widthOf(output) - labelWidth
  const isWord = !value.includes(' ') && widthOfText(value) > room
  const [first = '', ...rest] = isWord ? ['', value] : wrapText(value, room)
  print(output, (name.padEnd(labelWidth) + first).trimEnd())
  for (const line of rest) print(output, isWord ? line : ' '.repeat(labelWidth) + line)
}

/**
 * Characters of a JSON text that would control a terminal, or reorder what is shown: C1,
 * bidirectional, separators. JSON escapes the others by itself.
 */
const CONTROL = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Writes a value as JSON, with such characters and invisible ones escaped. */
export function printJson(output: Output, value: unknown, indent = 2): void {
  const text = JSON.stringify(value, undefined, indent) ?? 'null'
  print(output, text.replace(CONTROL, escaped).replace(INVISIBLE, escaped))
}

const escaped = (char: string): string =>
  Array.from({ length: char.length }, (_, at) => char.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('')

/** Writes a note to the user, which is not part of the answer. A terminal gets it wrapped. */
export function note(output: Output, text: string): void {
  const { isTTY, columns = 80 } = output.notes
  const width = isTTY === true ? Math.max(COLUMNS_MIN, columns) : Number.POSITIVE_INFINITY
  const lines = text.split('\n').flatMap((line) => wrapText(line, width))
  output.notes.write(`${lines.join('\n')}\n`)
}

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

/** Styles text if the answer goes to a terminal that supports it. */
export function style(output: Output, format: Style, text: string): string {
  return styleText(format, text, { stream: output.answer })
}

/** Columns for an answer; unlimited if it goes to a file or a pipe. */
export function widthOf(output: Output): number {
  return output.answer.isTTY
    ? Math.max(COLUMNS_MIN, output.answer.columns ?? 80)
    : Number.POSITIVE_INFINITY
}
