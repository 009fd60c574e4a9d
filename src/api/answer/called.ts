import { leafAddress } from '../../core/peers/leaf.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { LeafCall } from '../../core/wire/leaf.ts'
import type { LeafAnswer } from '../../ports/transport.ts'
import { type ApiRequest, memoryRequest } from './request.ts'
import type { ApiResponse } from './response.ts'

/** A call that came on a line to a hub, as a request. It is the hub's only if that signed it. */
export function requestOf(
  { method, path, headers, body = '' }: LeafCall,
  hub: PeerAddress,
  peerId: string,
): ApiRequest & { readonly host: string } {
  const { host } = new URL(leafAddress(peerId))
  const remote = new URL(hub.address).hostname.replace(/^\[|\]$/g, '')
  const asked = { method, target: path, headers: { ...headers, host }, body, remote }
  return { ...memoryRequest({ ...asked, isForwarded: true }), host: remote }
}

/** A response as a leaf sends it to a hub. */
export function leafAnswerOf({ status, headers, body }: ApiResponse, method: string): LeafAnswer {
  const isEmpty = body === undefined || method === 'HEAD'
  return { status, headers, body: isEmpty ? inChunks() : isWhole(body) ? inChunks(body) : body }
}

const isWhole = (body: NonNullable<ApiResponse['body']>): body is string | Uint8Array =>
  typeof body === 'string' || body instanceof Uint8Array

async function* inChunks(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part as string)
}
