import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MachineClock } from '../../sim/engine/clock.ts'
import { Rng } from '../../sim/engine/rng.ts'
import { Timeline } from '../../sim/engine/timeline.ts'
import { readScenario } from '../../sim/files.ts'
import { run } from '../../sim/run/run.ts'
import { scenarioSchema } from '../../sim/scenario/scenario.ts'

test('events happen in the order of their moments, without a wall clock', async () => {
  const timeline = new Timeline(0)
  const happened: string[] = []
  timeline.after(60_000, () => happened.push('late'))
  timeline.after(10, () => {
    happened.push('early')
    timeline.delay(5).then(() => happened.push('in between'))
  })
  timeline.after(20, () => happened.push('never'))()

  await timeline.run(100_000)

  assert.deepEqual(happened, ['early', 'in between', 'late'])
  assert.equal(timeline.now, 100_000)
})

test('a clock that jumps shows another time, but its timers run as before', async () => {
  const timeline = new Timeline(1_000)
  const machine = new MachineClock(timeline, { offsetMs: 500 })
  const clock = machine.forProcess(() => true)
  const fired: number[] = []
  clock.after(100, () => fired.push(timeline.now))

  machine.jump(-3_600_000)
  await timeline.run(2_000)

  assert.deepEqual(fired, [1_100])
  assert.equal(clock.now(), 2_000 + 500 - 3_600_000)
})

test('one more draw in a fork shifts no draw in another fork', () => {
  const [plain, disturbed] = [new Rng(5), new Rng(5)]
  disturbed.fork('one').next()
  disturbed.next()

  assert.equal(disturbed.fork('two').next(), plain.fork('two').next())
})

test('a run without agreement is a violation that says what differs', async () => {
  const { groves, ...calm } = readScenario('calm')

  const { violations, stats } = await run(
    { ...calm, groves: { ...groves, policy: { ...groves.policy, scope: 'off' } } },
    1,
  )

  assert.equal(stats.rounds, -1)
  assert.ok(violations.some((what) => /no agreement after 6 rounds: g. lacks work-/.test(what)))
})

test("an adversary's messages are valid: none is refused for its form", async () => {
  const calm = readScenario('calm')

  const { transcript } = await run({ ...calm, adversaries: { braggart: 1 } }, 1, { explain: true })

  const answers = transcript.filter((line) => / → braggart0\b/.test(line))
  assert.ok(
    answers.some((line) => line.includes('gossip back')),
    answers[0],
  )
  assert.ok(!answers.some((line) => line.includes('VALIDATION_ERROR')), answers[0])
})

test('a scenario with a misspelt field is refused', () => {
  const scenario = {
    about: 'x',
    groves: { count: 1 },
    workload: { overMs: 1, publish: 3 },
    faultsEndMs: 1,
    rounds: 1,
  }

  assert.throws(() => scenarioSchema.parse(scenario), /publish/)
})
