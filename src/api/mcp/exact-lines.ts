import { Transform, type TransformCallback, type Writable } from 'node:stream'
import { JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js'
import { errorBody, GroveError, isGroveError } from '../../core/errors.ts'
import { parseExactJson } from '../../core/exact-json.ts'

const LINE_END = 0x0a
/** The longest message that is read; a longer one ends the connection. */
const MESSAGE_MAX_BYTES = 10 * 1024 * 1024
/** What JSON-RPC 2.0 §5.1 calls these errors. */
const PARSE_ERROR = -32_700
const INVALID_REQUEST = -32_600
const INVALID_PARAMS = -32_602
/** Where a tool's arguments are in a message, which its caller doesn't see. */
const ARGUMENTS = 'params.arguments.'

/**
 * The lines of stdin whose messages arrive as they were written, for an MCP transport over stdio.
 * The others are answered on stdout: what is no JSON or no message, on whose answer its sender
 * would wait for ever, and numbers that would change on the way. While answers aren't read, no more
 * messages are: they would be answered in memory. A message that is too long is an error.
 */
export function exactLines(stdout: Writable): Transform {
  return new ExactLines(stdout)
}

class ExactLines extends Transform {
  readonly #stdout: Writable
  #rest: Buffer[] = []
  #restBytes = 0

  constructor(stdout: Writable) {
    super()
    this.#stdout = stdout
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    let from = 0
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, from)) {
      this.#take(Buffer.concat([...this.#rest, chunk.subarray(from, end + 1)]))
      this.#rest = []
      this.#restBytes = 0
      from = end + 1
    }
    this.#rest.push(chunk.subarray(from))
    this.#restBytes += chunk.byteLength - from
    if (this.#restBytes > MESSAGE_MAX_BYTES) done(tooLong())
    else if (this.#stdout.writableNeedDrain) this.#stdout.once('drain', done)
    else done()
  }

  #take(line: Buffer): void {
    const text = line.toString('utf8')
    if (text.trim() === '') return
    try {
      const message = parseExactJson(text)
      if (JSONRPCMessageSchema.safeParse(message).success) this.push(line)
      else for (const refusal of refusalsOf(message)) this.#answer(refusal)
    } catch (error) {
      this.#answer(answerTo(text, error))
    }
  }

  #answer(message: object): void {
    this.#stdout.write(`${JSON.stringify(message)}\n`)
  }
}

function tooLong(): GroveError {
  const maxBytes = MESSAGE_MAX_BYTES
  const message = `a message may have ${maxBytes} bytes: this one is longer, and ends the reading`
  return new GroveError('body-too-large', { maxBytes }, { message })
}

/** For each request of a batch one, since its sender waits for each. A wrong answer gets none. */
function refusalsOf(given: unknown): object[] {
  if (Array.isArray(given) && given.length > 0)
    return given.flatMap((member) =>
      refusal(member, 'messages are taken one a line, not in a list'),
    )
  return refusal(given, 'this is no request of JSON-RPC 2.0')
}

function refusal(given: unknown, message: string): object[] {
  const { id, method, result, error } = (given ?? {}) as Readonly<Record<string, unknown>>
  if (method === undefined && (result !== undefined || error !== undefined)) return []
  const known = typeof id === 'string' || Number.isInteger(id) ? id : null
  return [{ jsonrpc: '2.0', id: known, error: { code: INVALID_REQUEST, message } }]
}

function answerTo(text: string, error: unknown) {
  if (!isGroveError(error)) {
    const message = `the line is not JSON: ${(error as Error).message}`
    return { jsonrpc: '2.0', id: null, error: { code: PARSE_ERROR, message } }
  }
  const { id = null, method } = JSON.parse(text) as { id?: unknown; method?: unknown }
  const { message, details } = error
  const path = String(details.path)
  const known = path.startsWith(ARGUMENTS)
    ? new GroveError(
        error.code,
        { ...details, path: path.slice(ARGUMENTS.length) },
        { message: message.replace(ARGUMENTS, '') },
      )
    : error
  if (method !== 'tools/call')
    return { jsonrpc: '2.0', id, error: { code: INVALID_PARAMS, message: known.message } }
  const content = [{ type: 'text', text: JSON.stringify(errorBody(known)) }]
  return { jsonrpc: '2.0', id, result: { content, isError: true } }
}
