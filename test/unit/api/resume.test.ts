import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SentEvent } from '../../../src/api/client/event-stream.ts'
import { resuming } from '../../../src/api/client/event-stream.ts'
import { localClient } from '../../../src/api/client/local-client.ts'
import { GroveError } from '../../../src/core/errors.ts'
import type { GroveEvent } from '../../../src/core/wire/events.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { withCode } from '../../support/errors.ts'
import { plainDraft } from '../../support/http.ts'
import { work } from '../../support/peer.ts'
import { testNode } from '../../support/test-node.ts'

const unreachable = () => new GroveError('server-unreachable')
const id = (seq: number) => `${'a'.repeat(16)}:${seq}`
const sent = (seq: number): SentEvent => ({ id: id(seq), data: JSON.stringify({ seq }) })

/** A server with scripted connections, each of which ends or fails after its events. */
function serverOf(...connections: readonly (readonly (SentEvent | Error)[] | Error)[]) {
  const asked: (string | undefined)[] = []
  const connect = async function* (after: string | undefined): AsyncGenerator<SentEvent> {
    const given = connections[asked.length] ?? unreachable()
    asked.push(after)
    for (const item of given instanceof Error ? [given] : given) {
      if (item instanceof Error) throw item
      yield item
    }
  }
  return { asked, connect }
}

/** A clock whose waits end at once and are recorded. */
function hurriedClock() {
  const waits: number[] = []
  const clock: Clock = {
    now: () => 0,
    after: () => () => {},
    sleep: async (delayMs) => void waits.push(delayMs),
  }
  return { waits, clock }
}

async function seqsOf(events: AsyncIterable<GroveEvent>, count: number): Promise<number[]> {
  const seqs: number[] = []
  for await (const event of events) {
    seqs.push((event as unknown as { seq: number }).seq)
    if (seqs.length === count) break
  }
  return seqs
}

test('a stream that breaks or ends resumes from the last id', async () => {
  const { clock } = hurriedClock()
  const { signal } = new AbortController()
  const { asked, connect } = serverOf(
    [{ id: id(7), data: undefined }],
    [sent(8), sent(9), unreachable()],
    unreachable(),
    [sent(10)],
  )

  const seqs = await seqsOf(resuming(connect, { signal, after: undefined, clock }), 3)

  assert.deepEqual(seqs, [8, 9, 10])
  assert.deepEqual(asked, [undefined, id(7), id(9), id(9)])
})

test('a server that is not there at first is reported at once', async () => {
  const { clock, waits } = hurriedClock()
  const { signal } = new AbortController()
  const { connect } = serverOf(unreachable())

  await assert.rejects(
    seqsOf(resuming(connect, { signal, after: undefined, clock }), 1),
    withCode('server-unreachable'),
  )
  assert.deepEqual(waits, [])
})

test('a server that stays away is given up after ten attempts at growing intervals', async () => {
  const { clock, waits } = hurriedClock()
  const { signal } = new AbortController()
  const { asked, connect } = serverOf([sent(1)])

  await assert.rejects(
    seqsOf(resuming(connect, { signal, after: undefined, clock }), 2),
    withCode('server-unreachable'),
  )
  assert.equal(asked.length, 11)
  assert.deepEqual(waits.slice(0, 3), [100, 200, 400])
  assert.equal(waits.at(-1), 5_000)
})

test('a refused subscription is not tried again', async () => {
  const { clock } = hurriedClock()
  const { signal } = new AbortController()
  const { asked, connect } = serverOf([sent(1)], new GroveError('refused'))

  await assert.rejects(
    seqsOf(resuming(connect, { signal, after: undefined, clock }), 2),
    withCode('refused'),
  )
  assert.equal(asked.length, 2)
})

test('a slow reader in this process gets lagged too, and then every contribution', async () => {
  await using holder = testNode()
  const client = localClient(holder.node)
  const { signal } = new AbortController()
  const events = client.events({ signal })[Symbol.asyncIterator]()

  await client.publish({ ...plainDraft, summary: 'first' })
  for (let n = 0; n < 2_000; n++)
    holder.node.events.publish({
      type: 'fetch-failed',
      cid: work('x').cid,
      code: 'x',
      message: '',
    })
  const lagged = await events.next()
  const first = await events.next()
  await client.publish({ ...plainDraft, summary: 'second' })
  const second = await events.next()

  assert.equal(lagged.value.type, 'lagged')
  assert.deepEqual([first.value.summary, second.value.summary], ['first', 'second'])
})
