import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flood } from '../../sim/gossip/attacks/flood.ts'
import { proven } from '../../sim/gossip/attacks/proven.ts'
import { idle, redundancy } from '../../sim/gossip/cost.ts'
import { liveness } from '../../sim/gossip/liveness.ts'
import { departure, recovery, sampling } from '../../sim/gossip/overlay.ts'
import { type Mode, type SpreadOptions, spread } from '../../sim/gossip/spread.ts'
import type { Row } from '../../sim/gossip/table.ts'
import { Timeline } from '../../sim/gossip/timeline.ts'

const spreading = (mode: Mode, options: Partial<SpreadOptions> = {}): Row =>
  spread({ n: 300, seed: 1, loss: 0.2, churn: 0, maxRounds: 50, mode, ...options })

const atMost = (row: Row, column: string, most: number) => {
  const value = row[column]
  assert.ok(
    typeof value === 'number' && value <= most,
    `${column} is ${value}, at most ${most} is asked`,
  )
}
const atLeast = (row: Row, column: string, least: number) => {
  const value = row[column]
  assert.ok(
    typeof value === 'number' && value >= least,
    `${column} is ${value}, at least ${least} is asked`,
  )
}

test('99 % of 300 groves know a new best in 6 rounds at 20 % loss, in 8 with 5 % churn', () => {
  atMost(spreading('exchange'), 'roundsTo99', 6)
  atMost(spreading('exchange', { churn: 0.05 }), 'roundsTo99', 8)
})

test('99 % of 300 groves know an announced item within 2 seconds', () => {
  atMost(spreading('announce', { loss: 0 }), 'secondsTo99', 2)
})

test('without relaying, an item takes many times as long', () => {
  const options = { n: 100, loss: 0 }
  const [relayed, direct] = [
    spreading('exchange', options),
    spreading('no relay', { ...options, maxRounds: 200 }),
  ]

  atLeast(direct, 'roundsTo99', 10 * Number(relayed['roundsTo99']))
})

test('the active views form a connected overlay, much like a random graph', () => {
  const [views, random] = sampling({ n: 300, seed: 1, loss: 0 })

  atLeast(views!, 'least', 1)
  atMost(views!, 'deviation', Number(random!['deviation']))
  atMost(views!, 'pathLength', 1.05 * Number(random!['pathLength']))
  atMost(views!, 'clustering', 1.25 * Number(random!['clustering']))
  assert.equal(views!['connected'], 1)
})

test('when half of the groves vanish, the rest stay connected and drop the dead', () => {
  const rows = recovery({ n: 200, seed: 1, loss: 0 })
  const after = (rounds: number) => rows.find((row) => row['rounds'] === rounds)!

  assert.equal(after(0)['connected'], 1)
  atLeast(after(1), 'knowing', 0.99)
  assert.equal(after(30)['deadInViews'], 0)
})

test('a dead grove has left all views within 20 rounds', () => {
  atMost(departure({ n: 150, seed: 1, loss: 0 })[0]!, 'outOfAll', 20)
})

test('among proven peers a dead grove has left all views within 5 rounds', () => {
  atMost(departure({ n: 60, seed: 1, loss: 0, view: 'proven' })[0]!, 'outOfAll', 5)
})

test('an exchange in which nothing is new takes at most 300 bytes each way', () => {
  const [equal, different] = idle({ n: 40, seed: 1, loss: 0 })

  for (const row of [equal!, different!]) {
    atMost(row, 'bytesThere', 300)
    atMost(row, 'bytesBack', 300)
  }
})

test('announcements reach every grove, with at most half a duplicate entry a delivery', () => {
  const [row] = redundancy({ n: 150, seed: 1, loss: 0 })

  atMost(row!, 'duplicates', 0.5)
  atLeast(row!, 'reached', 1)
})

test('at 5 % loss no living grove fails, dead ones do, and no third party revives them', () => {
  const [row] = liveness({ n: 150, seed: 1, loss: 0.05 })

  assert.equal(row!['falseFailures'], 0)
  assert.equal(row!['revivedByOthers'], 0)
  atMost(row!, 'lastFailed', 20)
  atMost(row!, 'back', 1)
  atMost(row!, 'lastKnowing', 1)
})

test('one host has one place in a view, by any names, and newcomers with one seed are heard', () => {
  for (const row of flood({ n: 40, seed: 1, loss: 0 }, ['paths', 'ids'], [0.3])) {
    atMost(row, 'mostInAView', 1)
    atMost(row, 'newcomersTold', 2 * Number(row['toldAlone']))
    atMost(row, 'newcomersKnow', 2 * Number(row['knowAlone']))
  }
})

test('among proven peers attackers get their share of identities, and stop nothing', () => {
  const attack = { shares: [0.3], paces: [20], lookedAt: [10, 20] }
  const [row] = proven({ n: 50, seed: 1, loss: 0 }, attack)

  atMost(row!, 'after10', Number(row!['limit']))
  atMost(row!, 'after20', Number(row!['limit']))
  assert.equal(row!['gangOnly'], 0)
  atMost(row!, 'roundsTo99', 2 * Number(row!['aloneTo99']))
  atLeast(row!, 'newcomersEntered', 8)
})

test('equal seeds give equal figures, and another seed gives others', () => {
  const options = { n: 80, churn: 0.05 }

  assert.deepEqual(spreading('announce', options), spreading('announce', options))
  assert.notDeepEqual(
    spreading('announce', { ...options, seed: 2 }),
    spreading('announce', options),
  )
})

test('tasks run in the order of their moments, and then as they were set', () => {
  const timeline = new Timeline(1_000)
  const ran: string[] = []
  const note = (name: string) => () => ran.push(`${name} ${timeline.now}`)
  timeline.after(200_000, note('far'))
  timeline.at(1_005, note('a'))
  timeline.at(1_005, () => {
    note('b')()
    timeline.after(0, note('c'))
  })
  timeline.at(0, note('past'))

  timeline.runUntil(300_000)

  assert.deepEqual(ran, ['past 1000', 'a 1005', 'b 1005', 'c 1005', 'far 201000'])
  assert.equal(timeline.now, 300_000)
})
