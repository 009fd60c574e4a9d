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
