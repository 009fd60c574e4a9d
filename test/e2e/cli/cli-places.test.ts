import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { cp, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ContributionView, Draft } from '../../../src/core/contribution/schema.ts'
import type { FetchResult } from '../../../src/core/wire/fetch.ts'
import type { FederatedEntry } from '../../../src/core/wire/frontier.ts'
import type { GroveIdentity } from '../../../src/core/wire/identity.ts'
import { cidOf } from '../../../src/index.ts'
import { contribute, digits, folderWithWork } from '../../support/contribute.ts'
import { plainDraft, publishTo } from '../../support/http.ts'
import { cleanEnvironment } from '../../support/processes/environment.ts'
import { serveGrove } from '../../support/processes/grove-process.ts'
import { groveFails, groveJson, groveText, runGrove } from '../../support/processes/run-grove.ts'
import { until } from '../../support/until.ts'

const at = folderWithWork()

test('work from A is found, fetched and built on at B, by the command line', async () => {
  const a = await serveGrove(at('a'))
  const b = await serveGrove(at('b'), '--peer', a.url, '--sync', 'off')
  try {
    const onA = ['--server', a.url]
    const onB = ['--server', b.url]
    const origin = await contribute(
      onA,
      at('work'),
      '--summary',
      'origin',
      '--score',
      'bpb=1.5:minimize',
    )
    const best = await contribute(
      onA,
      at('work/config.json'),
      '--summary',
      'best on A',
      '--score',
      'bpb=1.2:minimize',
      '--parent',
      origin,
    )

    const known = () =>
      groveJson<{ entries: FederatedEntry[] }>([
        'frontier',
        '--federated',
        '--metric',
        'bpb',
        ...onB,
      ])
    const advertisement = await until("the advertisement of A's best on B", async () =>
      (await known()).entries.find((entry) => entry.cid === best),
    )
    const quote = await groveJson<FetchResult>(['fetch', digits(best), '--quote', ...onB])
    const fetched = await groveJson<FetchResult>(['fetch', digits(best), '--peer', a.url, ...onB])
    await groveText(['checkout', digits(best), '--to', at('from-a'), ...onB])
    const derived = await contribute(
      onB,
      at('from-a'),
      '--summary',
      'built on B',
      '--score',
      'bpb=1.1:minimize',
      '--parent',
      digits(best),
    )
    const tree = await groveText(['tree', derived, ...onB])
    const peers = await groveText(['peers', ...onB])

    assert.equal(advertisement.held, false)
    assert.ok(
      quote.artifacts.length > 0 &&
        quote.artifacts.every((artifact) => artifact.state === 'missing'),
    )
    assert.deepEqual(fetched.missing, [])
    assert.deepEqual(fetched.ancestors, [origin])
    assert.ok([origin, best, derived].every((cid) => tree.includes(digits(cid))))
    assert.ok(peers.includes(a.url))
    await a.kill()
    assert.equal((await groveJson<ContributionView>(['show', best, ...onB])).summary, 'best on A')
  } finally {
    await Promise.all([a.kill(), b.kill()])
  }
})

test('a directory in use is read through its server; .grove is found from below', async () => {
  await mkdir(at('project/deep/down'), { recursive: true })
  await groveText(['init', at('project/.grove')])
  const options = { cwd: at('project/deep/down') }
  const alone = (await groveText(['contribute', '--summary', 'embedded'], options)).trim()

  const served = await serveGrove(at('project/.grove'))
  try {
    const through = (
      await groveText(
        ['contribute', '--summary', 'through the server', '--parent', digits(alone)],
        options,
      )
    ).trim()
    const status = await groveText(['status'], options)

    assert.ok(status.includes(served.url), status)
    assert.equal(
      (await groveJson<ContributionView[]>(['log', '--server', served.url])).at(0)?.cid,
      through,
    )
  } finally {
    await served.kill()
  }
})

test("a stranger's .grove is neither served nor published into, until init takes it over", async () => {
  const options = { cwd: at('checkout/sub') }
  await groveText(['init', at('stranger/.grove'), '--host', '0.0.0.0'])
  await mkdir(at('checkout/sub'), { recursive: true })
  await cp(at('stranger/.grove'), at('checkout/.grove'), { recursive: true })

  const refusals = await Promise.all([
    groveFails(4, ['serve', '--port', '0'], options),
    groveFails(4, ['contribute', '--summary', 'x'], options),
  ])
  for (const line of refusals) assert.match(line, /checkout\/\.grove is not used.*grove init/)
  const taken = await groveText(['init', at('checkout/.grove')], options)
  assert.match(taken, /took over/)
  await groveText(['contribute', '--summary', 'x'], options)
  await groveFails(8, ['init', at('checkout/.grove')])
})

test('an ambiguous abbreviated id is refused with the candidates', async () => {
  const served = await serveGrove(at('clash'))
  try {
    const [start, drafts] = clash()
    for (const draft of drafts) await publishTo(served.url, draft)

    const line = await groveFails(2, ['show', start, '--server', served.url])

    assert.match(line, /may be [0-9a-f]{16}, [0-9a-f]{16}/)
  } finally {
    await served.kill()
  }
})

/**
 * Two drafts whose ids start with the same 4 digits, and these digits. About 300 drafts suffice for
 * a pair (the birthday paradox, with 65,536 starts).
 */
function clash(): [start: string, drafts: readonly [Draft, Draft]] {
  const seen = new Map<string, Draft>()
  for (let index = 0; index < 65_537; index++) {
    const draft = {
      ...plainDraft,
      summary: `clash ${index}`,
      createdAt: '2026-03-01T00:00:00.000Z',
    }
    const start = digits(cidOf({ artifacts: {}, relations: [], tags: [], ...draft })).slice(0, 4)
    const other = seen.get(start)
    if (other !== undefined) return [start, [other, draft]]
    seen.set(start, draft)
  }
  throw new Error('no two drafts have the same start')
}

test('a closed stdout is no error', async () => {
  const main = join(import.meta.dirname, '../../../src/cli/main.ts')
  const args = [process.execPath, main, at('project/.grove')]
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', '"$0" "$1" log --json --dir "$2" | true', ...args],
    { encoding: 'utf8', env: cleanEnvironment() },
  )

  assert.equal(status, 0)
  assert.equal(stderr, '')
})

test('if no grove answers, the command says how to start one', async () => {
  assert.match(await groveFails(6, ['status', '--server', 'http://127.0.0.1:1']), /grove serve/)
  assert.match(await groveFails(3, ['status', '--dir', at('nowhere')]), /grove init/)
  await groveFails(2, ['status', '--server', 'http://127.0.0.1:1', '--dir', at('.')])
})

test('a refused address is named by where it came from, without its password', async () => {
  const secret = 'http://:hidden@127.0.0.1:1'
  const lines = [
    await groveFails(2, ['status', '--server', secret]),
    await groveFails(2, ['status'], { env: { GROVE_URL: secret } }),
    await groveFails(2, ['serve', '--dir', at('unmade'), '--peer', secret]),
    await groveFails(2, ['serve', '--dir', at('unmade')], { env: { GOSSIP_SEEDS: secret } }),
  ]

  assert.deepEqual(
    lines.map((line) => /^grove: ([\w-]+): /.exec(line)?.[1]),
    ['--server', 'GROVE_URL', '--peer', 'GOSSIP_SEEDS'],
  )
  for (const line of lines) assert.ok(!line.includes('hidden'), line)
})

test("conda's HOST and another program's PORT don't hinder", async () => {
  const env = { HOST: 'x86_64-conda-linux-gnu', PORT: 'abc' }
  const peer = await serveGrove(at('conda-peer'))
  try {
    const cid = await contribute(['--server', peer.url], '--summary', 'there')
    await groveText(['init', at('conda')])

    await groveText(['fetch', cid, '--dir', at('conda'), '--peer', peer.url], { env })

    const line = await groveFails(2, ['serve', '--dir', at('conda')], {
      env: {
        ...env,
        GROVE_HOST: 'no.such.host.invalid',
        GROVE_PORT: '0',
        GROVE_ADMISSION: 'open',
      },
    })
    assert.match(line, /\(host from GROVE_HOST, port from GROVE_PORT\)$/)
  } finally {
    await peer.kill()
  }
})

test('serve and init refuse --server, and grove.json may begin with a byte order mark', async () => {
  const server = ['--server', 'http://127.0.0.1:1']
  assert.match(await groveFails(2, ['serve', ...server]), /--dir/)
  assert.match(await groveFails(2, ['init', ...server]), /--dir/)
  await groveText(['init', at('marked')])
  await writeFile(at('marked/grove.json'), '\ufeff{"logLevel":"loud"}')

  const marked = await groveFails(2, ['log', '--dir', at('marked')])
  await writeFile(at('marked/grove.json'), Buffer.from('\ufeff{"logLevel":"info"}', 'utf16le'))

  assert.match(marked, /grove\.json: logLevel/)
  await groveText(['log', '--dir', at('marked')])
})

test('a file as directory, or a directory in use, is refused with advice', async () => {
  const file = at('work/train.py')
  const served = await serveGrove(at('served'))
  try {
    const onFile = await groveFails(7, ['serve', '--dir', file, '--port', '0'])
    const onServed = await groveFails(7, ['serve', '--dir', at('served'), '--port', '0'])

    assert.match(onFile, /^grove: cannot keep a grove in .*train\.py: it is not a directory$/)
    assert.match(onServed, /^grove: .* is in use by another grove: stop it, /)
    assert.equal(onServed.split('another directory').length, 2)
    await groveFails(7, ['init', file])
  } finally {
    await served.kill()
  }
})

test('mcp offers tools over stdin and stdout', async () => {
  const messages = [
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-03-26',
        capabilities: {},
        clientInfo: { name: 't', version: '1' },
      },
    },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 2, method: 'tools/list' },
  ]
  const served = await serveGrove(at('mcp'))
  try {
    const child = runGrove(['mcp', '--server', served.url], {
      stdin: `${messages.map((message) => JSON.stringify(message)).join('\n')}\n`,
    })

    const { stdout, code } = await child
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: number; result: { tools?: { name: string }[] } })

    assert.equal(code, 0)
    const tools =
      answers.find((answer) => answer.id === 2)?.result.tools?.map((tool) => tool.name) ?? []
    for (const name of [
      'grove_submit_work',
      'grove_frontier',
      'grove_search',
      'grove_log',
      'grove_checkout',
      'grove_fetch',
    ])
      assert.ok(tools.includes(name), name)
  } finally {
    await served.kill()
  }
})

test('of foreign work, links and executable bits are written only where they are trusted', async () => {
  const served = await serveGrove(at('trust'))
  try {
    const where = ['--server', served.url]
    await mkdir(at('tools'))
    await writeFile(at('tools/run.sh'), '#!/bin/sh\n', { mode: 0o755 })
    await symlink('run.sh', at('tools/latest'))
    await symlink('../../elsewhere', at('tools/out'))
    const cid = await contribute(where, at('tools'), '--summary', 'tools')
    const checkout = async (to: string, ...options: string[]) => {
      const told = await runGrove(['checkout', cid, '--to', at(to), ...options, ...where])
      const { mode } = await stat(join(at(to), 'run.sh'))
      return { ...told, isExecutable: (mode & 0o100) !== 0, names: await readdir(at(to)) }
    }

    const plain = await checkout('plain')
    const trusted = await checkout('trusted', '--trust-modes')

    assert.deepEqual([plain.isExecutable, plain.names], [false, ['run.sh']])
    assert.match(plain.stderr, /2 symbolic links not written .*--trust-modes.*: latest, out/)
    assert.match(plain.stderr, /1 executable written .*--trust-modes.*: run\.sh/)
    assert.deepEqual([trusted.isExecutable, trusted.names], [true, ['latest', 'run.sh']])
    assert.match(trusted.stderr, /^foreign work: 1 .* may lead outside .* --trust: out\n$/)
  } finally {
    await served.stop()
  }
})

test('a grove says who it is, and gets another key only when it is not served', async () => {
  const dir = at('keyed')
  const grove = await serveGrove(dir)
  const { peerId } = await groveJson<GroveIdentity>(['identity', '--server', grove.url])
  const refused = await groveFails(7, ['identity', 'rotate', '--dir', dir])
  await grove.stop()

  const said = await groveText(['identity', 'rotate', '--dir', dir])

  assert.ok(refused.includes(`is being served (process ${grove.child.pid}): stop that first`))
  const after = await groveJson<GroveIdentity>(['identity', '--dir', dir])
  const publicKey = await groveText(['identity', 'export', '--dir', dir])
  assert.ok(said.includes(after.peerId) && said.includes(peerId))
  assert.deepEqual(
    after.rotations.map(({ from, to }) => [from, to]),
    [[peerId, after.peerId]],
  )
  assert.equal(createPublicKey(publicKey).asymmetricKeyType, 'ed25519')
  assert.match(await groveFails(3, ['identity', 'rotate', '--dir', at('work')]), /holds no grove/)
})
