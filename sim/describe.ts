import type { CarriedRequest } from '../src/transport/dialler.ts'
import type { HttpAnswer } from './network/http.ts'

/** Entries shown of a list. */
const ENTRIES_SHOWN = 4
/** Characters shown of a body that is not valid. */
const RAW_CHARS = 80

/** A request in words, for the reader of a run. */
export function describeRequest({ method, path, headers, body = '' }: CarriedRequest): string {
  const [route = '', query = ''] = path.split('?')
  const last = route.split('/').at(-1) ?? ''
  if (route === '/api/gossip/exchange') return `gossip: ${describeDigest(body)}`
  if (route === '/api/gossip/shuffle') return `shuffle: ${describePeers(body)}`
  if (route.startsWith('/api/gossip/contribution/')) {
    return method === 'HEAD' ? `do you have ${last}?` : `give me the manifest of ${last}`
  }
  if (route.startsWith('/api/blobs/')) {
    const from = headers['range'] === undefined ? '' : ` from ${headers['range']}`
    return method === 'HEAD' ? `how large is blob ${last}?` : `give me blob ${last}${from}`
  }
  if (route === '/api/federation/best') return `what is your best? ${query.replaceAll('&', ', ')}`
  if (route === '/api/federation/about') return `what do you hold about ${asked(body)}?`
  if (route === '/api/federation/closure') return `what is its closure? ${body}`
  if (route === '/api/frontier') return 'in which metrics do you rank?'
  return `${method} ${path}`
}

function asked(body: string): string {
  const { cids = [] } = JSON.parse(body) as { cids?: unknown[] }
  return cids.length > 3 ? `these ${cids.length}` : cids.join(', ') || 'nothing'
}

/** An answer in words, for the reader of a run. */
export function describeAnswer(
  { path, method }: CarriedRequest,
  { status, headers, body }: HttpAnswer,
): string {
  const bytes = body instanceof Uint8Array ? body : undefined
  const size = headers['content-length'] ?? 'some'
  if (status >= 400) return `${status} ${describeError(bytes)}`
  if (path === '/api/gossip/exchange') return `gossip back: ${describeDigest(textOf(bytes))}`
  if (path === '/api/gossip/shuffle') return `shuffle back: ${describePeers(textOf(bytes))}`
  if (path.startsWith('/api/federation/best')) return `best: ${describeBest(textOf(bytes))}`
  if (path.startsWith('/api/frontier')) return `metrics: ${describeMetrics(textOf(bytes))}`
  if (method === 'HEAD') return `yes, ${size} bytes`
  return `${status}, ${size} bytes`
}

const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('utf8')

function read(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function describeDigest(text: string): string {
  const message = read(text)
  const entries = message?.['frontier']
  if (!Array.isArray(entries)) return JSON.stringify(text.slice(0, RAW_CHARS))
  const held = entries.map(({ metric, value, cid }) => `${cid} (${metric} ${value})`)
  return `I am ${message?.['peerId']}, I hold ${describeSome(held)}`
}

function describePeers(text: string): string {
  const offered = read(text)?.['offered']
  if (!Array.isArray(offered)) return JSON.stringify(text.slice(0, RAW_CHARS))
  return `I know ${describeSome(offered.map(({ peerId }) => String(peerId)))}`
}

function describeBest(text: string): string {
  const entries = read(text)?.['entries']
  if (!Array.isArray(entries)) return JSON.stringify(text.slice(0, RAW_CHARS))
  return describeSome(entries.map(({ cid, value }) => `${cid} (${value})`))
}

function describeMetrics(text: string): string {
  return Object.keys(read(text)?.['byMetric'] ?? {}).join(', ') || 'none'
}

function describeError(bytes: Uint8Array | undefined): string {
  const error = read(textOf(bytes))?.['error'] as { code?: string; message?: string } | undefined
  return error === undefined ? '' : `${error.code}: ${error.message}`
}

function describeSome(items: readonly string[]): string {
  if (items.length === 0) return 'nothing'
  const more = items.length > ENTRIES_SHOWN ? ` and ${items.length - ENTRIES_SHOWN} more` : ''
  return items.slice(0, ENTRIES_SHOWN).join(', ') + more
}
