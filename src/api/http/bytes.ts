import type { OutgoingHttpHeaders } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { GroveError } from '../../core/errors.ts'
import type { ByteRange } from '../../ports/blob-store.ts'
import type { BytesAnswer } from '../operations/operation.ts'
import type { Exchange } from './exchange.ts'

/** Up to this size bytes are sent in one piece: setting up a stream for them costs more than they do. */
const WHOLE_MAX_BYTES = 64 * 1024

/** Answers immutable bytes: entity tag, conditions, one range, HEAD (RFC 9110 §13, §14). Whatever they are, a browser neither runs nor shows them. */
export async function sendBytes(
  exchange: Exchange,
  contentType: string,
  answer: BytesAnswer,
): Promise<void> {
  const etag = `"${answer.hash}"`
  const headers: OutgoingHttpHeaders = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'public, max-age=31536000, immutable',
    'content-disposition': 'attachment',
    'content-security-policy': "sandbox; default-src 'none'",
    ...answer.headers,
  }
  if (names(exchange.header('if-none-match'), etag)) {
    exchange.start(304, headers)
    exchange.outgoing.end()
    return
  }
  const range = rangeAsked(exchange, etag, answer.sizeBytes)
  if (range === undefined)
    return sendPart(exchange, 200, answer, undefined, {
      ...headers,
      'content-type': contentType,
      'content-length': answer.sizeBytes,
    })
  const { start, end } = range
  const part = {
    'content-type': contentType,
    'content-length': end - start + 1,
    'content-range': `bytes ${start}-${end}/${answer.sizeBytes}`,
  }
  return sendPart(exchange, 206, answer, range, { ...headers, ...part })
}

async function sendPart(
  exchange: Exchange,
  status: number,
  answer: BytesAnswer,
  range: ByteRange | undefined,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  if (exchange.incoming.method === 'HEAD') {
    exchange.start(status, headers)
    exchange.outgoing.end()
    return
  }
  const { signal } = exchange
  const source = await answer.open(range === undefined ? { signal } : { range, signal })
  const sizeBytes = range === undefined ? answer.sizeBytes : range.end - range.start + 1
  if (sizeBytes <= WHOLE_MAX_BYTES) return sendWhole(exchange, status, source, headers)
  exchange.start(status, headers)
  exchange.expectMovement()
  await pipeline(source, exchange.outgoing, { signal })
}

async function sendWhole(
  exchange: Exchange,
  status: number,
  source: AsyncIterable<Uint8Array>,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  exchange.start(status, headers)
  exchange.outgoing.end(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
}

/** The one range that is asked for; undefined for the whole (also: several ranges, another unit, an outdated If-Range). Throws `range-invalid`. */
function rangeAsked(exchange: Exchange, etag: string, sizeBytes: number): ByteRange | undefined {
  const text = exchange.header('range')
  const condition = exchange.header('if-range')
  if (
    text === undefined ||
    exchange.incoming.method === 'HEAD' ||
    (condition !== undefined && condition !== etag)
  )
    return undefined
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(text.trim()) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  if (start > end) throw new GroveError('range-invalid', { range: text.slice(0, 100), sizeBytes })
  return { start, end }
}

/** Whether an If-None-Match header names this entity tag; weak comparison, as it is to be made there. */
function names(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return (
    header.trim() === '*' ||
    header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
  )
}
