import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStores, rotateKey } from '../../../../src/compose.ts'
import { GroveError } from '../../../../src/core/errors.ts'
import { SigningKey } from '../../../../src/core/identity/ed25519.ts'
import { rotate } from '../../../../src/core/identity/rotation.ts'
import { timestamp } from '../../../../src/core/time.ts'
import type { GroveNode } from '../../../../src/node/node.ts'
import { checkOtherId } from '../../../../src/node/peers/other-id.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { directoryOfSchema } from '../../../conformance/temporary.ts'
import { temporaryDirectory } from '../../../support/folder.ts'
import { serveNode } from '../../../support/serve-node.ts'
import { keyOf } from '../../../support/signed-groves.ts'
import { testNode } from '../../../support/test-node.ts'
import { until } from '../../../support/until.ts'

/** A grove that expects `expected` at the address, and what it makes of what answers there. */
async function outcomeOf(
  expected: string,
  address: string,
  before: (node: GroveNode) => Promise<void> = async () => {},
): Promise<'taken' | 'wrong'> {
  await using grove = testNode([{ peerId: expected, address }], {
    reachable: true,
    gossipIntervalMs: 50,
  })
  const { node } = grove
  await before(node)
  await node.start()
  return await until('it is known', () => {
    if (node.gossip.peer(address)?.answered === true) return 'taken'
    return node.peers.record(address).lastError === undefined ? undefined : 'wrong'
  })
}

test('a seed whose key was rotated is followed from the id that the operator wrote', async () => {
  await using temporary = await temporaryDirectory()
  const dir = join(temporary.dir, 'grove')
  const { stores, identity } = await openStores({ dir }, silentLog)
  await stores.close()
  for (const _ of [1, 2]) await rotateKey({ dir }, silentLog)
  await using seed = await serveNode(dir)

  assert.equal(await outcomeOf(identity.key.peerId, seed.url), 'taken')
})

test('a seed that is known to have another key is expected under that one, and no longer the old', async () => {
  const next = keyOf(2)
  await using temporary = await temporaryDirectory()
  await using seed = await serveNode(temporary.dir)
  const pem = await readFile(join(temporary.dir, 'identity.pem'), 'utf8')
  const key = SigningKey.fromPem(pem) ?? assert.fail()
  const known = async (node: GroveNode, from: SigningKey, to: SigningKey) =>
    node.access.rotations.learn([rotate(from, to, timestamp(1_000))], from.peerId)

  const followed = await outcomeOf(next.peerId, seed.url, (node) => known(node, next, key))
  const stolen = await outcomeOf(key.peerId, seed.url, (node) => known(node, key, next))

  assert.deepEqual([followed, stolen], ['taken', 'wrong'])
})

test('a seed that has its first key is followed from its id without one', async () => {
  await using temporary = await directoryOfSchema(1)
  await using seed = await serveNode(temporary.dir)

  assert.equal(await outcomeOf('grove-0123456789abcdef0123456789abcdef', seed.url), 'taken')
})

test('who wrote the id of a seed is told what to write, and who joined it is not', async () => {
  const seed = { peerId: 'before', address: 'http://10.0.0.5:4515' }
  const remedies: unknown[] = []
  const node = (hubs: readonly string[]) => ({
    transport: { identity: async () => ({ peerId: 'now', formerly: 'before', rotations: [] }) },
    hubs: { list: () => hubs.map((peerId) => ({ peerId })) },
    log: { warn: (_: string, fields: { remedy?: string }) => void remedies.push(fields.remedy) },
    closing: new AbortController().signal,
    tell: () => {},
  })

  await checkOtherId(node([]) as never, seed, 'now')
  await checkOtherId(node(['before']) as never, seed, 'now')

  assert.deepEqual(remedies, [`write now@${seed.address} instead`, undefined])
})

test('a seed is not the wrong grove because what became of its key did not arrive', async () => {
  const seed = { peerId: 'before', address: 'http://10.0.0.5:4515' }
  const faultsAfter = async (code: 'peer-unreachable' | 'peer-too-slow' | 'absent') => {
    const faults: string[] = []
    const identity = async () => Promise.reject(new GroveError(code, {}))
    const node = {
      transport: { identity },
      peers: { fault: (address: string) => void faults.push(address) },
      seedWatch: { failed() {} },
      faultLog: { note() {} },
      gossip: { peer: () => undefined },
      config: { self: { peerId: 'self', address: 'http://10.0.0.1:4515' }, seeds: [] },
      log: silentLog,
      closing: new AbortController().signal,
    }
    await checkOtherId(node as never, seed, 'now')
    return faults
  }

  assert.deepEqual(await faultsAfter('peer-unreachable'), [])
  assert.deepEqual(await faultsAfter('peer-too-slow'), [])
  assert.deepEqual(await faultsAfter('absent'), [seed.address])
})

test('what answers with an id that does not follow is the wrong grove', async () => {
  await using temporary = await directoryOfSchema(1)
  await using seed = await serveNode(temporary.dir)

  for (const other of ['grove-other', `ed25519:${'0a'.repeat(32)}`])
    assert.equal(await outcomeOf(other, seed.url), 'wrong')
})
