import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import type { TestContext } from 'node:test'

/** One end of a link: a network, and its address there, with the length of its prefix. */
interface End {
  readonly network: string
  readonly address: string
}

/** Networks of the kernel's own (network namespaces), and links between them. */
export interface Networks extends Disposable {
  /** Makes a network in which there is nothing but loopback. */
  create(network: string): void
  /** Joins two networks by a link that each knows as `to-` and the name of the other. */
  link(one: End, other: End): void
  /** Runs `ip` in a network, which must succeed. */
  ip(network: string, ...args: readonly string[]): void
  /** What goes before a command that is to run in a network. The process is the command itself. */
  within(network: string): readonly string[]
}

const PREFIX = 'grove-test'

/**
 * Networks for one test. Skips it, with the reason, where this user or kernel can't make any. Those
 * of a test that was killed are removed by the next one, with what runs in them.
 */
export function networks(context: TestContext): Networks | undefined {
  removeLeftovers()
  const made: string[] = []
  const fullName = (network: string) => `${PREFIX}-${process.pid}-${network}`
  const create = (network: string) => {
    const name = fullName(network)
    const { status, error, stderr } = ip('netns', 'add', name)
    if (status !== 0) return error?.message ?? stderr.trim()
    made.push(name)
    return mustRun('-n', name, 'link', 'set', 'lo', 'up')
  }
  const why = create('probe')
  if (why !== undefined) {
    context.skip(`cannot make network namespaces here: ${why}`)
    return undefined
  }
  return {
    create: (network) => assert.equal(create(network), undefined),
    link(one, other) {
      const [a, b] = [fullName(one.network), fullName(other.network)]
      const [toB, toA] = [`to-${other.network}`, `to-${one.network}`]
      mustRun('link', 'add', toB, 'netns', a, 'type', 'veth', 'peer', 'name', toA, 'netns', b)
      for (const [name, device, { address }] of [
        [a, toB, one],
        [b, toA, other],
      ] as const) {
        mustRun('-n', name, 'addr', 'add', address, 'dev', device)
        mustRun('-n', name, 'link', 'set', device, 'up')
      }
    },
    ip: (network, ...args) => void mustRun('-n', fullName(network), ...args),
    within: (network) => ['ip', 'netns', 'exec', fullName(network)],
    [Symbol.dispose]() {
      // What still runs in one keeps it, without its name, until it ends.
      for (const name of made) ip('netns', 'delete', name)
    },
  }
}

function removeLeftovers(): void {
  const { stdout } = ip('netns', 'list')
  for (const [name] of stdout?.matchAll(new RegExp(`^${PREFIX}-\\d+-\\S+`, 'gm')) ?? []) {
    if (isRunning(Number(name.split('-')[2]))) continue
    const pids = ip('netns', 'pids', name).stdout.split('\n').filter(Boolean)
    for (const pid of pids) spawnSync('kill', ['-9', pid])
    ip('netns', 'delete', name)
  }
}

function isRunning(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) !== ''
  } catch {
    return false
  }
}

function ip(...args: readonly string[]) {
  return spawnSync('ip', args, { encoding: 'utf8' })
}

function mustRun(...args: readonly string[]): undefined {
  const { status, error, stderr } = ip(...args)
  assert.equal(status, 0, `ip ${args.join(' ')}: ${error?.message ?? stderr}`)
}
