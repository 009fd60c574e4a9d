import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localClient } from '../../../../src/api/client/local-client.ts'
import { rotateKey } from '../../../../src/compose.ts'
import { silentLog } from '../../../../src/ports/log.ts'
import { testFolder } from '../../../support/folder.ts'
import { servedGrove, type TestGrove } from '../../../support/serve-node.ts'
import { until } from '../../../support/until.ts'

const at = testFolder()

/** In `members`; it calls on its own when it starts only. */
const quiet = { admission: 'members', gossipIntervalMs: 600_000 } as const

const hasProven = ({ node }: TestGrove, { node: peer }: TestGrove) =>
  node.gossip.provenPeers().some(({ peerId }) => peerId === peer.config.self.peerId)

test('a hub that starts with another key has the members as peers that know the one before', async () => {
  const [hubDir, dir] = [at('hub'), at('member')]
  const hub = await servedGrove({ dir: hubDir, ...quiet })
  {
    await using before = await servedGrove({ dir, ...quiet })
    const { line } = await localClient(hub.node).invite({})
    await localClient(before.node).joinGrove({ invite: line })
  }
  await using member = await servedGrove({ dir, ...quiet })
  await until('the hub has called the member back', () => hasProven(hub, member))
  const port = Number(new URL(hub.url).port)
  await hub.close()
  const { key } = await rotateKey({ dir: hubDir }, silentLog)

  await using after = await servedGrove({ dir: hubDir, ...quiet }, { port })

  await until('it has called the member again', () => hasProven(after, member))
  assert.equal(member.node.access.keys.of(key.peerId), 'member')
})
