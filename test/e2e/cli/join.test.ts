import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hub, InviteInfo } from '../../../src/core/wire/join.ts'
import { publishTo } from '../../support/http.ts'
import { groves } from '../../support/processes/groves.ts'
import { groveFails, groveJson, groveText } from '../../support/processes/run-grove.ts'
import { until } from '../../support/until.ts'

const { at, start } = groves()
const members = ['--admission', 'members']
const isAt = async (url: string, cid: string) =>
  (await fetch(`${url}/api/contributions/${cid}`)).status === 200

test('a grove that joined while nobody served it shares with the hub once it is served', async () => {
  const hub = await start('hub', ...members)
  const [toHub, toLeaf] = [
    ['--dir', at('hub')],
    ['--dir', at('leaf')],
  ] as const
  const line = await groveText(['invite', '--quiet', ...toHub])
  const joined = await groveJson<Hub>(['join', line.trim(), '--name', 'laptop', ...toLeaf])
  const again = await groveFails(4, ['join', line.trim(), '--dir', at('thief')])
  const { invites } = await groveJson<{ invites: InviteInfo[] }>(['invite', 'list', ...toHub])
  const leaf = await start('leaf', ...members)
  const work = await publishTo(leaf.url, { scores: { loss: { value: 1, direction: 'minimize' } } })
  await until('the hub has the work of the joiner', () => isAt(hub.url, work.cid))
  const status = await groveText(['status', ...toLeaf])
  const left = await groveJson<{ isTold: boolean }>(['leave', ...toLeaf])

  assert.match(line, /^grove\+http:\/\/[^\n]+\n$/)
  assert.deepEqual([joined.address, joined.isMember], [hub.url, true])
  assert.match(again, /was used already/)
  assert.deepEqual([invites[0]?.usedBy.length, invites[0]?.refused.length], [1, 1])
  assert.match(status, /^member of +ed25519:[0-9a-f]{8} at http:.*2 members/m)
  assert.equal(left.isTold, true)
  const secret = line.trim().slice(-43)
  assert.ok(!(hub.log() + leaf.log()).includes(secret), 'no log has the secret')
})
