import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRegression, readScenario, regressionNames, scenarioNames } from '../../sim/files.ts'
import { run } from '../../sim/run/run.ts'
import { allDifferences } from './sqlite.ts'

/** The same in every run of the tests. `npm run -s sim:soak` plays many more. */
const SEEDS = [1, 2]

for (const name of scenarioNames()) {
  const scenario = readScenario(name)
  test(`${name}: ${scenario.about}`, async () => {
    for (const seed of SEEDS) {
      const { violations } = await run(scenario, seed, { inspect: allDifferences })

      assert.deepEqual(violations, [], `npm run sim -- --scenario ${name} --seed ${seed}`)
    }
  })
}

for (const name of regressionNames()) {
  const { found, seed, scenario } = readRegression(name)
  test(`regression: ${found}`, async () => {
    const { violations } = await run(scenario, seed)

    assert.deepEqual(violations, [], `npm run sim -- --regression ${name}`)
  })
}
