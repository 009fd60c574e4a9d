import { z } from 'zod'
import { GroveError } from '../../core/errors.ts'
import type { KeyId } from '../../core/identity/ed25519.ts'
import {
  dialBackAnswerSchema,
  dialBackRequestSchema,
  LEAF_HEAD_MAX_BYTES,
  LEAF_HEARTBEAT_MS,
  type LeafHead,
  leafCallIdSchema,
  leafHeadSchema,
} from '../../core/wire/leaf.ts'
import type { GroveNode } from '../../node/node.ts'
import type { LeafLine, Leaves } from '../../ports/transport.ts'
import { json, stream, upload } from './operation.ts'

const group = 'federation'
const LINE_END = 0x0a
/** Between calls there are empty lines. */
const SILENCE = Buffer.from('\n')

export const leafOperations = {
  dialBack: json({
    name: 'dialBack',
    group,
    summary: 'Say whether the grove that asks answers at an address, when it is called from here',
    http: { method: 'POST', path: '/api/federation/dial-back', maxBodyBytes: 4 * 1024 },
    access: 'gossip',
    input: dialBackRequestSchema,
    output: dialBackAnswerSchema,
    async run(node, { address }, { by, remote, signal, caller = 'unknown' }) {
      const peerId = signerOf(by)
      node.dialBacks.take({ peerId, host: caller })
      const reached = await node.transport.reaches({ peerId, address }, remote, { signal })
      return reached === undefined ? {} : { reached }
    },
  }),
  leafLine: stream({
    name: 'leafLine',
    group,
    summary: 'Hold a line on which this grove calls one that nobody can dial: a call a line',
    http: { method: 'POST', path: '/api/federation/leaf' },
    access: 'gossip',
    contentType: 'application/x-ndjson',
    isEndless: true,
    input: z.strictObject({}),
    run: (node, _, { by, remote, signal }) => {
      const peerId = signerOf(by)
      return callsOn(leavesOf(node).open({ peerId, remote }), signal)
    },
  }),
  leafAnswer: upload({
    name: 'leafAnswer',
    group,
    summary: 'Answer a call that came on a line: a line with status and headers, and then the body',
    http: { method: 'POST', path: '/api/federation/leaf/:id' },
    access: 'gossip',
    input: z.strictObject({ id: leafCallIdSchema }),
    output: z.object({}),
    async run(node, { id }, { by, body }) {
      const leaves = leavesOf(node)
      const peerId = signerOf(by)
      if (!leaves.expects(peerId, id)) throw new GroveError('unwanted', {}, { message: unasked })
      const { head, rest } = await headIn(body)
      await leaves.answer(peerId, id, { ...head, body: rest })
      return {}
    },
  }),
}

/** The calls of a line. At once there is an empty one: so the leaf sees that it stands. */
async function* callsOn(line: LeafLine, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const close = () => line.close()
  signal.addEventListener('abort', close, { once: true })
  try {
    yield SILENCE
    for (;;) {
      const call = signal.aborted ? undefined : await line.next(LEAF_HEARTBEAT_MS)
      if (call === undefined) return
      yield call === 'silence' ? SILENCE : Buffer.from(`${JSON.stringify(call)}\n`)
    }
  } finally {
    signal.removeEventListener('abort', close)
    line.close()
  }
}

/** The first line of a body, and what follows it. Throws `validation-error`. */
async function headIn(
  body: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: LeafHead; readonly rest: AsyncIterable<Uint8Array> }> {
  const chunks = body[Symbol.asyncIterator]()
  let begun = Buffer.alloc(0)
  for (;;) {
    const { value, done } = await chunks.next()
    if (done === true) throw new GroveError('validation-error', {}, { message: malformed })
    begun = Buffer.concat([begun, value])
    const end = begun.indexOf(LINE_END)
    if (end < 0 && begun.byteLength <= LEAF_HEAD_MAX_BYTES) continue
    const head = leafHeadSchema.safeParse(parsed(begun.subarray(0, Math.max(0, end))))
    if (!head.success) throw new GroveError('validation-error', {}, { message: malformed })
    return { head: head.data, rest: restOf(begun.subarray(end + 1), chunks) }
  }
}

async function* restOf(
  begun: Uint8Array,
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (begun.byteLength > 0) yield begun
    for (let step = await chunks.next(); step.done !== true; step = await chunks.next())
      yield step.value
  } finally {
    await chunks.return?.()
  }
}

function parsed(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    return undefined
  }
}

function leavesOf({ transport }: GroveNode): Leaves {
  if (transport.leaves !== undefined) return transport.leaves
  throw new GroveError('refused', {}, { message: 'this grove has no key, and takes no leaves' })
}

/** Throws `unauthorized` for a request that nobody signed. */
function signerOf(by: KeyId | undefined): KeyId {
  if (by !== undefined) return by
  const message = 'only a grove that signs what it asks can ask this'
  throw new GroveError('unauthorized', {}, { message })
}

const unasked = 'that is no answer to a call of this grove'
const malformed = 'an answer begins with a line of JSON: status and headers'
