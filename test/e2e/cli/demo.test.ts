import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { Account, type Facts } from '../../../examples/autoresearch/demo/account.ts'

const DEMO = join(import.meta.dirname, '../../../examples/autoresearch/demo.ts')
const minute = 60_000

test('the demo runs both arms, and its account is consistent', {
  timeout: 2 * minute,
}, async (t) => {
  const demo = startDemo(t, '--trials', '1', '--seed', '3', '--json')

  const code = await demo.ended
  assert.equal(code, 0, demo.stderr())
  const facts = JSON.parse(demo.stdout()) as Facts

  const { baseline, alone, federated, lineage, evidence, moved, rerun, survival } = facts
  const winner = federated.winner
  assert.deepEqual([alone.trials, federated.trials], [6, 6])
  assert.ok(baseline > 0 && winner.value <= baseline && alone.winner.value <= baseline)
  assert.deepEqual(Object.keys(federated.best), ['A', 'B', 'C'])
  for (const best of Object.values(federated.best)) assert.deepEqual(best, winner)

  assert.deepEqual([lineage[0]?.agent, lineage[0]?.value], ['demo@A', baseline])
  assert.deepEqual([lineage.at(-1)?.cid, lineage.at(-1)?.value], [winner.cid, winner.value])
  assert.ok(evidence.reviews > 0 && evidence.confirmed > 0 && evidence.challenged === 0)
  assert.deepEqual([rerun.value, rerun.same], [winner.value, true])
  assert.notEqual(`@${rerun.grove}`, winner.agent.slice(-2))

  assert.equal(survival?.best.cid, winner.cid)
  assert.ok(survival.configBytes > 0)
  for (const { grove, bytesVerified, contributions, faults } of moved) {
    assert.equal(faults, 0)
    if (grove === 'A') continue
    assert.ok(
      bytesVerified > survival.corpusBytes && contributions > 0,
      `${grove} fetched too little`,
    )
    assert.ok(
      bytesVerified < 2 * survival.corpusBytes,
      `the corpus moved to ${grove} more than once`,
    )
  }
  await assertNothingLeft(demo)
})

test('an interrupted demo leaves no process and no file behind', { timeout: minute }, async (t) => {
  const demo = startDemo(t, '--trials', '1000', '--json')
  await demo.said(/ \d\.\d{6} /)

  demo.process.kill('SIGINT')

  assert.equal(await demo.ended, 1)
  assert.match(demo.stderr(), /stopped by SIGINT/)
  await assertNothingLeft(demo)
})

test('the account says so when federation did not win', () => {
  const figure = (value: number) => ({ cid: `blake3:${'0'.repeat(64)}`, agent: 'ada@A', value })
  const arm = (value: number) => ({
    trials: 6,
    seconds: 1,
    best: { A: figure(value) },
    winner: figure(value),
  })
  const facts: Facts = {
    seed: 1,
    baseline: 3,
    alone: arm(1.5),
    federated: arm(1.75),
    lineage: [
      { ...figure(3), change: undefined },
      { ...figure(1.75), change: 'passes 1 → 2' },
    ],
    evidence: { reviews: 1, confirmed: 0, challenged: 1, abroad: 0 },
    moved: [{ grove: 'A', contributions: 1, bytesVerified: 1, faults: 2 }],
    rerun: { grove: 'B', value: 1.8, same: false },
    survival: undefined,
  }

  const stream = new PassThrough({ encoding: 'utf8' })
  new Account(stream).closing(facts)

  const text = String(stream.read())
  for (const part of [
    /did not win.* 0\.250000/,
    /1 challenged/,
    /2 times something arrived wrong/,
    /1\.800000, NOT 1\.750000/,
  ]) {
    assert.match(text, part)
  }
})

interface Demo {
  readonly process: ChildProcess
  /** The only directory for its temporary files. */
  readonly dir: string
  /** Its exit code. */
  readonly ended: Promise<number | null>
  stdout(): string
  stderr(): string
  /** Resolves when stderr matches. */
  said(pattern: RegExp): Promise<void>
}

function startDemo(t: { after(run: () => Promise<void>): void }, ...args: string[]): Demo {
  const dir = mkdtempSync(join(tmpdir(), 'demo-test-'))
  const child = spawn(process.execPath, [DEMO, ...args], { env: { ...process.env, TMPDIR: dir } })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(dir, { recursive: true, force: true })
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const said = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(stderr)) {
      const code = await Promise.race([once(child.stderr, 'data').then(() => undefined), ended])
      assert.equal(code, undefined, `the demo ended before it said ${pattern}: ${stderr}`)
    }
  }
  return { process: child, dir, ended, stdout: () => stdout, stderr: () => stderr, said }
}

/** Asserts that its directory is empty, and that no grove answers. */
async function assertNothingLeft(demo: Demo): Promise<void> {
  assert.deepEqual(readdirSync(demo.dir), [])
  const addresses = demo.stderr().match(/http:\/\/127\.0\.0\.1:\d+/g) ?? []
  assert.ok(addresses.length >= 3)
  for (const address of addresses) await assert.rejects(fetch(address), `${address} still answers`)
}
