import type { Process } from '../engine/process.ts'

/** A request as it reaches a server. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The machine that it came from, for the journal; a server can't see it. */
  readonly from: string
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
}

/** What listens at an address: an honest grove or an adversary. */
export interface Host {
  /** How the journal calls it. */
  readonly name: string
  readonly address: string
  readonly honest: boolean
  /** The program that runs there; undefined while the machine is down. */
  readonly process: Process | undefined
  handle(request: HttpRequest): Promise<HttpAnswer>
}

/** In every answer of a grove that federates. */
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
