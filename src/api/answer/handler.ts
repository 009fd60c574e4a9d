import { isJsonObject } from '../../core/canonical.ts'
import { GroveError } from '../../core/errors.ts'
import { NEXT_HEADER } from '../../core/ranking/cursor.ts'
import { ALONG_HEADER } from '../../core/wire/closure.ts'
import { VIA_HEADER } from '../../core/wire/leaf.ts'
import type { GroveNode } from '../../node/node.ts'
import { StagedArtifacts } from '../../node/publish.ts'
import { CONTENT_DIGEST } from '../../signing/http-signature.ts'
import { type ApiCaller, isFar } from '../admission/access.ts'
import type {
  BytesAnswer,
  BytesOperation,
  EventsOperation,
  JsonOperation,
  JsonPart,
  MadeAnswer,
  Operation,
  StreamOperation,
  UploadOperation,
} from '../operations/operation.ts'
import { parseInput } from '../schema/parse.ts'
import { type InputForms, inputForms, readQuery } from '../schema/query.ts'
import { readJson } from './body.ts'
import { bytesResponse } from './bytes.ts'
import { type EventPace, eventStream, eventStreamHead } from './event-stream.ts'
import { isMultipart, readMultipart } from './multipart.ts'
import { type Permission, whilePermitted } from './permission.ts'
import type { ApiRequest } from './request.ts'
import { type ApiResponse, jsonResponse, piecewiseResponse, responseOf } from './response.ts'
import type { Handler } from './routes.ts'

/** The largest JSON body of operations that don't set a limit of their own. */
const JSON_MAX_BYTES = 64 * 1024

/** Counts the bytes of blobs and manifests that are received and sent. */
export interface ByteMeter {
  received(bytes: number): void
  sent(bytes: number): void
}

/** What all handlers of one server share. */
export interface HandlerContext {
  readonly node: GroveNode
  readonly meter: ByteMeter
  /** Aborts when the server begins to close; endless streams stop then. */
  readonly draining: AbortSignal
  readonly pace: EventPace
  /** How long a caller may go on; undefined if nothing but it ends that. */
  readonly permissionOf: (caller: ApiCaller) => Permission | undefined
}

/** One request for an operation. */
interface Call extends HandlerContext {
  readonly request: ApiRequest
  readonly params: Readonly<Record<string, string>>
  readonly caller: ApiCaller
  readonly permission: Permission | undefined
  readonly forms: InputForms
  /** What comes with a draft. */
  readonly staged: StagedArtifacts
}

/** The handler of an operation's requests. */
export function handlerOf(operation: Operation, context: HandlerContext): Handler {
  const forms = inputForms(operation)
  return {
    name: operation.name,
    access: operation.access,
    answer: (request, params, caller) => {
      const host = request.host === undefined ? {} : { caller: request.host }
      const staged = new StagedArtifacts(context.node, host)
      const permission = context.permissionOf(caller)
      const call = { ...context, forms, request, params, caller, permission, staged }
      return permission === undefined
        ? answer(operation, call)
        : answerWhile(permission, request, answer(operation, call))
    },
  }
}

/** What is sent piece by piece ends with the permission. A whole answer was made during it. */
async function answerWhile(
  permission: Permission,
  request: ApiRequest,
  answered: Promise<ApiResponse>,
): Promise<ApiResponse> {
  const { signal, release: onEnd } = permission
  let isLasting = false
  try {
    const response = await answered
    const { body, mayPause: isQuiet = false } = response
    const isSent = body === undefined || request.method === 'HEAD' || request.signal.aborted
    if (isSent || typeof body === 'string' || body instanceof Uint8Array) return response
    isLasting = true
    request.signal.addEventListener('abort', onEnd, { once: true })
    return { ...response, body: whilePermitted(body, { signal, isQuiet, onEnd }) }
  } finally {
    if (!isLasting) onEnd()
  }
}

async function answer(operation: Operation, call: Call): Promise<ApiResponse> {
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

async function answerJson(operation: JsonOperation, call: Call): Promise<ApiResponse> {
  const { http } = operation
  const { node, request } = call
  const given = http.method === 'GET' ? queryInput(call) : await bodyInput(operation, call)
  const input = operation.checksInput === true ? given : parseInput(operation.input, given)
  const context = contextOf(operation, call)
  if (operation.parts !== undefined)
    return partResponse(request, await operation.parts.part(node, input, context))
  const output = await operation.run(node, input, context)
  // Many callers may have waited for one thing: their answers are not all written in one turn.
  await context.turn()
  const response = jsonResponse(http.status ?? 200, output)
  return operation.subject === undefined
    ? response
    : { ...response, subject: operation.subject(output) }
}

function contextOf({ check }: JsonOperation, call: Call) {
  const { node, request, staged } = call
  const { signal, remote, host: caller, isLocal = false } = request
  const isElsewhere = isFar(call.caller, request)
  const checks = check !== undefined && request.header(check.header) === check.name
  const turn = () => (request.turn === undefined ? node.breathe(true) : request.turn())
  const by = byOf(call)
  const from = { isLocal, isElsewhere, remote, ...by, ...(caller && { caller }) }
  return { signal, checks, pending: staged.pending, turn, ...from }
}

/** The grove that signed the request. */
const byOf = ({ caller }: Call) => (caller.kind === 'grove' ? { by: caller.peerId } : {})

/** Room is taken before the first row is made, so that others begin only while there is some. */
function partResponse(
  request: ApiRequest,
  { headers, next, holds, pieces }: JsonPart,
): Promise<ApiResponse> {
  request.hold?.(holds)
  const rest = next === undefined ? {} : { [NEXT_HEADER]: next }
  return piecewiseResponse(pieces, { ...headers, ...rest })
}

async function answerBytes(operation: BytesOperation, call: Call): Promise<ApiResponse> {
  const { node, request, meter } = call
  const { signal } = request
  const input = parseInput(operation.input, queryInput(call))
  const from = { signal, ...byOf(call) }
  const along = request.header(ALONG_HEADER)
  const made = along && (await operation.made?.(node, input, { ...from, along }))
  if (made) return madeResponse(made, meter)
  const answer = await operation.run(node, input, { ...from, via: request.header(VIA_HEADER) })
  const open: BytesAnswer['open'] = async (options) =>
    counted(await answer.open(options), meter.sent)
  return bytesResponse(request, operation.contentType, { ...answer, open })
}

function madeResponse({ made, contentType, headers }: MadeAnswer, meter: ByteMeter): ApiResponse {
  meter.sent(made.byteLength)
  const length = { 'content-length': String(made.byteLength), 'cache-control': 'no-store' }
  return responseOf(200, { ...headers, 'content-type': contentType, ...length }, made)
}

async function answerUpload(operation: UploadOperation, call: Call): Promise<ApiResponse> {
  const { node, request, meter } = call
  const input = parseInput(operation.input, queryInput(call))
  const body = counted(bodyOf(call), meter.received)
  const { signal, host: caller, givesBody: gives = false } = request
  const from = { ...byOf(call), ...(caller && { caller }) }
  const output = await operation.run(node, input, { body, gives, signal, ...from })
  return jsonResponse(operation.http.status ?? 200, output)
}

async function answerStream(operation: StreamOperation, call: Call): Promise<ApiResponse> {
  const { node, request } = call
  const { contentType, form } = operation
  const input = parseInput(operation.input, await bodyInput(operation, call))
  const asked = form !== undefined && request.header(form.header) === form.name ? form : undefined
  const { remote } = request
  const signal = operation.isEndless === true ? endOf(call) : request.signal
  const context = { signal, form: asked?.name, remote, ...byOf(call) }
  const chunks = operation.run(node, input, context)[Symbol.asyncIterator]()
  const headers = {
    'content-type': contentType,
    'cache-control': 'no-store',
    ...(asked && { [asked.header]: asked.name }),
  }
  const response = responseOf(200, headers, resumed(await chunks.next(), chunks))
  return operation.isEndless === true ? { ...response, mayPause: true } : response
}

async function answerEvents(operation: EventsOperation, call: Call): Promise<ApiResponse> {
  const { node, request, pace } = call
  if (request.method === 'HEAD') return eventStreamHead()
  const input = parseInput(operation.input, queryInput(call))
  const events = operation.run(node, input, {
    signal: endOf(call),
    lastEventId: request.header('last-event-id') || undefined,
  })
  return eventStream(events, { clock: node.clock, pace })
}

/** Aborts when an endless stream is to end. */
const endOf = ({ request, draining, permission }: Call): AbortSignal =>
  AbortSignal.any([request.signal, draining, ...(permission ? [permission.signal] : [])])

/** The bytes of the request, as long as the caller may send them. */
const bodyOf = ({ request, permission }: Call): AsyncIterable<Uint8Array> =>
  whilePermitted(request.bodyStream(), { signal: permission?.signal })

/** The input from the query and the path; the path wins. */
function queryInput({ request, forms, params }: Call): Record<string, unknown> {
  return { ...readQuery(request.search, forms), ...params }
}

/** The input from the body and the path; the path wins. */
async function bodyInput(operation: Operation, call: Call): Promise<unknown> {
  const value = await bodyValue(operation, call)
  if (call.forms.path.length === 0) return value
  if (!isJsonObject(value))
    throw new GroveError('validation-error', {}, { message: 'the body must be a JSON object' })
  return { ...value, ...call.params }
}

function bodyValue(operation: Operation, call: Call): Promise<unknown> {
  const { node, staged, request, caller, meter } = call
  const multipart = operation.kind === 'json' ? operation.multipart : undefined
  if (operation.kind === 'json' && multipart !== undefined && isMultipart(request)) {
    const check = (draft: unknown) => multipart.check(node, draft, contextOf(operation, call))
    return readMultipart({ staged, request, check }, counted(bodyOf(call), meter.received))
  }
  const isDraft = operation.kind === 'json' && operation.checksInput === true
  return readJson(node, request, {
    maxBytes: operation.http.maxBodyBytes ?? JSON_MAX_BYTES,
    code: isDraft ? 'manifest-too-large' : 'body-too-large',
    isHashed: isDraft,
    digest: caller.kind === 'grove' ? request.header(CONTENT_DIGEST) : undefined,
  })
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

/** A stream whose first item was read ahead: an error before it still gets its own status. */
async function* resumed(
  first: IteratorResult<Uint8Array>,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (let step = first; step.done !== true; step = await rest.next()) yield step.value
  } finally {
    await rest.return?.()
  }
}
