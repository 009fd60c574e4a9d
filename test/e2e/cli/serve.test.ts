import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, test } from 'node:test'
import type { FederationPeer } from '../../../src/core/wire/federation.ts'
import { getJson, publishTo } from '../../support/http.ts'
import { spawnGrove } from '../../support/processes/grove-process.ts'
import { groves } from '../../support/processes/groves.ts'
import { groveFails, groveJson, groveText } from '../../support/processes/run-grove.ts'
import { until } from '../../support/until.ts'

const { at, start } = groves()

/** Other processes of the current test. None outlives it. */
let children: ChildProcess[] = []

afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children = []
})

/** A serving process with its output. */
function watched(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawnGrove(['serve', ...args], env)
  children.push(child)
  const printed = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed.stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed.stderr += text
  })
  const exit = once(child, 'close').then(([code]) => code as number | null)
  const ready = () =>
    until('the ready line', () => /listening on (\S+)\n/.exec(printed.stdout)?.[1])
  return { child, printed, exit, ready }
}

test('a grove prints its ready line, logs JSON on stderr, and ends with 0 on SIGTERM', async () => {
  const grove = watched(['--dir', at('one'), '--port', '0'])
  const url = await grove.ready()
  await publishTo(url, { summary: 'something to log' })

  grove.child.kill('SIGTERM')
  const code = await grove.exit

  assert.equal(code, 0)
  assert.match(grove.printed.stdout, /^grove listening on http:\/\/127\.0\.0\.1:\d+\n$/)
  const lines = grove.printed.stderr.trimEnd().split('\n')
  for (const line of lines)
    assert.equal(typeof (JSON.parse(line) as { msg: unknown }).msg, 'string', line)
  assert.ok(!(await readdir(at('one'))).includes('server.json'))
})

test('a grove goes on when nobody reads its output, and on SIGHUP where it uses no terminal', async () => {
  const grove = watched(['--dir', at('alone'), '--port', '0'])
  grove.child.stdout?.destroy()
  grove.child.stderr?.destroy()
  const { url } = await until('the address', async () => {
    const text = await readFile(join(at('alone'), 'server.json'), 'utf8').catch(() => '{}')
    const found = JSON.parse(text) as { url?: string }
    return found.url === undefined ? undefined : { url: found.url }
  })

  grove.child.kill('SIGHUP')

  assert.ok(await publishTo(url, { summary: 'nobody saw it start' }))
  grove.child.kill('SIGTERM')
  assert.equal(await grove.exit, 0)
})

test('a grove whose log nobody reads answers on, and ends on SIGTERM', async () => {
  const grove = watched(['--dir', at('unread'), '--port', '0'])
  const url = await grove.ready()
  grove.child.stderr?.pause()

  // A line each, more than the system and this process keep.
  for (let asked = 0; asked < 1_500; asked++)
    assert.equal((await fetch(`${url}/api/contributions?limit=1`)).status, 200)
  grove.child.kill('SIGTERM')

  assert.equal(await grove.exit, 0)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends a grove within 5 s, despite an upload and a follower`, async () => {
    const grove = watched(['--dir', at(`busy-${signal}`), '--port', '0'])
    const url = await grove.ready()
    const upload = request(`${url}/api/blobs`, { method: 'POST' })
    upload.on('error', () => {})
    upload.write(Buffer.alloc(1_000_000))
    const follower = await fetch(`${url}/api/events`)
    const startedAt = Date.now()

    grove.child.kill(signal)
    const code = await grove.exit

    const elapsedMs = Date.now() - startedAt
    assert.equal(code, 0, grove.printed.stderr)
    assert.ok(elapsedMs < 5_000, `${elapsedMs} ms`)
    upload.destroy()
    await follower.body?.cancel().catch(() => {})
  })
}

test('beyond loopback a grove refuses private addresses unless they are allowed', async () => {
  const seed = await start('private')
  const flags = [
    '--dir',
    at('open'),
    '--host',
    '0.0.0.0',
    '--admission',
    'open',
    '--port',
    '0',
    '--peer',
    seed.url,
    '--gossip-interval',
    '200ms',
  ]
  const onLoopback = async (grove: { ready(): Promise<string> }) =>
    (await grove.ready()).replace('0.0.0.0', '127.0.0.1')
  const peerOf = async (url: string) =>
    (await getJson<{ peers: FederationPeer[] }>(url, '/api/federation/peers')).peers[0]

  const guarded = watched(flags)
  const url = await onLoopback(guarded)
  const refused = await until(
    'the seed was refused',
    async () => (await peerOf(url))?.record.lastError,
  )
  const fetched = await fetch(`${url}/api/contributions/blake3:${'0'.repeat(64)}/fetch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ peer: seed.url }),
  })
  guarded.child.kill('SIGTERM')
  await guarded.exit
  const allowed = await onLoopback(watched([...flags, '--allow-private-peers']))

  assert.equal(refused.code, 'address-refused')
  assert.equal(fetched.status, 403)
  await until('the seed answers', async () => (await peerOf(allowed))?.status === 'alive')
})

test('a grove started by npx ends with npx, which passes no signal on', async (context) => {
  const main = join(import.meta.dirname, '../../../src/cli/main.ts')
  const script = `"${process.execPath}" "${main}" serve --dir "${at('npx')}" --port 0; :`
  const env = { ...process.env, npm_lifecycle_event: 'npx', npm_lifecycle_script: "'grove'" }
  const shell = spawn('sh', ['-c', script], { env, stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(shell)
  await once(shell.stdout, 'data')
  const { pid } = JSON.parse(await readFile(join(at('npx'), 'server.json'), 'utf8')) as {
    pid: number
  }
  context.after(() => isRunning(pid) && process.kill(pid, 'SIGKILL'))

  shell.kill('SIGTERM')

  await until('the end of the grove', () => !isRunning(pid))
  assert.ok(!(await readdir(at('npx'))).includes('server.json'), 'it ended properly')
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('published work survives a restart', async () => {
  const first = await start('again')
  const { cid } = await publishTo(first.url, { summary: 'kept' }, { 'a.txt': 'content' })
  assert.equal(await first.stop(), 0)

  const second = await start('again')

  assert.equal(
    (await getJson<{ summary: string }>(second.url, `/api/contributions/${cid}`)).summary,
    'kept',
  )
  assert.equal(await second.stop(), 0)
})

test('grove events continues over a restart of its server, and misses nothing', async () => {
  const first = await start('followed')
  const { port } = new URL(first.url)
  const ofAnotherLog = `${'0'.repeat(16)}:0`
  const follower = spawnGrove(['events', '--server', first.url, '--json', '--after', ofAnotherLog])
  children.push(follower)
  const lines = createInterface({ input: follower.stdout! })[Symbol.asyncIterator]()
  const next = async () =>
    JSON.parse(String((await lines.next()).value)) as { type: string; summary?: string }

  const opened = await next()
  await publishTo(first.url, { summary: 'one' })
  const one = await next()
  await first.stop()
  const second = await start('followed', '--port', port)
  await publishTo(second.url, { summary: 'two' })
  const two = await next()

  assert.equal(opened.type, 'reset')
  assert.deepEqual([one.summary, two.summary], ['one', 'two'])
  await second.stop()
})

test('a signal ends a command that follows with 130 or 143, as a shell has it', async () => {
  const grove = await start('interrupted')
  const codes: unknown[] = []

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const follower = spawnGrove(['events', '--server', grove.url])
    children.push(follower)
    await followed(grove.url, follower)
    follower.kill(signal)
    codes.push((await once(follower, 'exit'))[0])
  }

  assert.deepEqual(codes, [130, 143])
  await grove.stop()
})

/** Publishes until the follower has printed something. */
async function followed(url: string, follower: ChildProcess): Promise<boolean> {
  let printed = false
  follower.stdout?.once('data', () => {
    printed = true
  })
  return until('a line of the follower', async () => {
    await publishTo(url, { summary: 'something to follow' })
    return printed
  })
}

test("Grove 0.1's environment variables work: GROVE_DIR, HOST, PORT, GOSSIP_SEEDS", async () => {
  const seed = await start('seed')
  const { peerId } = await getJson<{ peerId: string }>(seed.url, '/api/grove')
  const env = {
    GROVE_DIR: at('from-env'),
    HOST: '127.0.0.1',
    PORT: '0',
    GOSSIP_SEEDS: `${peerId}@${seed.url}, http://127.0.0.1:1`,
  }

  const grove = watched(['--gossip-interval', '200ms'], env)
  const url = await grove.ready()

  const peers = () =>
    getJson<{ peers: FederationPeer[] }>(url, '/api/federation/peers').then(
      (answer) => answer.peers,
    )
  const addresses = (await peers()).filter((peer) => peer.seed).map((peer) => peer.address)
  assert.deepEqual(addresses.toSorted(), ['http://127.0.0.1:1', seed.url].toSorted())
  await until('an answer of the seed', async () =>
    (await peers()).some((peer) => peer.address === seed.url && peer.lastSeen !== undefined),
  )
  assert.ok((await readdir(at('from-env'))).length > 0)
  grove.child.kill('SIGTERM')
  assert.equal(await grove.exit, 0)
  await seed.stop()
})

test('init writes grove.json as requested; serve reads it, and options override it', async () => {
  const dir = at('configured')
  await groveText([
    'init',
    dir,
    '--port',
    '0',
    '--gossip-interval',
    '10s',
    '--sync-threshold',
    'loss=1.2',
    '--log-level',
    'debug',
  ])

  const file = JSON.parse(await readFile(join(dir, 'grove.json'), 'utf8')) as unknown
  const grove = watched(['--dir', dir, '--gossip-interval', '3s'])
  await grove.ready()
  grove.child.kill('SIGTERM')
  await grove.exit

  assert.deepEqual(file, {
    port: 0,
    gossipInterval: '10s',
    syncThresholds: { loss: 1.2 },
    logLevel: 'debug',
  })
  const listening = grove.printed.stderr
    .split('\n')
    .find((line) => line.includes('"msg":"listening"'))
  assert.equal(
    (JSON.parse(listening ?? '{}') as { gossipIntervalMs: number }).gossipIntervalMs,
    3_000,
  )
  await groveFails(8, ['init', dir])
})

test('a directory keeps the id of its grove', async () => {
  const { peerId } = await groveJson<{ peerId: string }>(['init', at('same-id')])

  const served = await start('same-id')

  assert.equal(
    (await groveJson<{ peerId: string }>(['status', '--server', served.url])).peerId,
    peerId,
  )
  await served.stop()
})

test('an unknown key or an invalid value in a configuration is named', async () => {
  await groveText(['init', at('bad-config')])
  await writeFile(at('bad-config/grove.json'), '{"gossipIntervall":"3s"}')

  assert.match(
    await groveFails(2, ['serve', '--dir', at('bad-config'), '--port', '0']),
    /grove\.json.*gossipIntervall/,
  )
  assert.match(
    await groveFails(2, ['serve', '--dir', at('other'), '--gossip-interval', '3']),
    /--gossip-interval.*30s/,
  )
  assert.match(await groveFails(2, ['serve', '--dir', at('other'), '--peer', 'nowhere']), /--peer/)
})
