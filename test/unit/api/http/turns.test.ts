import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostOf } from '../../../../src/api/http/caller.ts'
import { type Lane, Turns } from '../../../../src/api/http/turns.ts'
import { Precedence } from '../../../../src/concurrency/shares/precedence.ts'
import { withCode } from '../../../support/errors.ts'
import { standingClock } from '../../../support/standing-clock.ts'

/** Turns on an event loop of their own, whose passes are played one by one. */
function newTurns(mayBegin?: (host: string) => boolean) {
  const { clock, move } = standingClock()
  let tasks: (() => void)[] = []
  const precedence = new Precedence(clock.now)
  precedence.prefer(['own'])
  const turns = new Turns({
    clock,
    precedence,
    nextTurn: (task) => void tasks.push(task),
    ...(mayBegin && { mayBegin }),
  })
  const begun: string[] = []
  const passOnce = async () => {
    const due = tasks
    tasks = []
    for (const task of due) {
      task()
      // What the task began goes as far as it can before the next one, as in Node's event loop.
      for (let step = 0; step < 4; step++) await undefined
    }
  }
  const ask = async (
    host: string,
    costMs: number,
    { lane = 'ordinary', signal = new AbortController().signal, name = host }: Asked = {},
  ) => {
    const turn = turns.enter({ host, lane, signal })
    if (turn !== undefined) await turn
    begun.push(name)
    move(costMs)
  }
  return {
    turns,
    precedence,
    ask,
    begun,
    passOnce,
    move,
    async passAll() {
      for (let pass = 0; pass < 10_000; pass++) {
        if (tasks.length > 0) await passOnce()
        else move(1)
      }
    },
  }
}

interface Asked {
  readonly lane?: Lane
  readonly signal?: AbortSignal
  readonly name?: string
}

const many = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))

test('a request begins at once while nobody waits', () => {
  const { turns } = newTurns()

  const { signal } = new AbortController()
  assert.equal(turns.enter({ host: 'a', lane: 'ordinary', signal }), undefined)
  assert.equal(turns.enter({ host: 'a', lane: 'ordinary', signal }), undefined)
})

test('a polite host waits for one request of a crowd, however many of those there are', async () => {
  const { ask, begun, passAll } = newTurns()

  const all = many(200, () => ask('crowd', 10))
  await undefined
  const before = begun.length
  all.push(ask('polite', 2))
  await passAll()
  await Promise.all(all)

  assert.ok(begun.indexOf('polite') <= before + 1, `after ${begun.indexOf('polite')} of the crowd`)
  assert.equal(begun.length, 201)
})

test('hosts get equal time, not equally many requests', async () => {
  const { ask, begun, passAll } = newTurns()

  const all = many(60, () => [ask('dear', 40), ask('cheap', 4)]).flat()
  await passAll()
  await Promise.all(all)

  const untilCheapEnds = begun.slice(0, begun.lastIndexOf('cheap'))
  const dear = untilCheapEnds.filter((host) => host === 'dear').length
  assert.ok(dear >= 4 && dear <= 9, `${dear} dear ones beside 60 cheap ones`)
})

test('what others see life by gets every second turn, and no more', async () => {
  const { ask, begun, passAll } = newTurns()

  const all = many(50, () => ask('crowd', 10))
  all.push(...many(20, () => ask('flood', 10, { lane: 'vital', name: 'vital' })))
  await passAll()
  await Promise.all(all)

  const mixed = begun.slice(begun.indexOf('vital'), begun.lastIndexOf('vital'))
  assert.ok(begun.indexOf('vital') <= 2)
  assert.ok(mixed.filter((name) => name === 'crowd').length >= 18, mixed.join())
})

test('after long work a host rests while a lighter one is active, though nobody waits', async () => {
  const { ask, begun, passOnce, passAll, move } = newTurns()

  const all = many(10, () => ask('heavy', 20))
  await passOnce()
  await passOnce()
  all.push(ask('light', 1))
  await passOnce()
  const before = begun.length
  for (let pass = 0; pass < 10; pass++) await passOnce()
  const rested = begun.length
  move(60)
  await passOnce()

  assert.equal(begun[before - 1], 'light')
  assert.equal(rested, before)
  assert.equal(begun[before], 'heavy')
  await passAll()
  await Promise.all(all)
})

test('while this machine is busy it goes first, whatever waits, and others have a fifth', async () => {
  const { ask, begun, passAll } = newTurns()

  const all = many(400, () => [ask('stranger', 1), ask('own', 1)]).flat()
  await passAll()
  await Promise.all(all)

  const untilOwnEnds = begun.slice(0, begun.lastIndexOf('own'))
  const strangers = untilOwnEnds.filter((host) => host === 'stranger').length
  assert.ok(strangers >= 60 && strangers <= 140, `${strangers} of strangers beside 400`)
})

test('a few bodies need no turns, but their hosts rest while this machine is busy', async () => {
  const { turns, precedence, move, passOnce } = newTurns()
  const { signal } = new AbortController()
  const body = { host: 'stranger', lane: 'bulk', signal } as const
  turns.beginBody()
  assert.equal(turns.enter(body), undefined)
  move(10)
  await passOnce()
  precedence.note('own', 5)

  assert.ok(turns.isResting('stranger'))
  let isOn = false
  const turn = turns.enter(body)?.then(() => (isOn = true))
  await passOnce()
  assert.ok(turn !== undefined && !isOn)
  move(40)
  await passOnce()
  await turn
  assert.ok(isOn)
})

test('alone, a host never rests', async () => {
  const { ask, begun, passOnce } = newTurns()

  const all = many(20, () => ask('alone', 20))
  for (let pass = 0; pass < 20; pass++) await passOnce()

  assert.equal(begun.length, 20)
  await Promise.all(all)
})

test('work that has begun goes on at once while its turn is young, and else takes turns', async () => {
  const { turns, ask, move, passAll } = newTurns()
  const { signal } = new AbortController()
  const goOn = { host: 'a', lane: 'bulk', signal, isWork: true } as const
  await ask('a', 0)

  assert.equal(turns.enter(goOn), undefined)
  move(5)
  const other = ask('b', 1)
  const later = turns.enter(goOn)

  assert.ok(later instanceof Promise)
  await passAll()
  await Promise.all([later, other])
})

test('a request whose caller has left is not begun', async () => {
  const { ask, begun, passAll } = newTurns()
  const left = new AbortController()

  const all = many(10, (n) => ask('a', 10, { name: `a${n}` }))
  const gone = ask('b', 10, { signal: left.signal }).catch((error: unknown) => error)
  left.abort('left')
  await passAll()
  await Promise.all(all)

  assert.equal(await gone, 'left')
  assert.equal(begun.includes('b'), false)
})

test('a host that has too many requests waiting is told so, and others are not', async () => {
  const { ask, passAll } = newTurns()

  const all = many(514, () => ask('a', 10))
  const refused = assert.rejects(ask('a', 10), withCode('busy'))
  const other = ask('b', 10)
  await passAll()

  await Promise.all([refused, other, ...all.map((one) => one.catch(() => {}))])
})

test('a host that is held back waits, others do not, and it goes on when it may', async () => {
  let isHeld = true
  const { turns, ask, begun, passAll } = newTurns((host) => host !== 'held' || !isHeld)

  const all = [ask('held', 1), ask('other', 1)]
  await passAll()
  const before = [...begun]
  isHeld = false
  turns.wake()
  await passAll()
  await Promise.all(all)

  assert.deepEqual([before, begun], [['other'], ['other', 'held']])
})

test('a pass of the event loop begins work for a few ms, then lets the loop go round', async () => {
  const { ask, begun, passOnce, passAll } = newTurns()

  const all = many(100, () => ask('a', 1))
  await undefined
  const atOnce = begun.length
  await passOnce()
  const afterOne = begun.length
  await passAll()
  await Promise.all(all)

  assert.ok(atOnce <= 5 && afterOne - atOnce <= 5, `${atOnce}, then ${afterOne}`)
})

for (const [address, host] of [
  ['127.0.0.1', '127.0.0.1'],
  ['127.0.0.2', '127.0.0.2'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
] as const)
  test(`a socket from ${address} is of the host ${host}`, () => {
    assert.equal(hostOf(address), host)
  })

test('a few bodies need no turns', async () => {
  const { turns, ask, begun } = newTurns()
  const ends = many(8, () => turns.beginBody())
  const { signal } = new AbortController()
  const busy = ask('busy', 5)
  assert.equal(turns.enter({ host: 'a', lane: 'bulk', signal }), undefined)

  const end = turns.beginBody()
  assert.notEqual(turns.enter({ host: 'a', lane: 'bulk', signal }), undefined)
  for (const endOne of [end, ...ends]) endOne()
  assert.equal(turns.enter({ host: 'a', lane: 'bulk', signal }), undefined)

  await busy
  assert.deepEqual(begun, ['busy'])
})

test('bodies under way take turns with requests, whoever is held back or whatever waits', async () => {
  const { turns, ask, begun, passAll } = newTurns((host) => host !== 'held')
  many(9, () => turns.beginBody())
  const calls = [
    ask('busy', 5),
    ...many(3, () => ask('busy', 1, { name: 'request' })),
    ...many(3, () => ask('busy', 1, { lane: 'bulk', name: 'body' })),
    ask('held', 1, { lane: 'bulk', name: 'held' }),
    ask('watcher', 0, { lane: 'vital', name: 'health' }),
  ]

  await passAll()
  await Promise.all(calls)

  assert.deepEqual(begun, ['busy', 'health', 'held', ...many(3, () => ['request', 'body']).flat()])
})

test('a body that has begun is never told to come later', async () => {
  const { turns, ask, begun, passAll } = newTurns()
  many(9, () => turns.beginBody())
  const calls = [ask('busy', 5), ...many(600, () => ask('busy', 0, { lane: 'bulk' }))]

  await passAll()
  await Promise.all(calls)

  assert.equal(begun.length, 601)
})

test('it is known which hosts usually feel that they wait, for a second', async () => {
  const { ask, turns, move, passOnce } = newTurns()
  const waits = async (host: string, waitMs: number) => {
    const all = [ask('crowd', 5), ask(host, 1)]
    await undefined
    move(waitMs)
    for (let pass = 0; pass < 100; pass++) {
      await passOnce()
      move(1)
    }
    await Promise.all(all)
    return turns.waiters().includes(host)
  }

  assert.equal(await waits('once', 30), false)
  const felt: boolean[] = []
  for (let n = 0; n < 4; n++) felt.push(await waits('polite', 30))

  assert.deepEqual(felt, [false, true, true, true])
  move(1_000)
  assert.deepEqual(turns.waiters(), [])
})
