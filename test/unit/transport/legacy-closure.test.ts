import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalBytes } from '../../../src/core/canonical.ts'
import { type Cid, hashBytes } from '../../../src/core/cid.ts'
import { legacyClosure } from '../../../src/transport/legacy/closure.ts'

const peer = { peerId: 'old', address: 'http://192.0.2.1:4515' }

const manifestOf = (title: string, ...parents: readonly Cid[]): Uint8Array =>
  canonicalBytes({
    title,
    relations: parents.map((targetCid) => ({ targetCid, relationType: 'derives_from' })),
  })

/** A 0.1 server, and what was asked of it. */
function oldServer(answer: (cid: Cid) => Uint8Array) {
  const asked: Cid[] = []
  const routes = {
    async manifest(_: unknown, cid: Cid) {
      asked.push(cid)
      return { bytes: answer(cid), sizes: undefined, attestations: [] }
    },
    children: async () => [],
  }
  const closure = (cid: Cid, ancestors: number) =>
    legacyClosure(routes, peer, { cid, ancestors, evidence: false }, {})
  return { asked, closure }
}

test('the ancestors of a contribution come from a 0.1 server, farthest first', async () => {
  const first = manifestOf('first')
  const second = manifestOf('second', hashBytes(first))
  const third = manifestOf('third', hashBytes(second))
  const held = new Map([first, second, third].map((bytes) => [hashBytes(bytes), bytes]))
  const { closure } = oldServer((cid) => held.get(cid) ?? first)

  const { records } = await closure(hashBytes(third), 5)

  const came = await Array.fromAsync(records, ({ bytes }) => hashBytes(bytes))
  assert.deepEqual(came, [hashBytes(first), hashBytes(second)])
})

test('parents that another manifest names than the one asked for are not asked for', async () => {
  let inventions = 0
  const invented = () => hashBytes(manifestOf(`invention ${++inventions}`))
  const { asked, closure } = oldServer(() => manifestOf('forged', invented(), invented()))
  const start = hashBytes(manifestOf('start'))

  const { records, trailer } = await closure(start, 20)

  assert.deepEqual(await Array.fromAsync(records), [])
  assert.equal((await trailer).sent, 0)
  assert.deepEqual(asked, [start])
})
