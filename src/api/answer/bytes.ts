import { GroveError } from '../../core/errors.ts'
import type { ByteRange } from '../../ports/blob-store.ts'
import type { BytesAnswer } from '../operations/operation.ts'
import type { ApiRequest } from './request.ts'
import { type ApiResponse, responseOf } from './response.ts'

/** Up to this size bytes are sent in one piece; setting up a stream would cost more. */
const WHOLE_MAX_BYTES = 64 * 1024

/**
 * Immutable bytes as a response: entity tag, conditions, one range, HEAD (RFC 9110 §13, §14). The
 * headers keep browsers from running or showing them. Throws `range-invalid`, `blob-missing`.
 */
export async function bytesResponse(
  request: ApiRequest,
  contentType: string,
  answer: BytesAnswer,
): Promise<ApiResponse> {
  const etag = `"${answer.hash}"`
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'public, max-age=31536000, immutable',
    'content-disposition': 'attachment',
    'content-security-policy': "sandbox; default-src 'none'",
    ...answer.headers,
  }
  const match = request.header('if-match')
  if (match !== undefined && !namesTag(match, etag, { weakly: false })) return responseOf(412, {})
  if (namesTag(request.header('if-none-match'), etag, { weakly: true }))
    return responseOf(304, headers)
  const range = rangeAsked(request, etag, answer.sizeBytes)
  const sizeBytes = range === undefined ? answer.sizeBytes : range.end - range.start + 1
  const whole = { ...headers, 'content-type': contentType, 'content-length': String(sizeBytes) }
  if (request.method === 'HEAD') return responseOf(200, whole)
  const { signal, takesLent = false } = request
  const lends = takesLent && sizeBytes > WHOLE_MAX_BYTES
  const source = await answer.open({ signal, lends, ...(range && { range }) })
  const body = sizeBytes <= WHOLE_MAX_BYTES ? await collected(source) : source
  const response =
    range === undefined
      ? responseOf(200, whole, body)
      : responseOf(206, { ...whole, 'content-range': contentRange(range, answer) }, body)
  return lends ? { ...response, isLent: true } : response
}

const contentRange = ({ start, end }: ByteRange, { sizeBytes }: BytesAnswer): string =>
  `bytes ${start}-${end}/${sizeBytes}`

async function collected(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
}

/**
 * The requested range; undefined for the whole. Several ranges, another unit and an outdated
 * If-Range also get the whole. Throws `range-invalid`.
 */
function rangeAsked(request: ApiRequest, etag: string, sizeBytes: number): ByteRange | undefined {
  const text = request.header('range')
  if (text === undefined || request.method === 'HEAD') return undefined
  const condition = request.header('if-range')
  if (condition !== undefined && condition !== etag) return undefined
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(text.trim()) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  if (start > end) throw new GroveError('range-invalid', { range: text.slice(0, 100), sizeBytes })
  return { start, end }
}

/**
 * Whether the header names this entity tag: If-Match compares strongly, If-None-Match weakly (RFC
 * 9110 §13.1).
 */
function namesTag(
  header: string | undefined,
  etag: string,
  { weakly }: { readonly weakly: boolean },
): boolean {
  if (header === undefined) return false
  const tags = header.split(',').map((tag) => tag.trim())
  return tags.some((tag) => tag === '*' || (weakly ? tag.replace(/^W\//, '') : tag) === etag)
}
