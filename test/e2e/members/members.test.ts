import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroveIdentity } from '../../../src/core/wire/identity.ts'
import { getJson } from '../../support/http.ts'
import type { GroveProcess } from '../../support/processes/grove-process.ts'
import { groves } from '../../support/processes/groves.ts'
import { agree, holds, type Place, publish, say, trustEachOther, untilHeld } from './community.ts'
import { type Door, Network } from './weather.ts'

const { start } = groves()
const BAD = { drop: 0.1, cut: 0.06, corrupt: 0.06, delayMs: 20, mishaps: 60 }

/** A grove that others reach by its door. */
class Member implements Place {
  readonly name: string
  readonly #door: Door
  readonly #seeds: readonly string[]
  #process: GroveProcess | undefined
  id = ''

  constructor(name: string, door: Door, seeds: readonly string[]) {
    this.name = name
    this.#door = door
    this.#seeds = seeds
  }

  get url(): string {
    return this.#process?.url ?? ''
  }

  async serve(): Promise<void> {
    const peers = this.#seeds.flatMap((url) => ['--peer', url])
    const reach = ['--public-url', this.#door.url, '--allow-private-peers']
    const rounds = ['--gossip-interval', '1s', '--sync-interval', '1s']
    const flags = ['--admission', 'members', ...reach, ...rounds, ...peers]
    this.#process = await start(this.name, ...flags)
    const { peerId } = await getJson<GroveIdentity>(this.url, '/api/identity')
    this.id = peerId
    this.#door.grove = { port: Number(new URL(this.url).port), id: peerId }
  }

  async kill(): Promise<void> {
    this.#door.grove = undefined
    await this.#process?.kill()
  }
}

test('five members agree after bad weather, kills, and a network that was cut in halves', async () => {
  await using network = new Network(7)
  const doors = await Promise.all(Array.from({ length: 5 }, () => network.open()))
  const members = doors.map((door, n) => {
    const seeds = [1, 2].flatMap((step) => doors[(n + step) % doors.length]?.url ?? [])
    return new Member(`member-${n}`, door, seeds)
  })
  await Promise.all(members.map((member) => member.serve()))
  await trustEachOther(members)
  const [a, b, c, d, e] = members as [Member, Member, Member, Member, Member]
  network.split([a.id, b.id, c.id], [d.id, e.id])
  network.storm(BAD)

  const [first, second] = await Promise.all([publish(a), publish(d)])
  await Promise.all([untilHeld(b, first), untilHeld(e, second)])
  await Promise.all([c.kill(), e.kill()])
  const published = [first, second, await say(b, 'review', first), await publish(a)]
  await Promise.all([c.serve(), e.serve()])
  published.push(await say(e, 'adoption', second), await publish(c), await publish(e))
  const crossed = await Promise.all([holds(e, first), holds(c, second)])
  network.heal()
  published.push(await publish(b))
  network.clear()

  await agree(members, published)
  assert.deepEqual(crossed, [false, false])
  assert.ok(network.mishaps > 0)
})
