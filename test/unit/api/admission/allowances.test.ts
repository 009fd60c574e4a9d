import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Allowances } from '../../../../src/api/admission/allowances.ts'
import { memoryRequest } from '../../../../src/api/answer/request.ts'
import { isGroveError } from '../../../../src/core/errors.ts'
import { standingClock } from '../../../support/standing-clock.ts'

const MiB = 1_048_576

function allowances(waiters: string[]) {
  const { clock, move } = standingClock()
  const all = new Allowances({ clock, waiters: () => waiters })
  const user = (host: string, headers: Readonly<Record<string, string>> = {}) => ({
    name: host,
    request: { ...memoryRequest({ method: 'GET', target: '/', headers }), host },
  })
  /** Asks so often; how often it was let in, and when it may come again. */
  const ask = (host: string, times: number, headers?: Readonly<Record<string, string>>) => {
    let taken = 0
    let retryAfter: unknown
    for (let n = 0; n < times; n++)
      try {
        all.check(user(host))
        all.begin(user(host, headers))
        taken++
      } catch (error) {
        if (!isGroveError(error, 'busy')) throw error
        retryAfter = error.details['retryAfter']
      }
    return { taken, retryAfter }
  }
  const send = async (host: string, bytes: number) => {
    const chunks = (async function* () {
      for (let sent = 0; sent < bytes; sent += MiB) yield Buffer.alloc(MiB)
    })()
    const { body } = all.counted(user(host), { status: 200, headers: {}, body: chunks })
    for await (const _ of body as AsyncIterable<Uint8Array>);
  }
  return { ask, send, move }
}

test('one that is alone, or beside others that use as much, uses what there is', async () => {
  const waiters: string[] = []
  const { ask, send } = allowances(waiters)

  assert.equal(ask('greedy', 10_000).taken, 10_000)
  await send('greedy', 1_000 * MiB)
  assert.equal(ask('greedy', 1).taken, 1)
  waiters.push('greedy')
  assert.equal(ask('greedy', 1).taken, 1, 'it waits for nobody but itself')
  waiters.push('equal')
  ask('equal', 10_000)
  assert.equal(ask('greedy', 1_000).taken, 1_000)
  assert.equal(ask('equal', 1_000).taken, 1_000)
})

test('while others wait that use less, one has its part of requests, and is told when to come', () => {
  const waiters = ['modest']
  const { ask, move } = allowances(waiters)

  assert.deepEqual(ask('greedy', 1_000), { taken: 200, retryAfter: 1 })
  assert.deepEqual(ask('modest', 100), { taken: 100, retryAfter: undefined })
  move(1_000)
  assert.equal(ask('greedy', 1_000).taken, 50)
  waiters.pop()
  assert.equal(ask('greedy', 1_000).taken, 1_000)
  waiters.push('modest')
  assert.equal(ask('greedy', 1).taken, 0)
  move(1_100)
  assert.equal(ask('greedy', 1).taken, 1, 'what was used while nobody waited is not owed for long')
})

test('likewise with the bytes that it is sent, and those that are hashed for it', async () => {
  const { ask, send, move } = allowances(['modest'])

  await send('reader', 130 * MiB)
  assert.deepEqual(ask('reader', 1), { taken: 0, retryAfter: 1 })
  move(1_000)
  assert.equal(ask('reader', 1).taken, 1)
  assert.equal(ask('writer', 10, { 'content-length': String(60 * MiB) }).taken, 5)
})
