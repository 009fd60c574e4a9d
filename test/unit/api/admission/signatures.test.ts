import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isGroveError } from '../../../../src/core/errors.ts'
import { admissions } from '../../../../src/core/peers/admission.ts'
import { digestOf, signAnswer } from '../../../../src/signing/http-signature.ts'
import type { CarriedRequest } from '../../../../src/transport/dialler.ts'
import { withCode } from '../../../support/errors.ts'
import { keyOf, Places, signedGrove, UP_MS } from '../../../support/signed-groves.ts'

const HOUR_MS = 3_600_000
const BEST = { dimension: 'loss', direction: 'minimize', limit: 1 } as const

for (const admission of admissions)
  test(`in ${admission}, a grove that signs is known by its key, from its plain address on`, async () => {
    const places = new Places()
    await using caller = signedGrove(places, { n: 1, admission })
    await using called = signedGrove(places, { n: 2, admission })
    await called.access.standings.say(caller.self.peerId, { standing: 'trusted' })
    const { address } = called.self
    const seed = { peerId: address, address }

    assert.equal(await caller.exchange(seed), called.self.peerId)
    const first = places.sent.length
    assert.equal(await caller.exchange(seed), called.self.peerId)

    assert.equal(first, admission === 'open' ? 1 : 2, 'a challenge says who is there')
    assert.equal(places.sent.length, first + 1, 'and is needed once')
    assert.equal(places.sent.at(-1)?.headers['grove-to'], called.self.peerId)
  })

for (const admission of admissions)
  for (const aheadMs of [2 * HOUR_MS, -2 * HOUR_MS])
    test(`in ${admission}, clocks that are ${aheadMs / HOUR_MS} h off agree, and it is told`, async () => {
      const places = new Places()
      const told: number[] = []
      await using caller = signedGrove(places, { n: 1, admission }, (_, offsetMs) => {
        told.push(offsetMs)
      })
      await using called = signedGrove(places, { n: 2, admission, aheadMs })
      await called.access.standings.say(caller.self.peerId, { standing: 'trusted' })

      for (const _ of [1, 2, 3])
        assert.equal(await caller.exchange(called.self), called.self.peerId)

      assert.deepEqual(told, [aheadMs])
      assert.equal(places.sent.length, 4, 'one challenge, whatever is asked after it')
    })

test('a clock that was put right is not told of as off', async () => {
  const places = new Places()
  const told: number[] = []
  await using caller = signedGrove(places, { n: 1, admission: 'signed' }, (_, offsetMs) => {
    told.push(offsetMs)
  })
  await using called = signedGrove(places, { n: 2, admission: 'signed', aheadMs: HOUR_MS })
  await caller.exchange(called.self)

  called.move(-HOUR_MS)
  await caller.exchange(called.self)

  assert.deepEqual(told, [HOUR_MS])
})

test('a request that a proxy has rewritten is refused as altered', async () => {
  const places = new Places()
  await using caller = signedGrove(places, { n: 1, admission: 'signed' })
  await using called = signedGrove(places, { n: 2, admission: 'signed' })
  await caller.exchange(called.self)
  places.set(called.self.address, (request) =>
    called.answer({ ...request, path: `${request.path}?from=proxy` }),
  )

  await assert.rejects(
    caller.exchange(called.self),
    (error: unknown) =>
      isGroveError(error, 'refused') &&
      error.details['fault'] === 'altered' &&
      /a proxy that rewrites/.test(error.message),
  )
})

test('in members, a grove that is not listed is refused, and one that is blocked in any mode', async () => {
  const places = new Places()
  await using caller = signedGrove(places, { n: 1, admission: 'open' })
  await using members = signedGrove(places, { n: 2, admission: 'members' })
  await using open = signedGrove(places, { n: 3, admission: 'open' })
  await open.access.standings.say(caller.self.peerId, { standing: 'blocked' })

  await assert.rejects(
    caller.exchange(members.self),
    withCode('refused', 'who has just joined is let in soon'),
  )
  await assert.rejects(caller.exchange(open.self), withCode('refused', 'is blocked here'))
})

test('in members, a grove on a member list that is followed is admitted while it is on it', async () => {
  const places = new Places()
  await using caller = signedGrove(places, { n: 1, admission: 'members' })
  await using called = signedGrove(places, { n: 2, admission: 'members' })
  const { members, standings } = called.access
  const hub = keyOf(9).peerId

  await members.follow(hub, [hub, caller.key.peerId])
  assert.equal(await caller.exchange(called.self), called.self.peerId)
  await standings.say(caller.self.peerId, { standing: 'blocked' })
  await assert.rejects(caller.exchange(called.self), withCode('refused', 'is blocked here'))
  await standings.say(caller.self.peerId, { standing: 'none' })
  await members.follow(hub, [hub])
  await assert.rejects(caller.exchange(called.self), withCode('refused', 'grove peers trust'))
})

test('a signature that has no believable end, or is over, is refused for that', async () => {
  const places = new Places()
  await using caller = signedGrove(places, { n: 1, admission: 'open' })
  await using called = signedGrove(places, { n: 2, admission: 'signed' })
  await caller.exchange(called.self)
  const [request] = places.sent.slice(-1)
  assert.ok(request)
  const created = Number(/created=(\d+)/.exec(request.headers['signature-input'] ?? '')?.[1])
  const answered = async (expires: number) => {
    const { status, body } = await called.answer(
      input(/expires=\d+/, `expires=${expires}`)(request),
    )
    return `${status} ${body}`
  }

  for (const expires of [created + 121, created])
    assert.match(await answered(expires), /^401 .*has to expire within 120 s/)
  called.move(10_000)
  assert.match(await answered(created + 4), /^401 .*it expired \d+ s ago/)
})

for (const [name, value] of [
  ['content-length', '2'],
  ['transfer-encoding', 'chunked'],
] as const)
  test(`a signed GET with a body by its ${name} that the signature does not cover is refused`, async () => {
    const places = new Places()
    await using caller = signedGrove(places, { n: 1, admission: 'signed' })
    await using called = signedGrove(places, { n: 2, admission: 'signed' })
    await called.access.standings.say(caller.self.peerId, { standing: 'trusted' })
    await caller.transport.best(called.self, BEST)
    places.set(called.self.address, async () => ({ status: 503, headers: {}, body: '{}' }))
    places.sent.splice(0)
    await assert.rejects(caller.transport.best(called.self, BEST))
    const request = await overheard(places)

    const withBody = await called.answer(header(name, () => value)(request))
    const without = await called.answer(request)

    assert.equal(request.method, 'GET')
    assert.deepEqual([withBody.status, without.status], [401, 200])
    assert.match(withBody.body, /another form/)
  })

/** A signed request to grove 2, as it goes over the wire. */
async function overheard(places: Places): Promise<CarriedRequest> {
  const [request] = places.sent.splice(0)
  assert.ok(request?.headers['signature'])
  return request
}

type Change = (request: CarriedRequest) => CarriedRequest
const header =
  (name: string, change: (value: string) => string): Change =>
  (request) => ({
    ...request,
    headers: { ...request.headers, [name]: change(request.headers[name] ?? '') },
  })
const input = (from: string | RegExp, to: string) =>
  header('signature-input', (value) => value.replace(from, to))

/** What somebody may make of a request that another grove signed. */
const changes: Readonly<Record<string, Change>> = {
  'another method': (request) => ({ ...request, method: 'GET', path: '/api/identity' }),
  'another path': (request) => ({ ...request, path: '/api/gossip/shuffle' }),
  'a query': (request) => ({ ...request, path: `${request.path}?x=1` }),
  'a query with a line feed': (request) => ({
    ...request,
    path: `${request.path}?%0A"@method": GET`,
  }),
  'another body': (request) => ({ ...request, body: `${request.body} ` }),
  'another body and its digest': (request) =>
    header('content-digest', () => digestOf('{}'))({ ...request, body: '{}' }),
  'no digest': (request) => {
    const { 'content-digest': _, ...headers } = request.headers
    return { ...request, headers }
  },
  'a digest that is not covered': input(' "content-digest"', ''),
  'two digests': header('content-digest', (value) => `${value}, ${value}`),
  'another receiver': header('grove-to', () => keyOf(9).peerId),
  'two receivers': header('grove-to', (value) => `${keyOf(9).peerId}, ${value}`),
  'a receiver that is not covered': input(' "grove-to"', ''),
  'a later moment': input(/created=(\d+)/, 'created=1700000030'),
  'a longer life': input(/expires=(\d+)/, 'expires=1700009999'),
  'another nonce': input(/nonce="\w{32}"/, `nonce="${'f'.repeat(32)}"`),
  'another key': input(/keyid="ed25519:\w{64}"/, `keyid="${keyOf(9).peerId}"`),
  'another tag': input('tag="grove"', 'tag="other"'),
  'a method that is not covered': input('"@method" ', ''),
  'two signatures': header('signature-input', (value) => `${value}, other=("@method")`),
  'a line in its input': header('signature-input', (value) => `${value}\n"@method": GET`),
  'no signature': (request) => {
    const { signature: _, ...headers } = request.headers
    return { ...request, headers }
  },
  'another signature': header('signature', () => `grove=:${'A'.repeat(86)}==:`),
}

for (const admission of admissions)
  for (const [what, change] of Object.entries(changes))
    test(`in ${admission}, a signed request with ${what} is refused`, async () => {
      const places = new Places()
      await using caller = signedGrove(places, { n: 1, admission: 'open' })
      await using called = signedGrove(places, { n: 2, admission })
      await called.access.standings.say(caller.self.peerId, { standing: 'trusted' })
      await called.access.standings.say(keyOf(9).peerId, { standing: 'trusted' })
      places.set(called.self.address, async () => ({ status: 503, headers: {}, body: '{}' }))
      await assert.rejects(caller.exchange(called.self))
      const request = await overheard(places)

      const { status, body } = await called.answer(change(request))
      called.move(-UP_MS)
      called.restart()
      called.move(UP_MS)
      const untouched = await called.answer(request)

      assert.equal(status, 401, body)
      assert.equal(untouched.status, 200, 'it was good before')
    })

for (const admission of admissions)
  test(`in ${admission}, a signed request counts once, at once, and after a restart not at all`, async () => {
    const places = new Places()
    await using caller = signedGrove(places, { n: 1, admission: 'open' })
    await using called = signedGrove(places, { n: 2, admission })
    await called.access.standings.say(caller.self.peerId, { standing: 'trusted' })
    await caller.exchange(called.self)
    const request = await overheard(places)

    const again = await called.answer(request)
    called.move(10_000)
    called.restart()
    const restarted = await called.answer(request)
    called.move(600_000)
    const later = await called.answer(request)

    for (const { status } of [again, restarted, later]) assert.equal(status, 401)
    assert.match(again.body, /used before/)
    assert.match(restarted.body, /before this grove started/)
    assert.match(later.body, /the clock of the caller is 10 min behind/)
  })

for (const admission of ['signed', 'members'] as const)
  test(`in ${admission}, a call that is handed on to another grove is nothing there`, async () => {
    const places = new Places()
    await using caller = signedGrove(places, { n: 1, admission: 'open' })
    await using victim = signedGrove(places, { n: 2, admission })
    await victim.access.standings.say(caller.self.peerId, { standing: 'trusted' })
    const proxy = 'http://10.0.0.3:4515'

    const asHost = { peerId: proxy, address: proxy }
    const asVictim = { peerId: victim.self.peerId, address: proxy }

    for (const origin of [proxy, victim.self.address]) {
      places.set(proxy, (request) => victim.answer({ ...request, origin }))
      await assert.rejects(caller.exchange(asHost), withCode('refused'))
      await assert.rejects(caller.exchange(asVictim), withCode('refused'))
    }
  })

test('an answer in the name of another is a fault, and of one that was changed on its way, nobody is', async () => {
  const places = new Places()
  await using caller = signedGrove(places, { n: 1, admission: 'open' })
  await using called = signedGrove(places, { n: 2, admission: 'open' })
  const { address, peerId } = called.self
  const other = keyOf(9).peerId
  const faultOf = (peer: typeof called.self) =>
    caller
      .exchange(peer)
      .catch((error: unknown) => isGroveError(error) && (error.details.fault ?? error.code))

  places.set(address, async (request) => {
    const answer = await called.answer(request)
    return { ...answer, body: answer.body.replace(peerId, other) }
  })
  assert.equal(await faultOf({ peerId: address, address }), 'peer-unreachable')
  places.set(address, async (request) => {
    const { headers: _, ...answer } = await called.answer(request)
    return { ...answer, headers: {} }
  })
  assert.equal(await faultOf({ peerId: address, address }), 'forged', 'a key without its signature')
  let first: Awaited<ReturnType<typeof called.answer>> | undefined
  places.set(address, async (request) => {
    first ??= await called.answer(request)
    return first
  })
  assert.equal(await caller.exchange(called.self), peerId)
  assert.equal(await faultOf(called.self), 'forged')
})

test('in open, unsigned calls are fine, and so is a grove that does not know its own name', async () => {
  const places = new Places()
  await using caller = signedGrove(places, { n: 1, admission: 'open' })
  await using called = signedGrove(places, { n: 2, admission: 'open' })
  const alias = 'http://grove-b:4515'
  places.set(alias, called.answer)
  const peer = { peerId: alias, address: alias }

  assert.equal(await caller.exchange(peer), called.self.peerId)
  assert.equal(await caller.exchange(peer), called.self.peerId)

  const signed = places.sent.map(({ headers }) => headers['signature'] !== undefined)
  assert.deepEqual(signed, [true, false, false])
})

test('a host whose signatures fail is not heard for a while', async () => {
  const places = new Places()
  await using caller = signedGrove(places, { n: 1, admission: 'open' })
  await using called = signedGrove(places, { n: 2, admission: 'signed' })
  await caller.exchange(called.self)
  const request = await overheard(places)

  const statuses: number[] = []
  for (let n = 0; n < 120; n++) statuses.push((await called.answer(request)).status)

  assert.deepEqual(
    [statuses.filter((status) => status === 401).length, statuses.at(-1)],
    [100, 429],
  )
  called.move(1_000)
  assert.equal((await called.answer(request)).status, 401)
})

test('clocks a little apart need no challenge, and a start one, whatever the clocks', async () => {
  for (const aheadMs of [3_000, -59_000, 4_000, -61_000]) {
    const places = new Places()
    await using caller = signedGrove(places, { n: 1, admission: 'open', aheadMs })
    await using called = signedGrove(places, { n: 2, admission: 'signed' })

    assert.equal(await caller.exchange(called.self), called.self.peerId)
    const isNear = aheadMs === 3_000 || aheadMs === -59_000
    assert.equal(places.sent.length, isNear ? 1 : 2, String(aheadMs))
    called.restart()
    places.sent.length = 0

    assert.equal(await caller.exchange(called.self), called.self.peerId)
    assert.equal(await caller.exchange(called.self), called.self.peerId)
    assert.equal(places.sent.length, 3, 'one challenge')
  }
})

test('what was signed ahead of the clock counts once, after a restart and a clock set back too', async () => {
  const places = new Places()
  await using caller = signedGrove(places, { n: 1, admission: 'open', aheadMs: 3_000 })
  await using called = signedGrove(places, { n: 2, admission: 'signed' })
  await caller.exchange(called.self)
  const request = await overheard(places)

  called.move(65_000)
  await caller.exchange(called.self)
  called.move(-65_000)
  const setBack = await called.answer(request)
  called.restart()
  called.move(1_000)
  const restarted = await called.answer(request)

  for (const { status, body } of [setBack, restarted]) assert.equal(status, 401, body)
})

/** Answers every call by a challenge of its own making. */
const challenger =
  (n: number, reason: string) =>
  async ({ headers }: CarriedRequest) => {
    const key = keyOf(n)
    const challenge = `${key.peerId} 1700000000000 ${reason}`
    const at = { signature: headers['signature'] ?? '', created: 1_700_000_000 }
    const signed = await signAnswer(key, { status: 401, body: '{}', challenge }, at)
    return { status: 401, headers: signed, body: '{}' }
  }

test('a peer is called without a signature if its own key asks for it, and no other', async () => {
  const places = new Places()
  await using caller = signedGrove(places, { n: 1, admission: 'open' })
  await using called = signedGrove(places, { n: 2, admission: 'signed' })
  const { address } = called.self
  const seed = { peerId: address, address }
  await caller.exchange(seed)

  for (const reason of ['target', 'receiver', 'target', 'time'])
    for (const peer of [seed, called.self]) {
      places.set(address, challenger(9, reason))
      await assert.rejects(caller.exchange(peer), withCode('refused'))
    }
  places.set(address, called.answer)

  await caller.exchange(seed).catch(() => {})
  assert.equal(await caller.exchange(seed), called.self.peerId, 'after one call at most')
  assert.ok(places.sent.every(({ headers }) => headers['signature'] !== undefined))
})

test('a peer that has signed its answers is not believed without, and that is told', async () => {
  const places = new Places()
  const told: string[] = []
  await using caller = signedGrove(
    places,
    { n: 1, admission: 'open' },
    () => {},
    ({ address }) => void told.push(address),
  )
  await using called = signedGrove(places, { n: 2, admission: 'open' })
  const { address, peerId } = called.self
  const seed = { peerId: address, address }
  const message = {
    ...{ peerId: 'grove-of-0.2.0', address, frontier: [], load: { queueDepth: 0 } },
    ...{ capabilities: {}, timestamp: '2026-01-01T00:00:00.000Z' },
  }
  const unsigned = async () => ({
    ...{ status: 200, headers: { 'grove-protocol': '1' } },
    body: JSON.stringify({ ...message, entries: [], more: false }),
  })
  places.set(address, unsigned)
  assert.equal(await caller.exchange(seed), message.peerId, 'as before signatures')
  places.set(address, called.answer)
  await caller.exchange(seed)

  places.set(address, unsigned)
  for (const _ of [1, 2])
    await assert.rejects(caller.exchange(seed), withCode('refused', 'without a signature'))
  await assert.rejects(caller.transport.best(seed, BEST), withCode('refused'))
  assert.deepEqual(told, [address])

  places.set(address, called.answer)
  assert.equal(await caller.exchange(seed), peerId)
  assert.deepEqual((await caller.transport.best(seed, BEST)).entries, [])
  places.set(address, unsigned)
  caller.move(86_400_000)
  assert.equal(
    await caller.exchange(seed),
    message.peerId,
    'whoever has changed is believed in time',
  )
})

test('a peer that signed before a start is not believed without, nor called unsigned for others', async () => {
  const places = new Places()
  await using caller = signedGrove(places, { n: 1, admission: 'signed' })
  await using called = signedGrove(places, { n: 2, admission: 'open' })
  const { address, peerId } = called.self
  const seed = { peerId: address, address }
  const body = JSON.stringify({ entries: [], more: false })
  caller.transport.expectSigned([called.self])

  places.set(address, async () => ({ status: 200, headers: { 'grove-protocol': '1' }, body }))
  await assert.rejects(
    caller.transport.best(seed, BEST),
    withCode('refused', 'without a signature'),
  )
  places.set(address, challenger(9, 'target'))
  await assert.rejects(caller.exchange(seed), withCode('refused'))
  places.set(address, called.answer)
  assert.equal(await caller.exchange(seed), peerId)

  assert.ok(places.sent.every(({ headers }) => headers['signature'] !== undefined))
})

test('a grove is called by signatures at each of its addresses, and at no other', async () => {
  const places = new Places()
  const inside = 'http://10.1.0.2:80/grove'
  await using caller = signedGrove(places, { n: 1, admission: 'open' })
  await using called = signedGrove(places, { n: 2, admission: 'signed', alsoAt: [inside] })
  const at = (address: string) => ({ peerId: called.self.peerId, address })
  for (const origin of ['http://10.1.0.2', 'http://10.1.0.3'])
    places.set(origin, (request) =>
      called.answer({ ...request, path: request.path.replace(/^\/(grove|other)/, '') }),
    )

  assert.equal(await caller.exchange(at('http://10.1.0.2/grove')), called.self.peerId)
  await assert.rejects(caller.exchange(at('http://10.1.0.2/other')), withCode('refused'))
  await assert.rejects(caller.exchange(at('http://10.1.0.3/grove')), withCode('refused'))
})
