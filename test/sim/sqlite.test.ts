import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readScenario } from '../../sim/files.ts'
import { run } from '../../sim/run/run.ts'
import { differences } from './sqlite.ts'

test('a grove that does not hold what its log says is noticed', async () => {
  const { violations } = await run(readScenario('calm'), 1, {
    async inspect([machine]) {
      assert.ok(machine !== undefined)
      const whole = await machine.disk.graph.since(0, Number.MAX_SAFE_INTEGER)
      machine.disk.graph.since = async (seq) => whole.slice(1).filter((entry) => entry.seq > seq)
      return differences(machine)
    },
  })

  assert.match(violations.join(), /SQLite answers differently/)
})

test('a grove that does not count anew once others count is noticed', async () => {
  const scenario = readScenario('judged-keys')
  const found = new Map<string, string[]>()
  await run(scenario, 1, {
    async inspect([machine]) {
      assert.ok(machine?.counting !== undefined)
      found.set('counts anew', await differences(machine, { isRecounted: true }))
      const { origins } = machine.disk.graph
      origins.judge = async () => false
      found.set('does not', await differences(machine, { isRecounted: true }))
      return []
    },
  })

  assert.deepEqual(found.get('counts anew'), [])
  assert.match(found.get('does not')?.join() ?? '', /counts differently .* signer is blocked/)
})
