import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiAnswerer } from '../../../../src/api/answer/answerer.ts'
import { memoryRequest } from '../../../../src/api/answer/request.ts'
import type { LiveEventBody } from '../../../../src/core/wire/events.ts'
import { publish } from '../../../../src/node/publish.ts'
import { plainDraft } from '../../../support/http.ts'
import { serveNode } from '../../../support/serve-node.ts'

const fault = (message: string): LiveEventBody => ({
  type: 'peer-fault',
  peerId: 'p',
  code: 'peer-fault',
  message,
})

/** A grove with two listeners, of whose streams the first line is read. */
async function listened() {
  const grove = await serveNode()
  const answerer = new ApiAnswerer(grove.node)
  const listen = async () => {
    const { response } = await answerer.answer(
      memoryRequest({ method: 'GET', target: '/api/events' }),
    )
    const stream = (response.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    await stream.next()
    return async () => (await stream.next()).value as Uint8Array
  }
  const listeners = [await listen(), await listen()]
  return {
    node: grove.node,
    /** What is written next, to both. */
    written: () => Promise.all(listeners.map((next) => next())),
    [Symbol.asyncDispose]: () => grove[Symbol.asyncDispose](),
  }
}

const idsIn = (bytes: Uint8Array | undefined) => String(bytes).match(/^id: .*$/gm)?.length ?? 0
const messagesIn = (bytes: Uint8Array | undefined) => String(bytes).match(/"message"/g)?.length ?? 0

test('after a silence an event is written at once, then those of a while together', async () => {
  await using there = await listened()

  const first = there.written()
  there.node.events.publish(fault('alone'))
  assert.deepEqual((await first).map(messagesIn), [1, 1])
  for (let n = 0; n < 100; n++) there.node.events.publish(fault(String(n)))

  assert.deepEqual((await there.written()).map(messagesIn), [100, 100])
})

test('what is written to listeners at the same place is encoded once', async () => {
  await using there = await listened()

  const first = there.written()
  await publish(there.node, plainDraft)
  const [one, other] = await first
  for (let n = 0; n < 10; n++) await publish(there.node, { ...plainDraft, summary: `work ${n}` })
  const [more, same] = await there.written()

  assert.deepEqual([idsIn(one), idsIn(more)], [1, 10])
  assert.equal(one, other)
  assert.equal(more, same)
})

test('so many events that a listener might miss some are written without delay', async () => {
  await using there = await listened()
  const before = there.written()
  there.node.events.publish(fault('alone'))
  await before

  const all: number[] = []
  while (all.reduce((sum, count) => sum + count, 0) < 3_000) {
    const next = there.written()
    for (let n = 0; n < 300; n++) there.node.events.publish(fault(String(n)))
    all.push(messagesIn((await next)[0]))
  }

  assert.equal(all.includes(0), false, 'a stream that lags says so instead')
})
