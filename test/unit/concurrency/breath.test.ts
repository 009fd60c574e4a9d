import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Breath } from '../../../src/concurrency/breath.ts'

/** A breath whose clock and event loop stand until they are moved on. */
function standing() {
  const tasks: (() => void)[] = []
  let now = 0
  const breath = new Breath({ now: () => now, nextTurn: (task) => void tasks.push(task) })
  return {
    breath,
    work: (ms: number) => {
      now += ms
    },
    goRound: () => {
      for (const task of tasks.splice(0)) task()
    },
  }
}

test('a turn that has worked for long waits for the next one', async () => {
  const { breath, work, goRound } = standing()

  assert.equal(breath.breathe(), undefined)
  work(20)
  const next = breath.breathe()
  goRound()

  assert.ok(next instanceof Promise)
  await next
  assert.equal(breath.breathe(), undefined)
})

test('short turns are never held up, however many there are', () => {
  const { breath, work, goRound } = standing()

  for (let turn = 0; turn < 10; turn++) {
    assert.equal(breath.breathe(), undefined)
    work(5)
    assert.equal(breath.breathe(), undefined)
    goRound()
  }
})

test('those that wait get the next turn one after the other', () => {
  const { breath, work, goRound } = standing()
  breath.breathe()
  work(20)
  const waiting = [breath.breathe(), breath.breathe()]
  goRound()

  assert.equal(breath.breathe(), undefined)
  work(20)

  assert.ok(waiting.every((promise) => promise instanceof Promise))
  assert.ok(breath.breathe() instanceof Promise)
})

test('many that wait share the time of a turn, the longest waiting first', async () => {
  const tasks: (() => void)[] = []
  let now = 0
  const breath = new Breath({ now: () => now, nextTurn: (task) => void tasks.push(task) })
  /** As the event loop does, what a task resolves goes on before the next task. */
  const goRound = async () => {
    for (const task of tasks.splice(0)) {
      task()
      await new Promise(setImmediate)
    }
  }
  const done: number[] = []
  const walk = async (name: number) => {
    for (let step = 0; step < 2; step++) {
      await breath.breathe()
      now += 20
      done.push(name)
    }
  }

  breath.breathe()
  now += 20
  const walks = Promise.all([1, 2, 3].map(walk))
  const perTurn: number[] = []
  while (done.length < 6) {
    const before = done.length
    await goRound()
    perTurn.push(done.length - before)
  }

  await walks
  assert.deepEqual(done, [1, 2, 3, 1, 2, 3])
  assert.ok(Math.max(...perTurn) <= 1, `${perTurn}`)
})

test('who is brief does not wait for all walks, nor walks for all that are brief', async () => {
  const { breath, work, goRound } = standing()
  const done: string[] = []
  breath.breathe()
  work(20)
  for (const name of ['walk 1', 'walk 2', 'walk 3'])
    void breath.breathe()?.then(() => done.push(name))
  for (const name of ['brief 1', 'brief 2', 'brief 3'])
    void breath.breathe(true)?.then(() => done.push(name))

  goRound()
  await Promise.resolve()

  assert.deepEqual(done, ['brief 1', 'walk 1', 'brief 2', 'walk 2', 'brief 3', 'walk 3'])
})
