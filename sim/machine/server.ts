import type { z } from 'zod'
import { type Cid, isCid } from '../../src/core/cid.ts'
import { errorBody, GroveError, isGroveError } from '../../src/core/errors.ts'
import { GOSSIP_MAX_BYTES } from '../../src/core/limits.ts'
import { CLOSURE_FORM_HEADER, CLOSURE_RECORDS } from '../../src/core/wire/closure.ts'
import { bestQuerySchema, closureRequestSchema } from '../../src/core/wire/federation.ts'
import { gossipMessageSchema, shuffleRequestSchema } from '../../src/core/wire/gossip.ts'
import type { GroveNode } from '../../src/node/node.ts'
import { frontier } from '../../src/node/read/frontier.ts'
import { bestList } from '../../src/node/serve/best.ts'
import { streamClosure } from '../../src/node/serve/closure.ts'
import {
  bytesAnswer,
  FEDERATING,
  type HttpAnswer,
  type HttpRequest,
  jsonAnswer,
} from '../network/http.ts'

/** Artifacts of which a manifest answer tells the size, as in the real route. */
const ANNOUNCED_MAX = 100

/**
 * The routes that groves call, over the production node: the same functions, limits and answers as the HTTP server's, of which this
 * is the part below the socket.
 */
export async function serve(node: GroveNode, request: HttpRequest): Promise<HttpAnswer> {
  try {
    return await route(node, request)
  } catch (error) {
    if (!isGroveError(error)) throw error
    return jsonAnswer(errorBody(error), error.kind.status)
  }
}

async function route(node: GroveNode, request: HttpRequest): Promise<HttpAnswer> {
  const url = new URL(request.path, 'http://grove')
  const [, , first, second, third = ''] = url.pathname.split('/')
  switch (`${first}/${second}`) {
    case 'gossip/exchange':
      return jsonAnswer(node.exchange(parseBody(gossipMessageSchema, request)))
    case 'gossip/shuffle':
      return jsonAnswer(node.shuffle(parseBody(shuffleRequestSchema, request)))
    case 'gossip/contribution':
      return manifest(node, cidOf(third))
    case 'federation/best':
      return jsonAnswer(await bestList(node, parse(bestQuerySchema, queryOf(url))))
    case 'federation/closure':
      return closure(node, request)
    case 'frontier/undefined':
      return jsonAnswer(
        await frontier(node, { limit: Number(url.searchParams.get('limit') ?? 10) }),
      )
  }
  if (first === 'blobs' && second !== undefined) return blob(node, cidOf(second), request)
  throw new GroveError('not-found', { path: url.pathname })
}

async function manifest(node: GroveNode, cid: Cid): Promise<HttpAnswer> {
  const stored = await node.contributions.get(cid)
  if (stored === undefined) throw new GroveError('not-found', { cid })
  const asked = [...new Set(Object.values(stored.manifest.artifacts))].slice(0, ANNOUNCED_MAX)
  const infos = await Promise.all(asked.map((hash) => node.blobs.stat(hash)))
  const sizes = infos
    .flatMap((info) => (info === undefined ? [] : `${info.hash}=${info.sizeBytes}`))
    .join(',')
  return bytesAnswer(stored.bytes, { 'grove-artifacts': sizes })
}

async function blob(
  node: GroveNode,
  hash: Cid,
  { method, headers }: HttpRequest,
): Promise<HttpAnswer> {
  const info = await node.blobs.stat(hash)
  if (info === undefined) throw new GroveError('blob-missing', { hash })
  const { sizeBytes } = info
  const start = /^bytes=(\d+)-$/.exec(headers['range'] ?? '')?.[1]
  if (method === 'HEAD' || start === undefined) {
    const body = method === 'HEAD' ? new Uint8Array() : await node.blobs.get(hash)
    return { status: 200, headers: { ...FEDERATING, 'content-length': `${sizeBytes}` }, body }
  }
  const range = { start: Number(start), end: sizeBytes - 1 }
  const body = await node.blobs.get(hash, { range })
  const length = `${sizeBytes - range.start}`
  const part = {
    'content-length': length,
    'content-range': `bytes ${start}-${range.end}/${sizeBytes}`,
  }
  return { status: 206, headers: { ...FEDERATING, ...part }, body }
}

async function closure(node: GroveNode, request: HttpRequest): Promise<HttpAnswer> {
  const isKnown = request.headers[CLOSURE_FORM_HEADER] === CLOSURE_RECORDS
  const form = isKnown ? CLOSURE_RECORDS : undefined
  const lines = streamClosure(node, parseBody(closureRequestSchema, request), { form })
  const first = await lines.next()
  const headers = form === undefined ? {} : { [CLOSURE_FORM_HEADER]: form }
  return { status: 200, headers: { ...FEDERATING, ...headers }, body: startingWith(first, lines) }
}

async function* startingWith(
  first: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (first.done !== true) yield first.value
  yield* rest
}

function parseBody<T extends z.ZodType>(schema: T, { body }: HttpRequest): z.output<T> {
  if (Buffer.byteLength(body) > GOSSIP_MAX_BYTES)
    throw new GroveError('body-too-large', { maxBytes: GOSSIP_MAX_BYTES })
  try {
    return parse(schema, JSON.parse(body))
  } catch (cause) {
    throw isGroveError(cause) ? cause : new GroveError('validation-error', {}, { cause })
  }
}

function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new GroveError(
    'validation-error',
    {},
    { message: result.error.issues[0]?.message ?? 'invalid' },
  )
}

function queryOf({ searchParams }: URL): Record<string, unknown> {
  const { tags, threshold, limit, ...rest } = Object.fromEntries(searchParams)
  return {
    ...rest,
    ...(tags === undefined ? {} : { tags: tags.split(',') }),
    ...(threshold === undefined ? {} : { threshold: Number(threshold) }),
    ...(limit === undefined ? {} : { limit: Number(limit) }),
  }
}

function cidOf(text: string): Cid {
  if (isCid(text)) return text
  throw new GroveError('cid-invalid', { cid: text.slice(0, 100) })
}
