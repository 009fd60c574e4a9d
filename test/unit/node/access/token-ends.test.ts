import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Tokens } from '../../../../src/node/access/tokens.ts'
import { seeded } from '../../../../src/runtime/random.ts'
import { secretHex } from '../../../../src/runtime/secret.ts'
import { memoryStores } from '../../../../src/stores/memory/open.ts'
import { standingClock } from '../../../support/standing-clock.ts'

test('who came in by a token is told once that it was revoked, or has expired', async (t) => {
  const { clock, move } = standingClock()
  const stores = memoryStores(seeded(1))
  t.after(() => stores.close())
  const tokens = new Tokens({ records: stores.records, clock, secret: secretHex })
  const brief = await tokens.create({ name: 'brief', scope: 'read', expiresInMs: 1_000 })
  const lasting = await tokens.create({ name: 'lasting', scope: 'read' })
  const told: string[] = []
  const watch = (name: string, id: string) => tokens.watch(id, () => told.push(name))
  watch('lasting', lasting.id)
  watch('left', lasting.id)()
  watch('brief', brief.id)
  watch('brief, left', brief.id)()

  move(999)
  assert.deepEqual(told, [])
  move(1)
  assert.deepEqual(told, ['brief'])
  await tokens.revoke('lasting')
  await tokens.revoke('brief')
  assert.deepEqual(told, ['brief', 'lasting'])

  watch('late', lasting.id)
  assert.deepEqual(told, ['brief', 'lasting', 'late'])
})
