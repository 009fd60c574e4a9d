/**
 * The demo: three groves with two agents each, as processes on this machine, do research on the
 * repository's own text, first apart and then federated. Then the figures are compared.
 *
 *   npm run demo                     about a minute
 *   npm run demo -- --keep           leaves the groves up to look around, until Ctrl-C
 *   npm run demo -- --seed 7         another seed
 *   npm run demo -- --trials 20      trials of each agent
 *   npm run demo -- --json           the account as JSON on stdout; progress goes to stderr
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Action } from './agent/researcher.ts'
import { Account, type ArmFacts, type Facts } from './demo/account.ts'
import { CAST } from './demo/agents.ts'
import { type Arm, type Baseline, runArm, trainBaseline } from './demo/arm.ts'
import type { Child } from './demo/child.ts'
import { evidenceIn, killFirst, lineageOf, lowest, movedTo, rerun } from './demo/facts.ts'

const USAGE = 'usage: npm run demo -- [--keep] [--trials N] [--seed N] [--json]'
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const HERE = import.meta.dirname

interface Options {
  readonly keep: boolean
  readonly json: boolean
  readonly trials: number
  readonly seed: number
}

/** Owns what the demo must not leave behind: processes, and a directory. */
class Resources {
  readonly dir: string
  readonly #children: Child[] = []

  constructor(dir: string) {
    this.dir = dir
  }

  readonly own = (child: Child): void => {
    this.#children.push(child)
  }

  /** Stops all processes that still run, at once. */
  async stopChildren(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopChildren()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

function readOptions(): Options {
  const values = parseOptions()
  const whole = (name: 'trials' | 'seed', fallback: number): number => {
    const value = Number(values[name] ?? fallback)
    if (!Number.isSafeInteger(value) || value < 1)
      throw new Error(`--${name} must be a whole number from 1\n${USAGE}`)
    return value
  }
  return {
    keep: values.keep,
    json: values.json,
    trials: whole('trials', 10),
    seed: whole('seed', 1),
  }
}

function parseOptions() {
  const number = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({ options: { keep: flag, json: flag, trials: number, seed: number } }).values
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n${USAGE}`, { cause })
  }
}

async function demo(
  options: Options,
  account: Account,
  resources: Resources,
  signal: AbortSignal,
): Promise<Facts> {
  const baseline = trainBaseline(join(HERE, '../..'), join(HERE, 'config.json'))
  account.opening(baseline, CAST.length)

  const arm = (title: string, federated: boolean): Promise<Arm> => {
    const listener = account.arm(title, { federated, baseline: baseline.result.val_bpb })
    const dir = join(resources.dir, federated ? 'federated' : 'apart')
    return runArm({ ...options, federated, baseline, dir, signal, listener, own: resources.own })
  }
  const alone = await arm('Apart: federation is off (only what beats its grove is shown)', false)
  await resources.stopChildren()
  const federated = await arm('Federated: the same agents, the same number of trials', true)

  const facts = await factsOf(options, baseline, { alone, federated }, resources.dir)
  account.closing(facts)
  if (options.keep) invite(account, federated)
  return facts
}

async function factsOf(
  { seed, keep }: Options,
  { result }: Baseline,
  { alone, federated }: { alone: Arm; federated: Arm },
  dir: string,
): Promise<Facts> {
  const winner = lowest(federated.best)
  return {
    seed,
    baseline: result.val_bpb,
    alone: armFacts(alone),
    federated: armFacts(federated),
    lineage: await lineageOf(federated.groves, winner.cid),
    evidence: evidenceIn(federated.actions),
    moved: await Promise.all(federated.groves.map(movedTo)),
    rerun: await rerun(federated, winner, join(dir, 'rerun')),
    survival: keep ? undefined : await killFirst(federated),
  }
}

function armFacts({ groves, actions, best, seconds }: Arm): ArmFacts {
  const trials = actions.filter((action: Action) => action.type === 'trial').length
  const byGrove = Object.fromEntries(groves.map(({ name }, i) => [name, best[i]!]))
  return { trials, seconds, best: byGrove, winner: lowest(best) }
}

function invite(account: Account, { groves }: Arm): void {
  const url = groves.at(-1)?.api.url
  account.say(
    '',
    'The groves are up until Ctrl-C. Look around:',
    ...groves.map(({ name, api }) => `  grove ${name}  ${api.url}/api/docs`),
    `  npx grove frontier --server ${url}`,
    `  npx grove frontier --federated --server ${url}`,
    `  npx grove checkout --frontier val_bpb --to best --server ${url}`,
  )
}

/** Rejects when the signal aborts; never resolves. */
function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  )
}

async function main(options: Options): Promise<void> {
  const stop = new AbortController()
  for (const name of SIGNALS) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)))
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error) => stop.abort(error))
  const account = new Account(options.json ? process.stderr : process.stdout)
  const start = performance.now()

  await using resources = new Resources(mkdtempSync(join(tmpdir(), 'grove-demo-')))
  const stopped = interruption(stop.signal)
  const facts = await Promise.race([demo(options, account, resources, stop.signal), stopped])
  if (options.json) process.stdout.write(`${JSON.stringify(facts)}\n`)
  // Awaited here, since the groves are stopped when main returns.
  if (options.keep) return await stopped.catch(() => {})
  const seconds = Math.round((performance.now() - start) / 1000)
  account.say('', `It took ${seconds} s. With --keep the groves stay up to look around.`)
}

try {
  await main(readOptions())
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
