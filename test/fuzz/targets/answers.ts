import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { hashBytes } from '../../../src/core/cid.ts'
import { originAttestation, originHeader } from '../../../src/core/identity/origin-text.ts'
import { artifactLine, recordLine } from '../../../src/core/wire/closure.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { httpTransport } from '../../../src/transport/client.ts'
import type { CarriedAnswer } from '../../../src/transport/dialler.ts'
import { messageOf } from '../../support/gossip.ts'
import { collect } from '../../support/peer.ts'
import { opened, type Target } from '../lab/target.ts'
import { batch, key, plainWork, richWork, single } from './samples.ts'
import { inChunks } from './wire.ts'

const peer = { peerId: 'peer', address: 'http://10.0.0.9:4515' }
const { cid } = plainWork
const attestations = batch.map(originAttestation)

type Ask = (transport: Transport) => Promise<unknown>

const json = (value: unknown) => JSON.stringify(value)
const ours = 'grove-protocol: 1'
const view = json({ cid, ...plainWork.manifest })
const trailer = '{"trailer":{"sent":2,"bytes":9,"missing":[],"until":"1.2.3"}}'
const info = { ...peer, age: 1, lastSeen: '2026-01-01T00:00:00.000Z' }
const place = { cid, value: 1, kind: 'work', tags: ['a'], manifestBytes: 1, artifactBytes: 2 }

/** A request of ours, and answers to it that groves give: status, headers, body. */
const asked: Readonly<Record<string, readonly [ask: Ask, ...answers: string[]]>> = {
  exchange: [
    (transport) => transport.exchange(peer, messageOf(peer)),
    `200\n${ours}\n\n${json(messageOf(peer, [{ metric: 'm', value: 1, cid }]))}`,
  ],
  shuffle: [
    (transport) => transport.shuffle(peer, { sender: info, offered: [] }),
    `200\n\n${json({ offered: [info] })}`,
  ],
  identity: [
    (transport) => transport.identity(peer),
    `200\n${ours}\n\n${json({ peerId: key.peerId, publicKey: 'x', rotations: [] })}`,
  ],
  manifest: [
    (transport) => transport.manifest(peer, cid),
    `200\n${ours}\ngrove-artifacts: ${cid}=12,${richWork.cid}=0\ngrove-origin: ${originHeader([...single, ...batch.slice(0, 1)])}\n\n${Buffer.from(plainWork.bytes)}`,
    `200\n\n${view}`,
  ],
  holds: [(transport) => transport.holds(peer, cid), `200\n${ours}\n\n`],
  blob: [
    async (transport) => {
      const { body } = await transport.blob(peer, { hash: cid, offset: 2, ...named })
      return collect(body)
    },
    `206\n${ours}\ncontent-range: bytes 2-4/5\ncontent-length: 3\n\nabc`,
  ],
  'size-of-blob': [
    (transport) => transport.sizeOf(peer, { hash: cid, ...named }),
    `200\n${ours}\ncontent-length: 12\n\n`,
  ],
  metrics: [
    (transport) => transport.metrics(peer),
    `200\n${ours}\n\n${json({ byMetric: { m: [] }, byAdoption: [], byRecency: [], byReviewScore: [], byReproduction: [] })}`,
  ],
  best: [
    (transport) => transport.best(peer, { dimension: 'm', limit: 10 }),
    `200\n${ours}\n\n${json({ dimension: 'm', direction: 'minimize', entries: [place] })}`,
  ],
  about: [
    (transport) => transport.about(peer, { cids: [cid] }),
    `200\n${ours}\n\n${json({ about: [{ cid, mark: 'x' }], looked: 1 })}`,
  ],
  along: [
    async (transport) => {
      const along = { ancestors: 1, artifactBytes: 100 }
      const { bytes, along: came } = await transport.manifest(peer, cid, { along })
      return [hashBytes(bytes), came?.artifacts.length, came?.closure?.records.length]
    },
    `200\n${ours}\ngrove-along: lines-1\n\n${Buffer.from(plainWork.bytes)}\n${Buffer.from(artifactLine(Buffer.from('abc')))}\n${Buffer.from(recordLine({ bytes: richWork.bytes, attestations }))}\n${trailer}\n`,
    `200\n${ours}\ngrove-along: lines-1\n\n${Buffer.from(plainWork.bytes)}\n`,
  ],
  closure: [
    async (transport) => {
      const { records } = await transport.closure(peer, { cid, ancestors: 1, evidence: true })
      return (await collect(records)).map(({ bytes }) => hashBytes(bytes))
    },
    `200\n${ours}\ngrove-closure: records-1\n\n${[plainWork, richWork].map(({ bytes }) => `${Buffer.from(recordLine({ bytes, attestations }))}\n`).join('')}${trailer}\n`,
    `200\n${ours}\n\n${Buffer.from(plainWork.bytes)}\n${trailer}\n`,
  ],
}

const named = { contribution: cid, name: 'a' }

/** Answers that any request may get; no seed of a target, since they are refusals. */
const REFUSALS = [
  `429\n${ours}\nretry-after: 5\n\n${json({ error: { code: 'busy', message: 'm', details: {} } })}`,
  `404\n${ours}\n\n${json({ error: { code: 'NOT_FOUND', message: 'm' } })}`,
]

export const answerTargets: readonly Target[] = [
  ...Object.entries(asked).map(([name, [ask, ...answers]]) =>
    answer(`answer-to-${name}`, ask, answers),
  ),
  answer(
    'refusal',
    async (transport) => transport.sizeOf(peer, { hash: cid, ...named }).catch(typed),
    REFUSALS,
  ),
]

/** A refusal is an error of ours, and a seed all the same. */
function typed(error: unknown): string {
  if (error instanceof Error && 'code' in error && 'details' in error) return error.message
  throw error
}

function answer(name: string, ask: Ask, answers: readonly string[]): Target {
  const open = () => {
    let answers: () => CarriedAnswer = () => assert.fail('nothing is asked')
    const open = () =>
      httpTransport({
        allowPrivate: true,
        clock: systemClock,
        carrier: {
          request: async () => answers(),
          destroy: async () => {},
        },
        signing: { key, nonce: () => '0'.repeat(32) },
      })
    return {
      // A transport remembers how its peers want to be called.
      read(message: Buffer) {
        answers = () => answerIn(message)
        return ask(open())
      },
    }
  }
  return opened(name, answers, open, { form: 'message', maxBytes: 64 * 1024 })
}

function answerIn(message: Buffer): CarriedAnswer {
  const end = message.indexOf('\n\n')
  const head = message.subarray(0, end < 0 ? message.length : end).toString('latin1')
  const body = end < 0 ? Buffer.alloc(0) : message.subarray(end + 2)
  const [status = '', ...lines] = head.split('\n')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...value] = line.split(':')
      return [name.trim().toLowerCase(), value.join(':').trim()]
    }),
  )
  const statusCode = Math.min(999, Math.max(100, Math.trunc(Number(status)) || 200))
  return { statusCode, headers, body: Readable.from(inChunks(body)) }
}
