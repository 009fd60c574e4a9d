import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { numberOf, UsageError } from '../../sim/command.ts'
import { readRegression, readScenario, regressionNames } from '../../sim/files.ts'
import { isInCode } from '../../sim/pins.ts'
import { testFolder } from '../support/folder.ts'

const plain = {
  about: 'a test',
  groves: { count: 2 },
  workload: { overMs: 1_000 },
  faultsEndMs: 2_000,
  rounds: 3,
}
const at = testFolder()

async function refusalOf(content: string): Promise<string> {
  const file = at('mine.json')
  await writeFile(file, content)
  try {
    readScenario(file)
  } catch (error) {
    assert.ok(error instanceof UsageError)
    assert.ok(error.message.includes(file), error.message)
    return error.message
  }
  return assert.fail('it was accepted')
}

test("a scenario can be in any file, and has the file's name", async () => {
  const file = at('elsewhere.json')
  await writeFile(file, JSON.stringify(plain))

  const { name, groves } = readScenario(file)

  assert.equal(name, 'elsewhere')
  assert.equal(groves.count, 2)
})

for (const [what, change, said] of [
  ['a misspelt field', { network: { lost: 0.1 } }, '"lost"'],
  ['a fault that ends before it begins', { faults: [fault(900, 800)] }, 'faults[0].fromMs'],
  ['a fault that outlasts all faults', { faults: [fault(0, 3_000)] }, 'faults[0].untilMs'],
  [
    'a fault of more disks than there are',
    {
      faults: [
        { ...fault(0, 900), type: 'disk', groves: 3, conditions: { full: 1 }, share: undefined },
      ],
    },
    'faults[0].groves',
  ],
  ['work after the faults', { workload: { overMs: 9_000 } }, 'workload.overMs'],
  ['a range whose ends are swapped', { network: { latencyMs: [40, 5] } }, 'network.latencyMs'],
  [
    'artifact sizes whose ends are swapped',
    { workload: { overMs: 1, artifactBytes: [9, 1] } },
    'workload.artifactBytes',
  ],
] as const) {
  test(`a scenario with ${what} is refused, and the message names the field`, async () => {
    const message = await refusalOf(JSON.stringify({ ...plain, ...change }))

    assert.ok(message.includes(said), message)
  })
}

test('a file that is not JSON is refused, and the message names it', async () => {
  assert.match(await refusalOf('{'), /can't be read/)
})

test('an unknown name is refused with a list of the known ones', () => {
  assert.throws(() => readScenario('nope'), /no scenario "nope"; there are .*calm/)
  assert.throws(() => readRegression('nope'), /no regression "nope"; there are .*clock-set-back/)
})

test('every pinned run names its fixes, and the code holds each of them once', () => {
  for (const name of regressionNames()) {
    const { fixes } = readRegression(name)

    assert.notEqual(fixes.length, 0, `${name} names no fix`)
    for (const fix of fixes)
      assert.ok(isInCode(fix), `${name}: ${fix.file} does not hold \`${fix.is}\` once`)
  }
})

test('a numeric option refuses anything but a number in its range', () => {
  assert.equal(numberOf(undefined, 'seeds'), undefined)
  assert.equal(numberOf('12', 'seeds'), 12)
  assert.equal(numberOf('0.2', 'loss', { most: 1, whole: false }), 0.2)
  for (const text of ['abc', '', ' ', '-1', '1.5', '1e99'])
    assert.throws(() => numberOf(text, 'seeds'), UsageError)
  assert.throws(
    () => numberOf('0', 'seeds', { least: 1 }),
    /--seeds takes a whole number from 1, not "0"/,
  )
})

function fault(fromMs: number, untilMs: number) {
  return { type: 'partition', fromMs, untilMs }
}
