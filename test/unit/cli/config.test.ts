import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAddress, parseSeed } from '../../../src/config/address.ts'
import { admissionOf, decideConfig } from '../../../src/config.ts'
import { isLoopback } from '../../../src/core/loopback.ts'
import { parseCount, parseDuration, parseSize } from '../../../src/core/units.ts'
import { withCode } from '../../support/errors.ts'

const usageError = { code: 'usage-error' }

test('a duration is read with its unit', () => {
  const written = ['500ms', '30s', '5m', '1h', '2d', '1.5s', ' 10 s ', '0']

  const read = written.map(parseDuration)

  assert.deepEqual(read, [500, 30_000, 300_000, 3_600_000, 172_800_000, 1_500, 10_000, 0])
})

test('a duration without a unit, with an unknown unit, or below zero is refused', () => {
  for (const text of ['30', 's', '-1s', '5 minutes', '1e3s', '', 'Infinityms']) {
    assert.throws(() => parseDuration(text), usageError, text)
  }
})

test('a size is read with a binary unit, a decimal unit, or none', () => {
  const written = ['64MiB', '10MB', '1024', '1.5KiB', '2 gib', '3B', '0']

  const read = written.map(parseSize)

  assert.deepEqual(read, [67_108_864, 10_000_000, 1024, 1536, 2_147_483_648, 3, 0])
})

test('a size with an unknown unit, or too large to count, is refused', () => {
  for (const text of ['10 miles', '-1', '1e9', 'MiB', '', '99999999TiB']) {
    assert.throws(() => parseSize(text), usageError, text)
  }
})

test('any number of milliseconds survives being written and read', () => {
  fc.assert(fc.property(fc.nat(), (ms) => parseDuration(`${ms}ms`) === ms))
})

test('a number outside its bounds is refused', () => {
  assert.equal(parseCount('7', 1, 10), 7)
  for (const text of ['0', '11', '1.5', 'many', '-3'])
    assert.throws(() => parseCount(text, 1, 10), usageError, text)
})

test('a seed is an id with an address, or an address that serves as the id', () => {
  assert.deepEqual(parseSeed('b@http://10.0.0.5:4515'), {
    peerId: 'b',
    address: 'http://10.0.0.5:4515',
  })
  assert.deepEqual(parseSeed(' http://10.0.0.5:4515/ '), {
    peerId: 'http://10.0.0.5:4515',
    address: 'http://10.0.0.5:4515',
  })
})

test('text that is not the address of a grove is refused', () => {
  for (const text of ['10.0.0.5', 'ftp://x', 'http://user:pass@x', 'http://x?a=1', '', 'b@', 'a:b'])
    assert.throws(() => parseSeed(text), usageError, text)
  assert.equal(parseAddress('https://grove.example/under/'), 'https://grove.example/under')
})

test('a host with a port is an address, by http', () => {
  const given = ['10.0.0.5:4515', 'localhost:80', '[::1]:4515', 'grove.example:4515/under/']

  assert.deepEqual(given.map(parseAddress), [
    'http://10.0.0.5:4515',
    'http://localhost',
    'http://[::1]:4515',
    'http://grove.example:4515/under',
  ])
  assert.throws(() => parseAddress('user:4515@host:1'), usageError)
})

test('options override the environment, which overrides the file', () => {
  const file = { port: 1, host: 'from-file', gossipInterval: '1s' }
  const env = { GROVE_PORT: '2', GROVE_HOST: 'from-env', GOSSIP_SEEDS: 'a@http://a:1, http://b:2,' }

  const config = decideConfig({ dir: '/g', flags: { port: '3' }, env, file })

  assert.equal(config.server.port, 3)
  assert.equal(config.server.host, 'from-env')
  assert.equal(config.grove.gossipIntervalMs, 1_000)
  assert.equal(config.grove.syncIntervalMs, 30_000)
  assert.deepEqual(
    config.grove.seeds.map((seed) => seed.peerId),
    ['a', 'http://b:2'],
  )
})

test("a list in grove.json may have its flag's own name, and not both names", () => {
  const file = { peer: ['http://a:1'], syncThreshold: { loss: 1.2 }, syncTag: ['lm'] }

  const { grove } = decideConfig({ dir: '/g', file })

  assert.deepEqual(
    grove.seeds.map(({ address }) => address),
    ['http://a:1'],
  )
  assert.deepEqual(grove.policy.thresholds, { loss: 1.2 })
  assert.deepEqual(grove.policy.tags, ['lm'])
  assert.throws(() => decideConfig({ dir: '/g', file: { ...file, peers: [] } }), {
    code: 'usage-error',
    message: /unknown member: peer/,
  })
})

test('an unknown key in grove.json is refused, and the error names the key and the file', () => {
  assert.throws(
    () => decideConfig({ dir: '/g', file: { gosipInterval: '1s' } }),
    (error: Error) =>
      error.message.includes('/g/grove.json') && error.message.includes('gosipInterval'),
  )
})

test('an invalid value in the environment is refused, and the error names the variable', () => {
  const refusalOf = (env: object) => () => decideConfig({ dir: '/g', env })

  assert.throws(refusalOf({ GROVE_PORT: '70000' }), {
    code: 'usage-error',
    message: /^GROVE_PORT: "70000" is not a whole number/,
  })
  assert.throws(refusalOf({ GOSSIP_SEEDS: 'nowhere' }), { message: /^GOSSIP_SEEDS: "nowhere"/ })
  assert.throws(refusalOf({ GROVE_LOG_LEVEL: 'loud' }), { message: /^GROVE_LOG_LEVEL: / })
})

test('HOST and PORT count only where they can be meant for Grove', () => {
  const conda = { HOST: 'x86_64-conda-linux-gnu', PORT: 'abc' }

  const { server, grove, notes } = decideConfig({ dir: '/g', env: conda })
  const given = decideConfig({ dir: '/g', env: { HOST: '0.0.0.0', PORT: '4600' } })
  const named = decideConfig({ dir: '/g', env: { ...conda, GROVE_HOST: 'box', GROVE_PORT: '1' } })

  assert.deepEqual([server.host, server.port, grove.allowPrivatePeers], ['127.0.0.1', 4515, true])
  assert.deepEqual(notes, [
    'HOST is no IP address and is ignored: set GROVE_HOST instead',
    'PORT is no port and is ignored: set GROVE_PORT instead',
  ])
  assert.deepEqual([given.server.host, given.server.port, given.notes], ['0.0.0.0', 4600, []])
  assert.deepEqual([named.server.host, named.server.port, named.notes], ['box', 1, []])
})

test('the configuration says what gave the host and the port', () => {
  const env = { GROVE_HOST: '::1', PORT: '4600' }

  const fromOf = (flags: object, file: object) =>
    decideConfig({ dir: '/g', env, flags, file }).server.from

  assert.deepEqual(fromOf({}, { host: 'x', port: 1 }), { host: 'GROVE_HOST', port: 'PORT' })
  assert.deepEqual(fromOf({ port: '2' }, {}), { host: 'GROVE_HOST', port: '--port' })
  assert.deepEqual(decideConfig({ dir: '/g', file: { port: 1 } }).server.from, {
    host: undefined,
    port: '/g/grove.json',
  })
})

test('a password in an address is refused and not repeated', () => {
  for (const text of [
    'http://:secret@host',
    'http://user:secret@host:1',
    'name@http://u:secret@host',
    'user:secret@host',
    'http://u:sec/ret@host',
    'http://host?token=secret',
  ])
    assert.throws(
      () => parseSeed(text),
      (error: Error) => !/sec/.test(error.message),
      text,
    )
})

test('private peers are allowed on loopback, or by an option', () => {
  const allowed = (flags: object) => decideConfig({ dir: '/g', flags }).grove.allowPrivatePeers

  assert.equal(allowed({}), true)
  assert.equal(allowed({ host: '0.0.0.0' }), false)
  assert.equal(allowed({ host: '0.0.0.0', allowPrivatePeers: true }), true)
})

test('who may call has to be chosen where others than this machine can', () => {
  const beyond = [
    { host: '0.0.0.0' },
    { host: '10.0.0.5' },
    { host: '127.0.0.1', publicUrl: 'https://grove.example' },
  ]

  for (const place of beyond) {
    const address = place.publicUrl ?? place.host
    assert.throws(() => admissionOf(place, undefined), {
      code: 'usage-error',
      message: new RegExp(`${address}: --admission members .*signed .*open`),
    })
    assert.equal(admissionOf(place, 'members'), 'members')
  }
  assert.equal(admissionOf({ host: '::1' }, undefined), 'open')
  const { admission } = decideConfig({ dir: '/g', env: { GROVE_ADMISSION: 'members' } }).grove
  assert.equal(admission, 'members')
  const here = { host: 'localhost', publicUrl: 'http://127.0.0.1:80' }
  assert.equal(admissionOf(here, undefined), 'open')
})

test('loopback is recognised by its addresses and its name', () => {
  assert.deepEqual(['127.0.0.1', '127.8.9.1', '::1', 'localhost'].map(isLoopback), [
    true,
    true,
    true,
    true,
  ])
  assert.deepEqual(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example'].map(isLoopback), [
    false,
    false,
    false,
    false,
  ])
})

test('the policy has the given values, and defaults for the rest', () => {
  const flags = {
    sync: 'off',
    syncThresholds: { val_bpb: 1.2 },
    syncKinds: ['work'],
    maxArtifactBytes: '1MiB',
  } as const

  const { policy } = decideConfig({
    dir: '/g',
    flags: { ...flags, syncKinds: [...flags.syncKinds] },
  }).grove

  assert.equal(policy.scope, 'off')
  assert.deepEqual(policy.thresholds, { val_bpb: 1.2 })
  assert.deepEqual(policy.kinds, ['work'])
  assert.equal(policy.maxArtifactBytes, 1024 * 1024)
  assert.equal(policy.dimensions, undefined)
  assert.ok(policy.maxBytesPerRound > 0)
})

test('a dimension to sync may have the name that people see, and names with _ are signals', () => {
  const policyOf = (flags: object) => decideConfig({ dir: '/g', flags }).grove.policy

  const { dimensions, thresholds } = policyOf({
    syncDimensions: ['review', '_recency', 'loss'],
    syncThresholds: { adoption: 2 },
  })

  assert.deepEqual(dimensions, ['review', '_review_score', '_recency', 'loss'])
  assert.deepEqual(thresholds, { adoption: 2, _adoption: 2 })
  assert.throws(
    () => policyOf({ syncDimensions: ['_review'] }),
    withCode('usage-error', 'adoption, review, reproduction, recency'),
  )
})

test('a wrong setting is named as it was written: by its flag, or by its key in the file', () => {
  const failing = (layers: object, message: string) =>
    assert.throws(() => decideConfig({ dir: '/g', ...layers }), withCode('usage-error', message))

  failing({ flags: { gossipInterval: '0s' } }, '--gossip-interval: "0s"')
  failing({ flags: { syncTags: ['x'.repeat(300)] } }, '--sync-tag: must have')
  failing({ file: { gossipInterval: '0s' } }, '/g/grove.json: gossipInterval: ')
  failing({ file: [] }, '/g/grove.json: must be an object')
  failing({ flags: { host: '999.1.1.1' } }, '--host: is neither an IP address nor a name')
  failing({ file: { peerz: [] } }, 'did you mean peers?')
})

test('a leaf with a public URL is told that nobody learns of it', () => {
  const leaf = { leaf: true }
  const { notes } = decideConfig({ dir: '/g', flags: { ...leaf, publicUrl: 'http://a.example' } })

  assert.match(notes.join(), /nobody is told of --public-url/)
  assert.deepEqual(decideConfig({ dir: '/g', flags: leaf }).notes, [])
})
