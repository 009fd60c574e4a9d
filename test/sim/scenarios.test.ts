import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRegression, readScenario, regressionNames, scenarioNames } from '../../sim/files.ts'
import { run } from '../../sim/run/run.ts'
import { allDifferences } from './sqlite.ts'

/** Scenarios take turns with these, and so with their modes. `npm run -s sim:soak` plays many more. */
const SEEDS = 4

for (const [index, name] of scenarioNames().entries()) {
  const scenario = readScenario(name)
  const seed = 1 + (index % SEEDS)
  test(`${name}: ${scenario.about}`, async () => {
    const { violations } = await run(scenario, seed, { inspect: allDifferences })

    assert.deepEqual(violations, [], `npm run sim -- --scenario ${name} --seed ${seed}`)
  })
}

for (const name of regressionNames()) {
  const { found, seed, scenario } = readRegression(name)
  test(`regression: ${found}`, async () => {
    const { violations } = await run(scenario, seed)

    assert.deepEqual(violations, [], `npm run sim -- --regression ${name}`)
  })
}
