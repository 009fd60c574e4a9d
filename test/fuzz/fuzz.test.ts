import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fault, fuzzOne } from './lab/fuzz.ts'
import { targets } from './targets/table.ts'

/** Inputs of each target, the same ones each time: `npm run -s fuzz` makes others, and more. */
const INPUTS = 40
/** Longer than any machine takes for one input, and short for whoever waits. */
const MAX_MS = 5_000

for (const target of targets)
  test(`${target.name}: what others write is read or refused`, async () => {
    const reader = await target.open()
    const faults: (Fault | undefined)[] = []
    try {
      for (let number = 0; number < target.seeds.length + INPUTS; number++)
        faults.push(await fuzzOne(target, reader, number, { seed: 1, maxMs: MAX_MS }))
    } finally {
      await reader.close?.()
    }
    const found = faults.filter((fault) => fault !== undefined)
    assert.deepEqual(
      found.map(({ number, what }) => `input ${number}: ${what}`),
      [],
      `npm run -s fuzz -- --only ${target.name} --seed 1 --input ${found[0]?.number}`,
    )
  })
