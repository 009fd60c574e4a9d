import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FederationPeer } from '../../../src/core/wire/federation.ts'
import type { GroveIdentity } from '../../../src/core/wire/identity.ts'
import { getJson, postJson, publishTo } from '../../support/http.ts'
import { groves } from '../../support/processes/groves.ts'
import { until } from '../../support/until.ts'

const { start } = groves()

test('groves in members share once each has listed the other, and nobody else gets in', async () => {
  const members = ['--admission', 'members']
  const a = await start('a', ...members)
  const b = await start('b', ...members, '--peer', a.url)
  const idOf = async (url: string) => (await getJson<GroveIdentity>(url, '/api/identity')).peerId
  const work = await publishTo(a.url, { scores: { loss: { value: 1, direction: 'minimize' } } })

  const refused = await until('B is told why it is refused', async () => {
    const { peers } = await getJson<{ peers: FederationPeer[] }>(b.url, '/api/federation/peers')
    return peers[0]?.record.lastError
  })
  for (const [at, of] of [
    [a, b],
    [b, a],
  ] as const)
    await postJson(at.url, '/api/federation/standings', {
      peer: await idOf(of.url),
      standing: 'trusted',
    })
  await until(
    'B holds the work of A',
    async () => (await fetch(`${b.url}/api/contributions/${work.cid}`)).status === 200,
  )
  const unsigned = await fetch(`${a.url}/api/gossip/exchange`, { method: 'POST', body: '{}' })

  assert.match(refused.message, /grove peers trust ed25519:/)
  assert.equal(unsigned.status, 401)
})
