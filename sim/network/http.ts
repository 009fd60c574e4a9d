import type { Process } from '../engine/process.ts'

/** A request as a server receives it. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** A body of any length, in the place of the other. */
  readonly stream?: AsyncIterable<Uint8Array>
  /** Aborts when the sender leaves before it has read a streamed answer. */
  readonly signal?: AbortSignal
  /** The sender's name. No production server sees it. */
  readonly from: string
  /** The sender's IP address. */
  readonly remote: string
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
}

/** A listener at an address: an honest grove or an adversary. */
export interface Host {
  /** Its name in the journal. */
  readonly name: string
  readonly address: string
  readonly honest: boolean
  /** Its program; undefined while the machine is down. */
  readonly process: Process | undefined
  handle(request: HttpRequest): Promise<HttpAnswer>
}

/** The headers of every answer of a grove that federates. */
export const FEDERATING = { 'grove-protocol': '1' } as const

export function jsonAnswer(value: unknown, status = 200): HttpAnswer {
  const body = Buffer.from(JSON.stringify(value))
  return {
    status,
    headers: {
      ...FEDERATING,
      'content-type': 'application/json',
      'content-length': `${body.byteLength}`,
    },
    body,
  }
}

export function bytesAnswer(
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return {
    status: 200,
    headers: { ...FEDERATING, 'content-length': `${body.byteLength}`, ...headers },
    body,
  }
}

function errorAnswer(code: string, status: number): HttpAnswer {
  return jsonAnswer({ error: { code, message: code, details: {} } }, status)
}

export const absentAnswer = (): HttpAnswer => errorAnswer('absent', 404)
