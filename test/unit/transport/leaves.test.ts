import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leafAddress } from '../../../src/core/peers/leaf.ts'
import { HostMap } from '../../../src/transport/hosts.ts'
import { OpenLeaves } from '../../../src/transport/leaf/leaves.ts'
import { withCode } from '../../support/errors.ts'
import { collect } from '../../support/peer.ts'
import { keyOf } from '../../support/signed-groves.ts'
import { standingClock } from '../../support/standing-clock.ts'

const peerId = keyOf(1).peerId
const address = leafAddress(peerId)
const ASK = { origin: address, path: '/api/identity', method: 'GET', headers: {} } as const

function leavesHere() {
  const { clock, move } = standingClock()
  const hosts = new HostMap({ allowPrivate: false })
  let count = 0
  const nonce = () => (++count).toString(16).padStart(32, '0')
  return { leaves: new OpenLeaves({ clock, hosts, nonce }), hosts, move }
}

async function* bytes(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part)
}

const answerOf = (...parts: string[]) => ({ status: 200, headers: {}, body: bytes(...parts) })

test('a request goes down the line, and its answer comes from the leaf', async () => {
  const { leaves, hosts } = leavesHere()
  const line = leaves.open({ peerId, remote: '203.0.113.7' })

  const asked = leaves.carrier.request(ASK)
  const call = await line.next(1_000)
  assert.ok(call !== undefined && call !== 'silence')
  const over = leaves.answer(peerId, call.id, answerOf('one', 'two'))
  const { statusCode, body } = await asked

  assert.equal(statusCode, 200)
  assert.equal(Buffer.concat(await collect(body)).toString(), 'onetwo')
  await over
  assert.equal(call.path, '/api/identity')
  assert.ok(hosts.isDialable(address))
  assert.ok(hosts.sameHost(address, '203.0.113.7'))
  assert.equal(hosts.keyOf(address), '203.0.113.7')
})

test('what nobody asked for, what another leaf sends, and a second answer are not wanted', async () => {
  const { leaves } = leavesHere()
  const other = keyOf(2).peerId
  const line = leaves.open({ peerId })
  leaves.open({ peerId: other })
  const asked = leaves.carrier.request(ASK)
  const call = await line.next(1_000)
  assert.ok(call !== undefined && call !== 'silence')
  const unread: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => assert.fail('the body is not looked at'),
  }
  const answer = { status: 200, headers: {}, body: unread }

  await assert.rejects(leaves.answer(peerId, '0'.repeat(32), answer), withCode('unwanted'))
  await assert.rejects(leaves.answer(other, call.id, answer), withCode('unwanted'))
  const over = leaves.answer(peerId, call.id, answerOf('right'))
  await collect((await asked).body)
  await over
  await assert.rejects(leaves.answer(peerId, call.id, answer), withCode('unwanted'))
})

test('an answer that is not wanted any more is over', async () => {
  const { leaves } = leavesHere()
  const line = leaves.open({ peerId })
  const asked = leaves.carrier.request(ASK)
  const call = await line.next(1_000)
  assert.ok(call !== undefined && call !== 'silence')

  const over = leaves.answer(peerId, call.id, answerOf('endless'))
  ;(await asked).body.destroy()

  await over
})

test('who gives up within an answer is not kept by the leaf, and its answer is over', async () => {
  const { leaves } = leavesHere()
  const line = leaves.open({ peerId })
  const given = new AbortController()
  const asked = leaves.carrier.request({ ...ASK, signal: given.signal })
  const call = await line.next(1_000)
  assert.ok(call !== undefined && call !== 'silence')
  async function* stalling() {
    yield Buffer.from('one')
    await new Promise(() => {})
  }

  const over = leaves.answer(peerId, call.id, { status: 200, headers: {}, body: stalling() })
  const chunks = (await asked).body[Symbol.asyncIterator]()
  await chunks.next()
  const next = chunks.next()
  given.abort()

  await assert.rejects(next, /aborted/)
  await over
})

test('an answer without a body is over though nobody reads it', async () => {
  const { leaves } = leavesHere()
  const line = leaves.open({ peerId })
  const asked = leaves.carrier.request({ ...ASK, method: 'HEAD' })
  const call = await line.next(1_000)
  assert.ok(call !== undefined && call !== 'silence')

  const over = leaves.answer(peerId, call.id, answerOf())

  assert.equal((await asked).statusCode, 200)
  await over
})

test('a leaf that does not begin to answer loses its line, and all calls fail', async () => {
  const { leaves, hosts, move } = leavesHere()
  const line = leaves.open({ peerId })
  const asked = [leaves.carrier.request(ASK), leaves.carrier.request(ASK)]
  const failed = Promise.all(asked.map((one) => assert.rejects(one, /holds no line/)))

  move(30_000)

  await failed
  assert.equal(await line.next(1), undefined)
  assert.equal(hosts.isDialable(address), false)
  await assert.rejects(leaves.carrier.request(ASK), /holds no line/)
})

test('a leaf whose calls are all given up loses its line, unless it answers meanwhile', async () => {
  for (const answersLate of [false, true]) {
    const { leaves, move } = leavesHere()
    const line = leaves.open({ peerId })
    const givenUp = new AbortController()
    const asked = leaves.carrier.request({ ...ASK, signal: givenUp.signal })
    const call = await line.next(1_000)
    assert.ok(call !== undefined && call !== 'silence')
    move(10_000)

    givenUp.abort()
    await assert.rejects(asked)
    if (answersLate) assert.equal(leaves.expects(peerId, call.id), false)
    move(20_000)

    assert.equal(leaves.connected().length, answersLate ? 1 : 0)
  }
})

test('a second line of a key takes the place of the first; lines are bounded by host', async () => {
  const { leaves } = leavesHere()
  const remote = '203.0.113.7'
  const first = leaves.open({ peerId, remote })
  const second = leaves.open({ peerId, remote })

  assert.equal(await first.next(1), undefined)
  for (let n = 2; n <= 16; n++) leaves.open({ peerId: keyOf(n).peerId, remote })
  assert.throws(() => leaves.open({ peerId: keyOf(17).peerId, remote }), withCode('busy'))
  leaves.open({ peerId: keyOf(17).peerId, remote: '203.0.113.8' })
  assert.equal(leaves.connected().length, 17)
  second.close()
  assert.equal(leaves.has(peerId), false)
})
