import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publishTo } from '../../support/http.ts'
import { groves } from '../../support/processes/groves.ts'
import { groveText } from '../../support/processes/run-grove.ts'
import { until } from '../../support/until.ts'

const { at, start } = groves()
const isAt = async (url: string, cid: string) =>
  (await fetch(`${url}/api/contributions/${cid}`)).status === 200

test('what a leaf publishes is at its hub and at another leaf, all of them members', async () => {
  const flags = ['--admission', 'members', '--gossip-interval', '500ms', '--sync-interval', '2s']
  const hub = await start('hub', ...flags)
  for (const name of ['one', 'other']) {
    const line = await groveText(['invite', '--quiet', '--dir', at('hub')])
    await groveText(['join', line.trim(), '--dir', at(name)])
  }
  const one = await start('one', '--leaf', ...flags)
  const other = await start('other', '--leaf', ...flags)
  const work = await publishTo(one.url, { scores: { loss: { value: 1, direction: 'minimize' } } })

  await until('the hub has it', () => isAt(hub.url, work.cid))
  await until('the other leaf has it', () => isAt(other.url, work.cid))

  const status = await groveText(['status', '--dir', at('one')])
  assert.match(status, /nobody can dial this grove: it publishes through hub http:/)
})
