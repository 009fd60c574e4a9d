import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { type Grove, openGrove } from '../../../src/index.ts'
import { plainDraft } from '../../support/http.ts'
import type { GroveProcess, Start } from '../../support/processes/grove-process.ts'
import { groves } from '../../support/processes/groves.ts'
import { type Networks, networks } from '../../support/processes/namespaces.ts'
import { groveText } from '../../support/processes/run-grove.ts'
import { until } from '../../support/until.ts'

const { at, startAt } = groves()
/** The hub's address, which both leaves can dial. */
const HUB = '9.9.9.9'
/** The address of each leaf at home, where nobody finds it from elsewhere. */
const HOME = '192.168.1.5'
const DAY_MS = 86_400_000
const MIB = 1024 ** 2
/** The size of a large artifact; `npm run test:networks` gives another. */
const LARGE_MIB = Number(process.argv[2] ?? 32)
/** How much memory a hub may take for any artifact, with what it leaves to be collected. */
const GROWTH_MAX_MIB = 160
const PATIENCE_MS = 90_000

/** A hub between two networks, in each of which one address can dial out and none can be dialled. */
function threeNetworks(context: TestContext): Networks | undefined {
  const nets = networks(context)
  if (nets === undefined) return undefined
  nets.create('hub')
  nets.ip('hub', 'addr', 'add', `${HUB}/32`, 'dev', 'lo')
  for (const [n, name] of ['one', 'other'].entries()) {
    nets.create(name)
    nets.ip(name, 'addr', 'add', `${HOME}/32`, 'dev', 'lo')
    nets.link(
      { network: 'hub', address: `9.${n}.0.1/24` },
      { network: name, address: `9.${n}.0.2/24` },
    )
    nets.ip(name, 'route', 'add', 'default', 'via', `9.${n}.0.1`)
  }
  return nets
}

/** The network gives another address, as to a machine that was carried away: connections are dead. */
function moveElsewhere(nets: Networks): void {
  nets.ip('other', 'addr', 'del', '9.1.0.2/24', 'dev', 'to-hub')
  nets.ip('other', 'addr', 'add', '9.1.0.3/24', 'dev', 'to-hub')
  nets.ip('other', 'route', 'add', 'default', 'via', '9.1.0.1')
}

/** Bytes that nobody has seen, in pieces of 1 MiB, and their hash once all have been read. */
function largeArtifact() {
  const hash = createHash('sha256')
  async function* pieces() {
    for (let n = 0; n < LARGE_MIB; n++) {
      const piece = Buffer.alloc(MIB, n)
      piece.writeUInt32LE(n, n * 4)
      hash.update(piece)
      yield piece
    }
  }
  return { pieces: pieces(), digest: () => hash.digest('hex') }
}

async function digestOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of bytes) hash.update(piece)
  return hash.digest('hex')
}

/** The most memory that a process has had since `forgetPeak`, in MiB. */
const peakOf = ({ child }: GroveProcess) =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
const forgetPeak = ({ child }: GroveProcess) => writeFileSync(`/proc/${child.pid}/clear_refs`, '5')

const work = (summary: string, loss = 1) => ({
  ...plainDraft,
  summary,
  scores: { loss: { value: loss, direction: 'minimize' as const } },
})
const arrives = (grove: Grove, cid: string) =>
  until(`${cid} arrives`, () => grove.get(cid), PATIENCE_MS)

/** The groves of one test, each called by the socket in its directory, which is in no network. */
interface Three {
  readonly nets: Networks
  readonly hub: GroveProcess
  readonly other: GroveProcess
  readonly atHub: Grove
  readonly atOne: Grove
  readonly atOther: Grove
}

async function sharesWhatItPublishes({ atHub, atOne, atOther }: Three): Promise<void> {
  for (const leaf of [atOne, atOther]) {
    const { line } = await atHub.api.invite({})
    await leaf.api.joinGrove({ invite: line })
  }

  const { cid } = await atOne.publish(work('by one'))
  await arrives(atHub, cid)
  await arrives(atOther, cid)

  const status = await groveText(['status', '--dir', at('one')])
  assert.match(status, /nobody can dial this grove: it publishes through hub http:\/\/9\.9\.9\.9/)
}

/** What the other has published after its sleep: others get it once it has seen its line die. */
async function wakesElsewhere({ nets, other, atHub, atOne, atOther }: Three): Promise<string> {
  other.child.kill('SIGSTOP')
  moveElsewhere(nets)
  const { cid: fromHub } = await atHub.publish(work('by the hub', 0.9))
  const { cid: fromOne } = await atOne.publish(work('by one again', 0.8))
  other.child.kill('SIGCONT')
  const { cid } = await atOther.publish(work('after its sleep', 0.001))

  await arrives(atOther, fromHub)
  await arrives(atOther, fromOne)
  return cid
}

async function passesLargeArtifact({ hub, atOne, atOther }: Three): Promise<void> {
  const { pieces, digest } = largeArtifact()
  const { cid } = await atOne.publish({ ...plainDraft, artifacts: { 'model.bin': pieces } })
  forgetPeak(hub)
  const before = peakOf(hub)

  const { missing } = await atOther.fetchRemoteContribution(cid)

  assert.deepEqual(missing, [])
  assert.equal(await digestOf(await atOther.artifact(cid, 'model.bin')), digest())
  const grown = peakOf(hub) - before
  assert.ok(grown < GROWTH_MAX_MIB, `the memory of the hub has grown by ${grown} MiB`)
}

/** One is killed, much is published meanwhile, and it starts again a day later by its clock. */
async function sleepsForADay(
  { atHub, atOther }: Pick<Three, 'atHub' | 'atOther'>,
  one: GroveProcess,
  startAgain: () => Promise<GroveProcess>,
): Promise<void> {
  await one.kill()
  const drafts = Array.from({ length: 40 }, (_, n) => work(`while one sleeps ${n}`, 0.5 - n / 100))
  const published = await Promise.all(
    drafts.map((draft, n) => (n % 2 === 0 ? atHub : atOther).publish(draft)),
  )
  await startAgain()
  await using atOne = await openGrove({ dir: at('one') })
  const { cid } = await atOne.publish(work('a day later', 0.01))

  // A policy wants the best 20 of a metric.
  for (const best of published.slice(-15)) await arrives(atOne, best.cid)
  await arrives(atHub, cid)
  await arrives(atOther, cid)
}

test('two leaves, each behind NAT, and their hub share all that they publish', async (context) => {
  using nets = threeNetworks(context)
  if (nets === undefined) return
  const startIn = (name: string, host: string, how: Start = {}) => {
    const flags = ['--admission', 'members', '--host', host, '--port', '4515']
    return startAt({ within: nets.within(name), ...how }, name, ...flags, '--sync-interval', '1s')
  }
  const [hub, one, other] = await Promise.all([
    startIn('hub', HUB),
    startIn('one', HOME),
    startIn('other', HOME),
  ])
  await using atHub = await openGrove({ dir: at('hub') })
  await using atOther = await openGrove({ dir: at('other') })
  let woken: string
  {
    await using atOne = await openGrove({ dir: at('one') })
    const three = { nets, hub, other, atHub, atOne, atOther }
    await sharesWhatItPublishes(three)
    woken = await wakesElsewhere(three)
    await passesLargeArtifact(three)
  }
  await sleepsForADay({ atHub, atOther }, one, () => startIn('one', HOME, { aheadMs: DAY_MS }))
  await arrives(atHub, woken)
})
