import { z } from 'zod'
import type { Cid } from '../../core/cid.ts'
import { cidSchema } from '../../core/contribution/schema.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import { isKeyId, type KeyId } from '../../core/identity/ed25519.ts'
import { originHeader } from '../../core/identity/origin-text.ts'
import { GOSSIP_MAX_BYTES } from '../../core/limits.ts'
import { tidyAddress } from '../../core/peers/endpoint.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { ALONG_HEADER, ALONG_LINES, alongIn } from '../../core/wire/closure.ts'
import { messageFor } from '../../core/wire/federation-1.ts'
import {
  gossipMessageSchema,
  peersAnswerSchema,
  sampleAnswerSchema,
  sampleRequestSchema,
  shuffleRequestSchema,
  shuffleResponseSchema,
} from '../../core/wire/gossip.ts'
import type { GroveNode } from '../../node/node.ts'
import { contributionOf } from '../../node/read/queries.ts'
import { peersAnswer } from '../../node/read/status.ts'
import { withAlong } from '../../node/serve/along.ts'
import type { ByteRange } from '../../ports/blob-store.ts'
import type { Stored } from '../../ports/contribution-store.ts'
import { bytes, type CallContext, json } from './operation.ts'

const group = 'gossip'
/** A question who is there. */
const SAMPLE_MAX_BYTES = 8 * 1024
/** Artifacts whose sizes a manifest's answer gives. Header sections are bounded (Node: 16 KiB). */
const ANNOUNCED_MAX = 100

export const gossipOperations = {
  exchange: json({
    name: 'exchange',
    group,
    summary: "Take a peer's digest and answer with this grove's",
    http: { method: 'POST', path: '/api/gossip/exchange', maxBodyBytes: GOSSIP_MAX_BYTES },
    access: 'gossip',
    input: gossipMessageSchema,
    output: gossipMessageSchema,
    run: async (node, told, { remote, by }) => {
      refuseBlocked(node, told)
      const message = { ...told, ...inShownName(told, by) }
      return messageFor(message.capabilities['federation'], node.exchange(message, remote))
    },
  }),
  shuffle: json({
    name: 'shuffle',
    group,
    summary: 'Swap a few known peers',
    http: { method: 'POST', path: '/api/gossip/shuffle', maxBodyBytes: GOSSIP_MAX_BYTES },
    access: 'gossip',
    input: shuffleRequestSchema,
    output: shuffleResponseSchema,
    run: async (node, { sender: told, offered }, { remote, by }) => {
      refuseBlocked(node, told)
      const sender = { ...told, ...inShownName(told, by) }
      return node.shuffle({ sender, offered }, remote)
    },
  }),
  sample: json({
    name: 'sample',
    group,
    summary: 'Name a few groves that this one has called itself, and tell the own record',
    http: { method: 'POST', path: '/api/gossip/sample', maxBodyBytes: SAMPLE_MAX_BYTES },
    access: 'gossip',
    input: sampleRequestSchema,
    output: sampleAnswerSchema,
    run: async (node, request, { by }) => {
      refuseBlocked(node, request.from)
      return node.sample({
        ...request,
        from: { ...request.from, ...inShownName(request.from, by) },
      })
    },
  }),
  gossipPeers: json({
    name: 'gossipPeers',
    group,
    summary: 'List the peers in view and whether they answer',
    http: { method: 'GET', path: '/api/gossip/peers' },
    access: 'read',
    input: z.strictObject({}),
    output: peersAnswerSchema,
    run: async (node) => peersAnswer(node),
  }),
  manifest: bytes({
    name: 'manifest',
    group,
    summary:
      "Download a manifest's canonical bytes; the header grove-artifacts lists those of its " +
      'artifacts that are here, as hash=size, and grove-origin who has signed it',
    http: { method: 'GET', path: '/api/gossip/contribution/:cid' },
    access: 'shared',
    contentType: 'application/json',
    input: z.strictObject({ cid: cidSchema }),
    async run(node, { cid }, context) {
      const held = await heldOrComing(node, cid, context)
      const { bytes } = held
      return {
        hash: cid,
        sizeBytes: bytes.byteLength,
        headers: await headersOf(node, held),
        open: async ({ range }) => inOne(bytes, range),
      }
    },
    async made(node, { cid }, context) {
      const { along, signal } = context
      const asked = alongIn(along)
      if (asked === undefined) return undefined
      const held = await heldOrComing(node, cid, context)
      return {
        made: await withAlong(node, held, asked, signal),
        contentType: 'application/x-ndjson',
        headers: { ...(await headersOf(node, held)), [ALONG_HEADER]: ALONG_LINES },
      }
    },
  }),
}

/**
 * The sender of a message by the name that it has shown. One that names a key which has not signed
 * it is known by its address, until it answers there. Throws `forbidden` for who signs by another.
 */
function inShownName({ peerId, address }: PeerAddress, by: KeyId | undefined): PeerAddress {
  if (by !== undefined && by !== peerId)
    throw new GroveError(
      'forbidden',
      {},
      { message: `the message is of ${peerId}, signed by ${by}` },
    )
  return { peerId: by === undefined && isKeyId(peerId) ? tidyAddress(address) : peerId, address }
}

/** Throws `forbidden` for a message in the name of a blocked grove. */
function refuseBlocked({ access }: GroveNode, sender: PeerAddress): void {
  if (access.blocks(sender))
    throw new GroveError('forbidden', {}, { message: 'this grove is blocked here' })
}

/** What a leaf holds is fetched for another grove. Throws `not-found`, and `busy` meanwhile. */
async function heldOrComing(
  node: GroveNode,
  cid: Cid,
  { by, caller: host }: Pick<CallContext, 'by' | 'caller'>,
): Promise<Stored> {
  try {
    return await contributionOf(node, cid)
  } catch (error) {
    const canCome = by !== undefined && isGroveError(error, 'not-found')
    if (!canCome || !(await node.onDemand.manifest(cid, { by, host }))) throw error
    return contributionOf(node, cid)
  }
}

/** What is told beside a manifest: which of its artifacts are here, and who has signed it. */
async function headersOf(
  node: GroveNode,
  { cid, manifest }: Stored,
): Promise<Record<string, string>> {
  const [[, origins = []] = []] = await node.origins.of([cid])
  const signed = originHeader(origins)
  const artifacts = await heldArtifacts(node, Object.values(manifest.artifacts))
  return { 'grove-artifacts': artifacts, ...(signed === '' ? {} : { 'grove-origin': signed }) }
}

async function heldArtifacts(node: GroveNode, hashes: readonly Cid[]): Promise<string> {
  const asked = [...new Set(hashes)].slice(0, ANNOUNCED_MAX)
  const infos = await Promise.all(asked.map((hash) => node.blobs.stat(hash)))
  return infos
    .flatMap((info) => (info === undefined ? [] : `${info.hash}=${info.sizeBytes}`))
    .join(',')
}

async function* inOne(bytes: Uint8Array, range: ByteRange | undefined): AsyncGenerator<Uint8Array> {
  yield range === undefined ? bytes : bytes.subarray(range.start, range.end + 1)
}
