import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Vigil } from '../../../src/concurrency/vigil.ts'
import { standingClock } from '../../support/standing-clock.ts'

/** A vigil over a server whose signs of life the test gives, and the calls for them. */
function watched() {
  const { clock, move } = standingClock()
  const probes: { answer: () => void; fail: (error: Error) => void }[] = []
  const vigil = new Vigil({
    timers: clock,
    probe: () =>
      new Promise<void>((answer, fail) => {
        probes.push({ answer, fail })
      }),
    silent: (ms) => new Error(`silent for ${ms}`),
    isFatal: (error) => (error as Error).message === 'hung',
  })
  return { vigil, move, probes }
}

/** A call that ends only when its signal does. */
async function endless(until: AbortSignal): Promise<never> {
  await once(until, 'abort')
  throw until.reason
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('a call fails when nothing was ever heard for ten seconds', async () => {
  const { vigil, move, probes } = watched()
  const call = vigil.over(undefined, endless)

  move(2_000)
  assert.equal(probes.length, 1)
  move(8_000)

  await assert.rejects(call, /silent for 10000/)
})

test('a call may take as long as it likes while the other side gives signs of life', async () => {
  const { vigil, move, probes } = watched()
  const { promise, resolve } = Promise.withResolvers<string>()
  const call = vigil.over(undefined, () => promise)

  move(2_000)
  for (let sign = 0; sign < 10; sign++) {
    probes[sign]?.answer()
    await settled()
    move(30_000)
    assert.equal(probes.length, sign + 2)
  }
  resolve('done')

  assert.equal(await call, 'done')
})

test('whoever has answered before is waited for longer, and who is known to hang is not', async () => {
  const { vigil, move, probes } = watched()
  await vigil.over(undefined, async () => 'an answer')
  const slow = vigil.over(undefined, endless)
  const hung = vigil.over(undefined, endless)

  move(2_000)
  move(100_000)
  probes[1]?.fail(new Error('hung'))
  await assert.rejects(hung, /hung/)
  move(18_000)

  await assert.rejects(slow, /silent for 120000/)
})
