import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { httpbis, type Request, type Response, type SignConfig } from 'http-message-signatures'
import { SECRET_BYTES, SigningKey, VerifyingKey } from '../../../src/core/identity/ed25519.ts'
import {
  answerKey,
  digestOf,
  holds,
  holdsAnswer,
  requestHead,
  SIGNATURE,
  SIGNATURE_INPUT,
  signAnswer,
  signRequest,
} from '../../../src/signing/http-signature.ts'

/** Ours are compared with what a library makes of the same messages (RFC 9421). */

type Headers = Readonly<Record<string, string>>

const RUNS = { numRuns: 200 }
const ASKED = `grove=:${'A'.repeat(86)}==:`
const key = SigningKey.fromSecret(new Uint8Array(SECRET_BYTES).fill(7))
const verifying = VerifyingKey.of(key.peerId) ?? assert.fail()

const moment = fc.record({
  created: fc.integer({ min: 1, max: 99_999_999_939 }),
  nonce: fc.stringMatching(/^[0-9a-f]{32}$/),
})
const request = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST'),
  target: fc.webUrl({ withQueryParameters: true }),
  body: fc.option(fc.string(), { nil: undefined }),
  to: fc.constantFrom(undefined, key.peerId),
})
const answer = fc.record({
  status: fc.integer({ min: 200, max: 599 }),
  body: fc.string(),
  challenge: fc.constantFrom(undefined, `${key.peerId} 1700000000000 receiver`),
})
/** Some characters of a header give way to others. */
const change = fc.record({
  at: fc.nat({ max: 300 }),
  taken: fc.nat({ max: 3 }),
  put: fc.constantFrom(
    '',
    ' ',
    '0',
    'A',
    'a',
    '"',
    ';',
    ', ',
    '\n',
    '=',
    ':',
    'é',
    ';x=1',
    ', b=:AA==:',
  ),
})

test('a signed request has the headers that a library gives it', async () => {
  await fc.assert(
    fc.asyncProperty(request, moment, async ({ method, target, body, to }, { created, nonce }) => {
      const headers = {
        ...(body === undefined ? {} : { 'content-digest': digestOf(body) }),
        ...(to === undefined ? {} : { 'grove-to': to }),
      }

      const ours = await signRequest(key, { method, target, body, to }, { created, nonce })

      const expires = new Date((created + 60) * 1_000)
      const config = configOf(['@method', '@target-uri', ...Object.keys(headers)], {
        params: ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'],
        paramValues: { created: new Date(created * 1_000), expires, nonce, tag: 'grove' },
      })
      const theirs = await httpbis.signMessage(config, { method, url: target, headers })
      assert.deepEqual(ours, lowerCase(theirs.headers))
    }),
    RUNS,
  )
})

test('a signed answer has the headers that a library gives it', async () => {
  await fc.assert(
    fc.asyncProperty(answer, moment, async ({ status, body, challenge }, { created }) => {
      const headers = {
        'content-digest': digestOf(body),
        ...(challenge === undefined ? {} : { 'grove-challenge': challenge }),
      }

      const about = { signature: ASKED, created }
      const ours = await signAnswer(key, { status, body, challenge }, about)

      const config = configOf(['@status', ...Object.keys(headers), '"signature";req'], {
        params: ['created', 'keyid', 'alg', 'tag'],
        paramValues: { created: new Date(created * 1_000), tag: 'grove' },
      })
      const theirs = await httpbis.signMessage(config, { status, headers }, asked)
      assert.deepEqual(ours, lowerCase(theirs.headers))
    }),
    RUNS,
  )
})

test('of a request in the form of groves, a library thinks the same, whatever is changed', async () => {
  await fc.assert(
    fc.asyncProperty(request, moment, fc.nat(), change, async (asks, when, which, how) => {
      const { method, target } = asks
      const headers = changed(await signRequest(key, asks, when), which, how)

      const ours = await holds({ method, target, headers }, verifying)

      const hasForm = requestHead(headers[SIGNATURE_INPUT] ?? '') !== undefined
      const theirs = await libraryHolds({ method, url: target, headers: { ...headers } })
      assert.equal(ours, theirs && hasForm && hasOneForm(headers))
    }),
    RUNS,
  )
})

test('of an answer in the form of groves, a library thinks the same, whatever is changed', async () => {
  await fc.assert(
    fc.asyncProperty(answer, moment, fc.nat(), change, async (says, { created }, which, how) => {
      const { status } = says
      const headers = changed(
        await signAnswer(key, says, { signature: ASKED, created }),
        which,
        how,
      )

      const ours = await holdsAnswer({ status, headers }, ASKED, verifying)

      const hasForm = answerKey(headers[SIGNATURE_INPUT] ?? '') !== undefined
      const theirs = await libraryHolds({ status, headers: { ...headers } }, asked)
      assert.equal(ours, theirs && hasForm && hasOneForm(headers))
    }),
    RUNS,
  )
})

test('a line break in what is covered never passes for another component', async () => {
  const moment = { created: 1_700_000_000, nonce: '0'.repeat(32) }
  const method = 'GET'
  const long = await signRequest(key, { method, target: 'http://h/', to: key.peerId }, moment)

  // The same base, if the target could bring the receiver's line with it.
  const target = `http://h/\n"grove-to": ${key.peerId}`
  const headers = { ...long, 'grove-to': key.peerId }

  assert.equal(await holds({ method, target, headers }, verifying), false)
  assert.equal(await holds({ method, target: 'http://h/', headers }, verifying), true)
})

const asked: Request = { method: 'GET', url: '', headers: { [SIGNATURE]: ASKED } }

/** There is one text of a signature, and covered headers have no line breaks. */
const hasOneForm = (headers: Headers): boolean =>
  /^grove=:[\w+/]{85}[AQgw]==:$/.test(headers[SIGNATURE] ?? '') &&
  Object.values(headers).every((value) => !/[\r\n]/.test(value))

function changed(
  headers: Headers,
  which: number,
  { at, taken, put }: { readonly at: number; readonly taken: number; readonly put: string },
): Headers {
  const names = Object.keys(headers)
  const name = names[which % names.length] ?? ''
  const value = headers[name] ?? ''
  const from = at % (value.length + 1)
  return { ...headers, [name]: value.slice(0, from) + put + value.slice(from + taken) }
}

const configOf = (
  fields: string[],
  rest: Pick<SignConfig, 'params' | 'paramValues'>,
): SignConfig => ({
  ...{ name: 'grove', fields, ...rest },
  key: { id: key.peerId, alg: 'ed25519', sign: (base) => key.signHttp(base) },
})

/** It throws for what it can't read, and says null of what has no signature. */
async function libraryHolds(message: Request | Response, about?: Request): Promise<boolean> {
  const config = {
    tolerance: Number.MAX_SAFE_INTEGER,
    notAfter: Number.MAX_SAFE_INTEGER,
    keyLookup: async () => ({
      algs: ['ed25519'],
      verify: (base: Buffer, signature: Buffer) => verifying.verifiesHttp(base, signature),
    }),
  }
  try {
    const holds =
      'status' in message
        ? await httpbis.verifyMessage(config, message, about)
        : await httpbis.verifyMessage(config, message)
    return holds === true
  } catch {
    return false
  }
}

const lowerCase = (headers: Readonly<Record<string, string | string[]>>): Headers =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  )
