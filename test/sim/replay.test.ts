import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readScenario } from '../../sim/files.ts'
import { run } from '../../sim/run/run.ts'

for (const name of ['lossy', 'power-cuts', 'bad-bytes', 'everything']) {
  test(`equal seeds give equal runs of ${name}`, async () => {
    const scenario = readScenario(name)

    const first = await run(scenario, 7)
    const second = await run(scenario, 7, { explain: true })

    assert.equal(second.traceHash, first.traceHash)
    assert.deepEqual(second.stats, first.stats)
    assert.ok(second.transcript.length > 100)
  })
}

test('different seeds give different runs', async () => {
  const scenario = readScenario('calm')

  const hashes = new Set<string>()
  for (const seed of [1, 2, 3]) hashes.add((await run(scenario, seed)).traceHash)

  assert.equal(hashes.size, 3)
})
