/** A network of the kernel's own that loses packets and is cut: nobody is told that it is. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { connect, createServer, type Server } from 'node:net'
import { test } from 'node:test'
import type { GroveIdentity } from '../../../src/core/wire/identity.ts'
import { getJson } from '../../support/http.ts'
import { groves } from '../../support/processes/groves.ts'
import { type Networks, networks } from '../../support/processes/namespaces.ts'
import { agree, holds, type Place, publish, say, trustEachOther, untilHeld } from './community.ts'

const { at, startAt } = groves()
const names = ['one', 'two', 'three', 'four'] as const
const ROUTER = 'router'
/** What a bad line does to packets; and, for kernels that can't, one that is too short for them. */
const BAD_LINES = [
  ['netem', 'delay', '20ms', '10ms', 'loss', '3%', 'corrupt', '1%', 'reorder', '5%'],
  ['tbf', 'rate', '4mbit', 'burst', '2kb', 'limit', '6kb'],
] as const

const addressOf = (n: number) => `10.9.${n}.2`

/** The networks of the members, and one between them that carries packets from each to each. */
function joined(nets: Networks): void {
  nets.create(ROUTER)
  const forward = 'echo 1 > /proc/sys/net/ipv4/ip_forward'
  assert.equal(spawned([...nets.within(ROUTER), 'sh', '-c', forward]).status, 0)
  for (const [n, network] of names.entries()) {
    nets.create(network)
    nets.link(
      { network: ROUTER, address: `10.9.${n}.1/24` },
      { network, address: `${addressOf(n)}/24` },
    )
    nets.ip(network, 'route', 'add', 'default', 'via', `10.9.${n}.1`)
  }
}

/** Cuts the network between the first two and the others, or heals it: packets just vanish. */
function cut(nets: Networks, action: 'add' | 'del'): void {
  for (const here of [0, 1])
    for (const there of [2, 3])
      for (const [from, to] of [
        [here, there],
        [there, here],
      ] as const) {
        const rule = ['from', addressOf(from), 'to', addressOf(to), 'blackhole']
        nets.ip(ROUTER, 'rule', action, ...rule)
      }
}

/** Makes all lines bad, in both directions. Returns how to make them good again. */
function spoilLines(nets: Networks): () => void {
  const ends = names.flatMap((name) => [
    [ROUTER, `to-${name}`] as const,
    [name, `to-${ROUTER}`] as const,
  ])
  const tc = (network: string, ...args: readonly string[]) =>
    spawned([...nets.within(network), 'tc', 'qdisc', ...args]).status === 0
  for (const [network, device] of ends) {
    const isBad = BAD_LINES.some((line) => tc(network, 'add', 'dev', device, 'root', ...line))
    assert.ok(isBad, 'tc makes a bad line')
  }
  return () => {
    for (const [network, device] of ends)
      assert.ok(tc(network, 'del', 'dev', device, 'root'), 'tc makes the line good')
  }
}

function spawned([command = '', ...args]: readonly string[]) {
  return spawnSync(command, args, { encoding: 'utf8' })
}

/** Where this process calls a grove in another network: by the socket in its directory. */
async function wayTo(directory: string): Promise<{ url: string; server: Server }> {
  const server = createServer((caller) => {
    const grove = connect(`${directory}/run/socket`)
    for (const [one, other] of [
      [caller, grove],
      [grove, caller],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy())
    caller.pipe(grove).pipe(caller)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { url: `http://127.0.0.1:${address.port}`, server }
}

test('members in networks of their own agree after lost packets and a silent cut', async (context) => {
  if (spawned(['tc', '-V']).status !== 0) return context.skip('there is no tc here')
  using nets = networks(context)
  if (nets === undefined) return
  joined(nets)
  const urls = names.map((_, n) => `http://${addressOf(n)}:4515`)
  const members = await Promise.all(
    names.map(async (name, n): Promise<Place> => {
      const peers = urls.filter((_, other) => other !== n).flatMap((url) => ['--peer', url])
      const reach = ['--host', addressOf(n), '--port', '4515', '--public-url', urls[n] ?? '']
      const rounds = ['--gossip-interval', '1s', '--sync-interval', '1s']
      const flags = ['--admission', 'members', '--allow-private-peers', ...reach, ...rounds]
      await startAt({ within: nets.within(name) }, name, ...flags, ...peers)
      const { url, server } = await wayTo(at(name))
      context.after(() => server.close())
      return { name, url, id: (await getJson<GroveIdentity>(url, '/api/identity')).peerId }
    }),
  )
  await trustEachOther(members)
  const [a, b, c, d] = members as [Place, Place, Place, Place]
  const mend = spoilLines(nets)
  cut(nets, 'add')

  const [first, second] = await Promise.all([publish(a), publish(c)])
  await Promise.all([untilHeld(b, first), untilHeld(d, second)])
  const published = [first, second, await say(b, 'review', first), await publish(d)]
  const crossed = await Promise.all([holds(d, first), holds(b, second)])
  cut(nets, 'del')
  published.push(await publish(b))
  mend()

  await agree(members, published)
  assert.deepEqual(crossed, [false, false])
})
