import { pipeline } from 'node:stream/promises'
import { isJsonObject } from '../../core/canonical.ts'
import { GroveError } from '../../core/errors.ts'
import type { GroveNode } from '../../node/node.ts'
import type {
  BytesAnswer,
  BytesOperation,
  EventsOperation,
  JsonOperation,
  Operation,
  StreamOperation,
  UploadOperation,
} from '../operations/operation.ts'
import { parseInput } from '../schema/parse.ts'
import { type InputForms, inputForms, readQuery } from '../schema/query.ts'
import { bodyOf, parseJsonBody, readBody } from './body.ts'
import { sendBytes } from './bytes.ts'
import { sendEvents } from './event-stream.ts'
import type { Exchange } from './exchange.ts'
import type { Metrics } from './metrics.ts'
import { isMultipart, readMultipart } from './multipart.ts'
import type { Handler } from './routes.ts'

/** The largest JSON body where an operation doesn't say otherwise. */
const JSON_MAX_BYTES = 64 * 1024

/** What every answer of a server is made with. */
export interface ServerContext {
  readonly node: GroveNode
  readonly metrics: Metrics
  /** Aborts when the server begins to close: streams without end stop then. */
  readonly draining: AbortSignal
}

/** One request for an operation. */
interface Call extends ServerContext {
  readonly exchange: Exchange
  readonly params: Readonly<Record<string, string>>
  readonly forms: InputForms
}

/** The operation as an HTTP handler. */
export function handlerOf(operation: Operation, surroundings: ServerContext): Handler {
  const forms = inputForms(operation)
  return {
    name: operation.name,
    answer: (exchange, params) => answer(operation, { ...surroundings, forms, exchange, params }),
  }
}

function answer(operation: Operation, call: Call): Promise<void> {
  switch (operation.kind) {
    case 'json':
      return answerJson(operation, call)
    case 'bytes':
      return answerBytes(operation, call)
    case 'upload':
      return answerUpload(operation, call)
    case 'stream':
      return answerStream(operation, call)
    case 'events':
      return answerEvents(operation, call)
  }
}

async function answerJson(operation: JsonOperation, call: Call): Promise<void> {
  const { http, wire } = operation
  const { node, exchange } = call
  const given = http.method === 'GET' ? queryInput(call) : await bodyInput(operation, call)
  const input = operation.checksInput === true ? given : parseInput(operation.input, given)
  const output = await operation.run(node, input, { signal: exchange.signal })
  if (wire === undefined) return exchange.sendJson(http.status ?? 200, output)
  const { body, headers } = wire.pack(output)
  exchange.sendJson(http.status ?? 200, body, headers)
}

async function answerBytes(operation: BytesOperation, call: Call): Promise<void> {
  const { node, exchange, metrics } = call
  const answer = await operation.run(node, parseInput(operation.input, queryInput(call)), {
    signal: exchange.signal,
  })
  const open: BytesAnswer['open'] = async (options) =>
    counted(await answer.open(options), metrics.sent)
  await sendBytes(exchange, operation.contentType, { ...answer, open })
}

async function answerUpload(operation: UploadOperation, call: Call): Promise<void> {
  const { node, exchange, metrics } = call
  const input = parseInput(operation.input, queryInput(call))
  exchange.expectMovement()
  const body = counted(bodyOf(exchange.incoming), metrics.received)
  const output = await operation.run(node, input, { body, signal: exchange.signal })
  exchange.allowPause()
  exchange.sendJson(operation.http.status ?? 200, output)
}

async function answerStream(operation: StreamOperation, call: Call): Promise<void> {
  const { node, exchange } = call
  const { signal } = exchange
  const input = parseInput(operation.input, await bodyInput(operation, call))
  const { contentType, form } = operation
  const asked = form !== undefined && exchange.header(form.header) === form.name ? form : undefined
  const context = { signal, form: asked?.name }
  const chunks = operation.run(node, input, context)[Symbol.asyncIterator]()
  const first = await chunks.next()
  exchange.start(200, {
    'content-type': contentType,
    'cache-control': 'no-store',
    ...(asked === undefined ? {} : { [asked.header]: asked.name }),
  })
  exchange.expectMovement()
  await pipeline(resumed(first, chunks), exchange.outgoing, { signal })
}

function answerEvents(operation: EventsOperation, call: Call): Promise<void> {
  const signal = AbortSignal.any([call.exchange.signal, call.draining])
  const events = operation.run(call.node, parseInput(operation.input, queryInput(call)), { signal })
  return sendEvents(call.exchange, events)
}

/** What the query says, and the path; the path has the last word. */
function queryInput({ exchange, forms, params }: Call): Record<string, unknown> {
  return { ...readQuery(exchange.search, forms), ...params }
}

/** What the body says, and the path; the path has the last word. */
async function bodyInput(operation: Operation, call: Call): Promise<unknown> {
  const value = await bodyValue(operation, call)
  call.exchange.allowPause()
  if (call.forms.path.length === 0) return value
  if (!isJsonObject(value))
    throw new GroveError('validation-error', {}, { message: 'the body must be a JSON object' })
  return { ...value, ...call.params }
}

async function bodyValue(
  operation: Operation,
  { node, exchange, metrics }: Call,
): Promise<unknown> {
  exchange.expectMovement()
  const manifest = operation.kind === 'json' && operation.multipart === true
  if (manifest && isMultipart(exchange)) {
    return readMultipart(node, exchange, counted(bodyOf(exchange.incoming), metrics.received))
  }
  const maxBytes = operation.http.maxBodyBytes ?? JSON_MAX_BYTES
  const body = await readBody(exchange.incoming, {
    maxBytes,
    code: manifest ? 'manifest-too-large' : 'body-too-large',
  })
  if (body.byteLength > 0) requireJson(exchange)
  return parseJsonBody(body)
}

/** A web page may send text and forms to any address without being asked; JSON it may not. So nothing else is taken for JSON. */
function requireJson(exchange: Exchange): void {
  const type = exchange.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type === 'application/json') return
  throw new GroveError(
    'validation-error',
    { contentType: type ?? '' },
    { message: 'send JSON with the header content-type: application/json' },
  )
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    count(chunk.byteLength)
    yield chunk
  }
}

/** A stream whose first item was taken already, so that an error at once can still be answered with its status. */
async function* resumed(
  first: IteratorResult<Uint8Array>,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for (let step = first; step.done !== true; step = await rest.next()) yield step.value
}
