import { pipeline } from 'node:stream/promises'
import { isJsonObject } from '../../core/canonical.ts'
import { GroveError } from '../../core/errors.ts'
import type { GroveNode } from '../../node/node.ts'
import type { Metrics } from '../metrics.ts'
import type {
  BytesOperation,
  EventsOperation,
  JsonOperation,
  Operation,
  StreamOperation,
  UploadOperation,
} from '../operation.ts'
import { parseInput } from '../parse.ts'
import { type InputForms, inputForms, readQuery } from '../query.ts'
import { bodyOf, parseJsonBody, readBody } from './body.ts'
import { sendBytes } from './bytes.ts'
import { sendEvents } from './event-stream.ts'
import type { Exchange } from './exchange.ts'
import { isMultipart, readMultipart } from './multipart.ts'
import type { Handler } from './routes.ts'

/** The largest JSON body where an operation doesn't say otherwise. */
const JSON_MAX_BYTES = 64 * 1024

export interface Surroundings {
  readonly node: GroveNode
  readonly metrics: Metrics
  /** Aborts when the server begins to close: streams without end stop then. */
  readonly draining: AbortSignal
}

type Params = Readonly<Record<string, string>>

/** The operation as an HTTP handler. */
export function handlerOf(operation: Operation, surroundings: Surroundings): Handler {
  const forms = inputForms(operation)
  const { name } = operation
  switch (operation.kind) {
    case 'json':
      return { name, answer: (exchange, params) => answerJson(operation, forms, surroundings, exchange, params) }
    case 'bytes':
      return { name, answer: (exchange, params) => answerBytes(operation, forms, surroundings, exchange, params) }
    case 'upload':
      return { name, answer: (exchange, params) => answerUpload(operation, forms, surroundings, exchange, params) }
    case 'stream':
      return { name, answer: (exchange, params) => answerStream(operation, surroundings, exchange, params) }
    case 'events':
      return { name, answer: (exchange) => answerEvents(operation, surroundings, exchange) }
  }
}

async function answerJson(
  operation: JsonOperation,
  forms: InputForms,
  { node }: Surroundings,
  exchange: Exchange,
  params: Params,
): Promise<void> {
  const { http, wire } = operation
  const given =
    http.method === 'GET'
      ? { ...readQuery(exchange.search, forms), ...params }
      : await bodyInput(operation, node, exchange, params)
  const input = operation.checksInput === true ? given : parseInput(operation.input, given)
  const output = await operation.run(node, input, exchange)
  if (wire === undefined) return exchange.sendJson(http.status ?? 200, output)
  const { body, headers } = wire.pack(output)
  exchange.sendJson(http.status ?? 200, body, headers)
}

async function answerBytes(
  operation: BytesOperation,
  forms: InputForms,
  { node, metrics }: Surroundings,
  exchange: Exchange,
  params: Params,
): Promise<void> {
  const input = parseInput(operation.input, { ...readQuery(exchange.search, forms), ...params })
  const answer = await operation.run(node, input, exchange)
  await sendBytes(exchange, operation.contentType, {
    ...answer,
    open: async (options) => counted(await answer.open(options), metrics.sent),
  })
}

async function answerUpload(
  operation: UploadOperation,
  forms: InputForms,
  { node, metrics }: Surroundings,
  exchange: Exchange,
  params: Params,
): Promise<void> {
  const input = parseInput(operation.input, { ...readQuery(exchange.search, forms), ...params })
  exchange.expectMovement()
  const body = counted(bodyOf(exchange.incoming), metrics.received)
  const output = await operation.run(node, input, { body, signal: exchange.signal })
  exchange.allowPause()
  exchange.sendJson(operation.http.status ?? 200, output)
}

async function answerStream(
  operation: StreamOperation,
  { node }: Surroundings,
  exchange: Exchange,
  params: Params,
): Promise<void> {
  const input = parseInput(operation.input, await bodyInput(operation, node, exchange, params))
  const chunks = operation.run(node, input, exchange)[Symbol.asyncIterator]()
  const first = await chunks.next()
  exchange.start(200, { 'content-type': operation.contentType, 'cache-control': 'no-store' })
  exchange.expectMovement()
  await pipeline(resumed(first, chunks), exchange.outgoing, { signal: exchange.signal })
}

function answerEvents(operation: EventsOperation, { node, draining }: Surroundings, exchange: Exchange): Promise<void> {
  const signal = AbortSignal.any([exchange.signal, draining])
  return sendEvents(exchange, operation.run(node, parseInput(operation.input, {}), { signal }))
}

/** What the body says, and the path; the path has the last word. */
async function bodyInput(operation: Operation, node: GroveNode, exchange: Exchange, params: Params): Promise<unknown> {
  const value = await bodyValue(operation, node, exchange)
  exchange.allowPause()
  if (Object.keys(params).length === 0) return value
  if (!isJsonObject(value)) throw new GroveError('validation-error', {}, { message: 'the body must be a JSON object' })
  return { ...value, ...params }
}

async function bodyValue(operation: Operation, node: GroveNode, exchange: Exchange): Promise<unknown> {
  exchange.expectMovement()
  if (operation.kind === 'json' && operation.multipart === true && isMultipart(exchange))
    return readMultipart(node, exchange)
  const body = await readBody(exchange.incoming, operation.http.maxBodyBytes ?? JSON_MAX_BYTES)
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

async function* counted(source: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
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
