import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Nonces } from '../../../../src/api/admission/nonces.ts'
import { keyOf } from '../../../support/signed-groves.ts'

const { peerId: keyid } = keyOf(1)
const used = (n: number, created = 1_000) => ({ keyid, nonce: String(n), created })
const host = (name: string) => ({ isListed: false, name })
const listed = (name: string) => ({ isListed: true, name })

test('a nonce counts once for as long as its signature is taken, and by key', () => {
  const nonces = new Nonces({ secret: 's' })
  const use = (created: number, nowS: number, id = keyid) =>
    nonces.use({ keyid: id, nonce: 'n', created }, host('a'), nowS)

  assert.equal(use(1_000, 1_000), 'taken')
  assert.equal(use(1_000, 1_060), 'used')
  assert.equal(use(1_000, 1_060, keyOf(2).peerId), 'taken')
  assert.equal(nonces.use({ ...used(0), nonce: 'n' }, listed('a'), 1_060), 'used', 'of any owner')
})

test('a grove that fetches 100,000 works within a minute meets no bound', () => {
  const nonces = new Nonces({ secret: 's' })

  for (let n = 0; n < 300_000; n++) {
    const nowS = 1_000 + Math.floor(n / 5_000)
    assert.equal(nonces.use(used(n, nowS), host('a'), nowS), 'taken')
  }

  assert.ok(nonces.bytes < 300_000 * 24, `${nonces.bytes / 300_000} bytes each`)
  nonces.use(used(0, 1_200), host('a'), 1_200)
  assert.ok(nonces.bytes < 1_024, 'and they are forgotten')
})

test('whoever uses up nonces waits alone: other hosts, and listed keys, find room', () => {
  const nonces = new Nonces({ secret: 's', most: 1_000 })
  let n = 0
  const fill = (name: string, owner = host) => {
    let taken = 0
    while (nonces.use(used(n++), owner(name), 1_000) === 'taken') taken++
    return taken
  }

  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => fill(name)),
    [500, 250, 125],
  )
  assert.equal(nonces.use(used(n++), host('d'), 1_000), 'taken')
  assert.deepEqual([fill('x', listed), fill('y', listed)], [500, 250])
  assert.equal(nonces.use(used(n++), host('a'), 1_064), 'taken', 'room comes back')
})

test('no nonce is forgotten before its time, however many are used', () => {
  const nonces = new Nonces({ secret: 's', most: 50_000 })
  for (let n = 0; n < 60_000; n++) nonces.use(used(n, 1_000 + (n % 3)), host('a'), 1_002)

  for (let n = 0; n < 25_000; n++)
    assert.equal(nonces.use(used(n, 1_000 + (n % 3)), host('b'), 1_060), 'used')
  assert.equal(nonces.use(used(25_001), host('a'), 1_060), 'full')
})
