import type { CarriedRequest } from '../src/transport/dialler.ts'
import type { HttpAnswer } from './network/http.ts'

/** Requests and answers in words, for the reader of a run. */

const ENTRIES_TOLD = 4
const RAW_CHARS = 80

export function tellRequest({ method, path, headers, body = '' }: CarriedRequest): string {
  const [route = '', query = ''] = path.split('?')
  const last = route.split('/').at(-1) ?? ''
  if (route === '/api/gossip/exchange') return `gossip: ${tellDigest(body)}`
  if (route === '/api/gossip/shuffle') return `shuffle: ${tellPeers(body)}`
  if (route.startsWith('/api/gossip/contribution/')) {
    return method === 'HEAD' ? `do you have ${last}?` : `give me the manifest of ${last}`
  }
  if (route.startsWith('/api/blobs/')) {
    const from = headers['range'] === undefined ? '' : ` from ${headers['range']}`
    return method === 'HEAD' ? `how large is blob ${last}?` : `give me blob ${last}${from}`
  }
  if (route === '/api/federation/best') return `what is your best? ${query.replaceAll('&', ', ')}`
  if (route === '/api/federation/closure') return `what is around it? ${body}`
  if (route === '/api/frontier') return 'in which metrics do you rank?'
  return `${method} ${path}`
}

export function tellAnswer(
  { path, method }: CarriedRequest,
  { status, headers, body }: HttpAnswer,
): string {
  const bytes = body instanceof Uint8Array ? body : undefined
  const size = headers['content-length'] ?? 'some'
  if (status >= 400) return `${status} ${tellError(bytes)}`
  if (path === '/api/gossip/exchange') return `gossip back: ${tellDigest(textOf(bytes))}`
  if (path === '/api/gossip/shuffle') return `shuffle back: ${tellPeers(textOf(bytes))}`
  if (path.startsWith('/api/federation/best')) return `best: ${tellBest(textOf(bytes))}`
  if (path.startsWith('/api/frontier')) return `metrics: ${tellMetrics(textOf(bytes))}`
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

function tellDigest(text: string): string {
  const message = read(text)
  const entries = message?.['frontier']
  if (!Array.isArray(entries)) return JSON.stringify(text.slice(0, RAW_CHARS))
  return `I am ${message?.['peerId']}, I hold ${tellSome(entries.map(({ metric, value, cid }) => `${cid} (${metric} ${value})`))}`
}

function tellPeers(text: string): string {
  const offered = read(text)?.['offered']
  if (!Array.isArray(offered)) return JSON.stringify(text.slice(0, RAW_CHARS))
  return `I know ${tellSome(offered.map(({ peerId }) => String(peerId)))}`
}

function tellBest(text: string): string {
  const entries = read(text)?.['entries']
  if (!Array.isArray(entries)) return JSON.stringify(text.slice(0, RAW_CHARS))
  return tellSome(entries.map(({ cid, value }) => `${cid} (${value})`))
}

function tellMetrics(text: string): string {
  return Object.keys(read(text)?.['byMetric'] ?? {}).join(', ') || 'none'
}

function tellError(bytes: Uint8Array | undefined): string {
  const error = read(textOf(bytes))?.['error'] as { code?: string; message?: string } | undefined
  return error === undefined ? '' : `${error.code}: ${error.message}`
}

function tellSome(items: readonly string[]): string {
  if (items.length === 0) return 'nothing'
  const more = items.length > ENTRIES_TOLD ? ` and ${items.length - ENTRIES_TOLD} more` : ''
  return items.slice(0, ENTRIES_TOLD).join(', ') + more
}
