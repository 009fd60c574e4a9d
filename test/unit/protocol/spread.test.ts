import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Grove, INTERVAL_MS, Network, peer, seeded, someSeeds, work } from './network.ts'

const viewOf = (grove: Grove) => grove.gossip.peers().filter((other) => other.active)

for (const seed of [1, 2, 3, 4]) {
  test(`an item reaches 99 % of 100 groves in 2 log2 N rounds (seed ${seed})`, () => {
    const network = new Network({ count: 100, seed, seedsOf: (n) => (n === 0 ? [] : [peer(0)]) })
    const item = work(1, 0.5)
    network.store(network.groves[42]!, item)

    network.runRounds(Math.ceil(2 * Math.log2(100)))

    assert.ok(network.knowing(item) >= 0.99, `${network.knowing(item)}`)
  })

  test(`a new item reaches most of 100 groves in 2 seconds (seed ${seed})`, () => {
    const network = new Network({ count: 100, seed, seedsOf: someSeeds(seeded(seed)) })
    network.runRounds(5)
    const item = work(1, 0.5)
    const before = network.messages
    network.store(network.groves[42]!, item)

    network.runUntil(network.now + 2_000)
    const atOnce = network.knowing(item)
    const sent = network.messages - before
    network.runRounds(2)

    assert.ok(atOnce >= 0.95, `${atOnce} at once`)
    assert.ok(sent <= 100 * 12, `${sent} messages for one item`)
    assert.ok(network.knowing(item) >= 0.99, `${network.knowing(item)} after 2 rounds`)
  })
}

test('announcements end: groves that know everything send none', () => {
  const network = new Network({ count: 20, seed: 5, seedsOf: someSeeds(seeded(5)) })
  network.runRounds(3)
  network.store(network.groves[3]!, work(1, 0.5))
  network.runRounds(3)
  const before = network.messages

  network.runRounds(10)

  const perGroveAndRound = (network.messages - before) / 20 / 10
  assert.ok(perGroveAndRound < 5, `${perGroveAndRound} exchanges a grove a round`)
})

test("in a line A–B–C A's item reaches C, which cannot talk to A", () => {
  const [a, b, c] = [peer(0), peer(1), peer(2)]
  const apart = new Set([`${a.peerId} ${c.peerId}`, `${c.peerId} ${a.peerId}`])
  const network = new Network({
    count: 3,
    seed: 7,
    seedsOf: (n) => (n === 1 ? [] : [b]),
    linked: (x, y) => !apart.has(`${x.peerId} ${y.peerId}`),
  })
  network.runRounds(3)
  const item = work(9, 0.5)

  network.store(network.groves[0]!, item)
  network.runUntil(network.now + 1_000)

  assert.ok(network.groves[2]!.held.has(item.cid))
  assert.equal(network.groves[2]!.held.get(item.cid)?.direction, 'minimize')
  assert.deepEqual(network.groves[2]!.gossip.providersOf(item.cid), [b])
})

test('a new grove knows the items of its seed within a second', () => {
  const network = new Network({ count: 2, seed: 3, seedsOf: (n) => (n === 1 ? [peer(0)] : []) })
  const item = work(1, 0.5)
  network.store(network.groves[0]!, item)

  network.tell(network.groves[1]!, { type: 'tick' })

  assert.ok(network.groves[1]!.held.has(item.cid))
})

test('a grove whose seed starts a second late federates within seconds, not after a round', () => {
  const network = new Network({ count: 2, seed: 3, seedsOf: (n) => (n === 1 ? [peer(0)] : []) })
  const [seed, joiner] = [network.groves[0]!, network.groves[1]!]
  seed.up = false
  joiner.wakeAt = network.now
  network.runUntil(network.now + 1_000)
  seed.up = true
  network.store(seed, work(1, 0.5))

  network.runUntil(network.now + 3_000)

  assert.ok(joiner.held.has(work(1, 0.5).cid))
})

test('a grove that has lost all peers returns through its seeds once they are back', () => {
  const network = new Network({ count: 12, seed: 11, seedsOf: (n) => (n === 0 ? [] : [peer(0)]) })
  network.runRounds(5)
  const lonely = network.groves[7]!
  for (const grove of network.groves) if (grove !== lonely) grove.up = false
  network.runRounds(40)
  assert.deepEqual(lonely.gossip.livePeers(network.now), [])

  network.groves[0]!.up = true
  network.groves[0]!.wakeAt = network.now
  network.runRounds(2)

  assert.equal(lonely.gossip.peer('p0')?.status, 'alive')
  assert.ok(network.now - (lonely.gossip.peer('p0')?.lastContact ?? 0) <= 2 * INTERVAL_MS)
})

test('a dead grove leaves every view, and returns when it speaks again', () => {
  const network = new Network({ count: 12, seed: 13, seedsOf: (n) => (n === 0 ? [] : [peer(0)]) })
  network.runRounds(5)
  const gone = network.groves[9]!
  gone.up = false
  network.runRounds(30)
  const others = network.groves.filter((grove) => grove !== gone)
  for (const grove of others) assert.ok(viewOf(grove).every((other) => other.peerId !== 'p9'))

  gone.up = true
  gone.wakeAt = network.now
  network.runRounds(10)

  const knowing = others.filter((grove) => grove.gossip.peer('p9')?.status === 'alive')
  assert.ok(knowing.length >= others.length / 2, `${knowing.length} of ${others.length}`)
})

test('two halves of a healed network meet again', () => {
  let healed = false
  const half = (address: string) => Number(address.split('.')[3]?.split(':')[0]) < 10
  const network = new Network({
    count: 20,
    seed: 17,
    seedsOf: (n) => [peer(0), peer(10)].filter((seed) => seed.peerId !== `p${n}`),
    linked: (a, b) => healed || half(a.address) === half(b.address),
  })
  network.runRounds(60)
  const item = work(1, 0.5)
  network.store(network.groves[3]!, item)
  network.runRounds(3)
  assert.equal(network.knowing(item), 0.5)

  healed = true
  network.runRounds(20)

  assert.equal(network.knowing(item), 1)
})

test('views stay bounded and without duplicates while groves come and go', () => {
  const rng = seeded(23)
  const network = new Network({ count: 60, seed: 23, seedsOf: someSeeds(seeded(23)) })
  for (let round = 0; round < 20; round += 1) {
    const turned = network.groves[Math.floor(rng.next() * 60)]!
    turned.up = !turned.up
    turned.wakeAt = network.now
    network.runUntil(network.now + INTERVAL_MS)
    for (const grove of network.groves) {
      const view = viewOf(grove)
      assert.ok(view.length <= 10)
      assert.ok(
        view.every(
          (other) => other.peerId !== grove.self.peerId && other.address !== grove.self.address,
        ),
      )
      assert.equal(new Set(view.map((other) => other.address)).size, view.length)
      assert.ok(grove.gossip.peers().length <= 10 + 64 + 2)
    }
  }
})
