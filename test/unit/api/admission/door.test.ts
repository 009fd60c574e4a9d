import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  type AccessKind,
  type ApiCaller,
  accessTable,
} from '../../../../src/api/admission/access.ts'
import { type AdmissionOptions, Door } from '../../../../src/api/admission/door.ts'
import { ApiAnswerer } from '../../../../src/api/answer/answerer.ts'
import { type ApiRequest, memoryRequest } from '../../../../src/api/answer/request.ts'
import { allOperations } from '../../../../src/api/operations/table.ts'
import { isGroveError } from '../../../../src/core/errors.ts'
import { includes, type Scope, scopes } from '../../../../src/core/identity/token.ts'
import { admissions } from '../../../../src/core/peers/admission.ts'
import { Access } from '../../../../src/node/access/access.ts'
import type { GroveNode } from '../../../../src/node/node.ts'
import { seeded } from '../../../../src/runtime/random.ts'
import { secretHex } from '../../../../src/runtime/secret.ts'
import { memoryStores } from '../../../../src/stores/memory/open.ts'
import { withCode } from '../../../support/errors.ts'
import { standingClock } from '../../../support/standing-clock.ts'
import { testNode } from '../../../support/test-node.ts'

const ELSEWHERE = '203.0.113.5'

/** A door that takes no signatures, and so never waits. */
const withoutKey = (door: Door) => ({
  admit: (request: ApiRequest, kind: AccessKind) => door.admit(request, kind) as ApiCaller,
})

function openDoor(t: TestContext, options: Partial<AdmissionOptions> = {}) {
  const { clock, move } = standingClock()
  const stores = memoryStores(seeded(1))
  t.after(() => stores.close())
  const access = new Access({ records: stores.records, clock, secret: secretHex })
  return {
    access,
    clock,
    move,
    records: stores.records,
    door: withoutKey(new Door({ access, clock, ...options })),
  }
}

const from = (
  remote: string,
  headers: Readonly<Record<string, string>> = {},
  isForwarded = false,
): ApiRequest & { readonly host: string } => ({
  ...memoryRequest({ method: 'GET', target: '/', headers, remote, isForwarded }),
  host: remote,
})

const withToken = (token: string, remote = ELSEWHERE) =>
  from(remote, { authorization: `Bearer ${token}` })

const tokenOf = async ({ tokens }: Access, scope: Scope, name = scope) =>
  (await tokens.create({ name, scope })).token

for (const admission of admissions)
  test(`in ${admission}, each operation takes the tokens that allow it, and no other`, async (t) => {
    const { door, access } = openDoor(t, { admission })
    const tokens = await Promise.all(
      scopes.map(async (scope) => ({ scope, token: await tokenOf(access, scope) })),
    )

    for (const { name, access: kind } of allOperations) {
      const needed = accessTable[kind].scope
      for (const { scope, token } of tokens) {
        const admit = () => door.admit(withToken(token), kind)
        if (needed === undefined || includes(scope, needed)) admit()
        else assert.throws(admit, withCode('forbidden', needed), `${name} with ${scope}`)
      }
    }
  })

for (const admission of admissions)
  test(`in ${admission}, a stranger on another machine gets what is open to it`, (t) => {
    const { door } = openDoor(t, { admission })

    for (const { name, access: kind } of allOperations) {
      const { scope, forGroves } = accessTable[kind]
      const isOpen = scope === undefined || (forGroves && admission === 'open')
      const admit = () => door.admit(from(ELSEWHERE), kind)
      if (isOpen) assert.deepEqual(admit(), { kind: 'anybody' }, name)
      else assert.throws(admit, withCode('unauthorized'), name)
    }
  })

test('on its own machine a grove answers all, and demands signatures of groves all the same', (t) => {
  for (const admission of admissions)
    for (const remote of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      const { door } = openDoor(t, { admission })
      assert.equal(door.admit(from(remote), 'operate').kind, 'local')
      const gossip = () => door.admit(from(remote), 'gossip')
      if (admission === 'open') assert.equal(gossip().kind, 'local')
      else assert.throws(gossip, withCode('unauthorized', admission))
    }
})

test('what comes from this machine through a proxy is not of this machine', (t) => {
  const { door } = openDoor(t)
  const behind = openDoor(t, { isBehindProxy: true }).door

  const forwarded = () => door.admit(from('127.0.0.1', {}, true), 'operate')
  const plain = () => behind.admit(from('127.0.0.1'), 'operate')

  assert.throws(forwarded, withCode('unauthorized', 'GROVE_TOKEN'))
  assert.throws(plain, withCode('unauthorized', 'GROVE_TOKEN'))
  assert.equal(behind.admit({ ...from('x'), isLocal: true }, 'operate').kind, 'local')
})

test('a token that is given is checked, on this machine too', async (t) => {
  const { door, access } = openDoor(t)
  const token = await tokenOf(access, 'read')

  assert.throws(() => door.admit(withToken(token, '127.0.0.1'), 'publish'), withCode('forbidden'))
  assert.throws(() => door.admit(withToken('x', '127.0.0.1'), 'read'), withCode('unauthorized'))
  assert.equal(door.admit(from('127.0.0.1', { authorization: 'Basic eA==' }), 'read').kind, 'local')
})

test('a token lets nobody in once it has expired or was revoked, and survives a restart', async (t) => {
  const { access, clock, door, move, records } = openDoor(t)
  const brief = await access.tokens.create({ name: 'brief', scope: 'read', expiresInMs: 1_000 })
  const lasting = await access.tokens.create({ name: 'lasting', scope: 'read' })
  const again = new Access({ records, clock, secret: secretHex })
  await again.load()
  const reopened = withoutKey(new Door({ access: again, clock }))
  const caller: ApiCaller = { kind: 'token', id: brief.id, scope: 'read' }

  assert.deepEqual(reopened.admit(withToken(brief.token), 'read'), caller)
  move(1_000)
  await access.tokens.revoke('lasting')

  assert.throws(
    () => door.admit(withToken(brief.token), 'read'),
    withCode('unauthorized', 'expired'),
  )
  assert.throws(() => door.admit(withToken(lasting.token), 'read'), withCode('unauthorized'))
  const kept = JSON.stringify(await records.list('token'))
  assert.ok(kept.includes(brief.id) && !kept.includes(lasting.id))
  assert.ok(!kept.includes(brief.token.slice(-43)), 'the secret is not kept')
})

test('a host that guesses tokens is not heard for a while, and others are', async (t) => {
  const { access, door, move } = openDoor(t)
  const token = await tokenOf(access, 'read')
  const codeOf = (request: ApiRequest) => {
    try {
      return door.admit(request, 'read').kind
    } catch (error) {
      return isGroveError(error) ? error.code : error
    }
  }
  const guesses = Array.from({ length: 100 }, (_, n) =>
    codeOf(withToken(`grove_${'0'.repeat(12)}_${String(n).padStart(43, 'x')}`)),
  )

  assert.deepEqual(new Set(guesses), new Set(['unauthorized', 'busy']))
  assert.equal(guesses.filter((code) => code === 'unauthorized').length, 10)
  assert.equal(codeOf(withToken(token)), 'busy')
  assert.equal(codeOf(withToken(token, '203.0.113.6')), 'token')
  move(60_000)
  assert.equal(codeOf(withToken(token)), 'token')
})

test('with --anonymous-read everybody reads contributions, at a rate, and nothing else', (t) => {
  const { door, move } = openDoor(t, { admission: 'members', anonymousRead: true })
  for (const { name, access: kind } of allOperations) {
    const { scope, isPublic } = accessTable[kind]
    const admit = () => door.admit(from(`2001:db8::${name}`), kind)
    if (scope === undefined || isPublic) assert.equal(admit().kind, 'anybody', name)
    else assert.throws(admit, withCode('unauthorized'), name)
  }
  const reads = (count: number, host = ELSEWHERE) =>
    Array.from({ length: count }, () => door.admit(from(host), 'public'))

  reads(50)
  assert.throws(() => reads(1), withCode('busy'))
  reads(1, '203.0.113.6')
  move(1_000)
  reads(10)
  assert.throws(() => reads(1), withCode('busy'))
})

test('with --anonymous-read a host is sent 32 MiB at once, then 8 MiB a second', async (t) => {
  const MiB = 1_048_576
  const { access, clock, move } = openDoor(t)
  const moving = { ...clock, sleep: async (ms: number) => move(ms) }
  const door = new Door({ access, clock: moving, admission: 'members', anonymousRead: true })
  const begun = clock.now()
  const read = async (host: string, size: number) => {
    const request = from(host)
    const caller = await door.admit(request, 'public')
    const body = (async function* () {
      for (let sent = 0; sent < size; sent += MiB) yield Buffer.alloc(MiB)
    })()
    const response = await door.seal({
      request,
      caller,
      response: { status: 200, headers: {}, body },
    })
    let bytes = 0
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) bytes += chunk.byteLength
    return { bytes, ms: Math.round(clock.now() - begun) }
  }

  assert.deepEqual(await read(ELSEWHERE, 31 * MiB), { bytes: 31 * MiB, ms: 0 })
  assert.deepEqual(await read(ELSEWHERE, 17 * MiB), { bytes: 17 * MiB, ms: 2_000 })
  assert.deepEqual(await read('203.0.113.6', 31 * MiB), { bytes: 31 * MiB, ms: 2_000 })
  const whole = { status: 200, headers: {}, body: 'x'.repeat(16 * MiB) }
  const request = from('203.0.113.6')
  await door.seal({ request, caller: { kind: 'anybody', isReader: true }, response: whole })
  assert.throws(
    () => door.admit(request, 'public'),
    (error) => isGroveError(error, 'busy') && error.details['retryAfter'] === 2,
  )
})

test('what everybody may read may be cached for a while, and what has its hash for good', async () => {
  await using grove = testNode()
  const { access, clock } = grove.node
  const door = new Door({ access, clock, anonymousRead: true })
  const answerer = new ApiAnswerer(grove.node, { door })
  const cachingOf = async (target: string, remote: string) => {
    const { response } = await answerer.answer(memoryRequest({ method: 'GET', target, remote }))
    return response.headers['cache-control']
  }

  assert.equal(await cachingOf('/api/threads', ELSEWHERE), 'public, max-age=30')
  assert.equal(await cachingOf('/api/threads', '127.0.0.1'), undefined)
  assert.equal(await cachingOf('/api/nothing', ELSEWHERE), undefined)
})

/** The parts of a node that cost disk, calls or memory. */
const COSTLY = ['contributions', 'index', 'stubs', 'blobs', 'transport', 'gossip', 'sync']

test('a stranger costs a short answer: no disk, no call, and no byte of a body', async () => {
  await using grove = testNode()
  const touched: string[] = []
  const node = new Proxy(grove.node, {
    get(target, name) {
      if (COSTLY.includes(String(name))) touched.push(String(name))
      return Reflect.get(target, name, target) as unknown
    },
  }) as GroveNode
  const { access, clock } = grove.node
  const door = new Door({ access, clock, admission: 'members' })
  const answerer = new ApiAnswerer(node, { door })
  const unread = (): never => assert.fail('the body was read')

  for (const { name, http, access: kind } of allOperations) {
    if (kind === 'free') continue
    const target = http.path.replace(/:\w+(\{.+\})?/g, `blake3:${'0'.repeat(64)}`)
    const request = memoryRequest({ method: http.method, target, remote: ELSEWHERE })
    const { response } = await answerer.answer({
      ...request,
      wholeBody: unread,
      bodyStream: unread,
    })

    assert.equal(response.status, 401, name)
    const head = JSON.stringify(response.headers).length
    assert.ok(head + String(response.body).length <= 4_096, name)
  }
  assert.deepEqual(touched, [])
})
