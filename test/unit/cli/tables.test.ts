import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peersTable, proofsTable } from '../../../src/cli/commands/operate/peers.ts'
import { leafText } from '../../../src/cli/commands/operate/status.ts'
import {
  askedTable,
  broughtTable,
  failedTable,
  leftTable,
  summaryLine,
} from '../../../src/cli/commands/operate/sync.ts'
import {
  believedFirst,
  federatedOverviewTable,
  federatedTable,
} from '../../../src/cli/commands/read/federated.ts'
import { overviewTable, rankingTable } from '../../../src/cli/commands/read/frontier.ts'
import { contributionTable } from '../../../src/cli/commands/read/log.ts'
import { evidenceLines, evidenceTable } from '../../../src/cli/commands/read/reviews.ts'
import { threadTable } from '../../../src/cli/commands/read/thread.ts'
import { treeLine, treeLines } from '../../../src/cli/commands/read/tree.ts'
import {
  artifactTable,
  artifactTotal,
  listedArtifacts,
  missingLines,
} from '../../../src/cli/commands/work/fetch.ts'
import { refusedLines } from '../../../src/cli/output/hints.ts'
import { layOut, type Table } from '../../../src/cli/output/table.ts'
import { formatAgo } from '../../../src/cli/output/time.ts'
import { waitingText } from '../../../src/cli/output/watch-peers.ts'
import { widthOfText } from '../../../src/cli/output/width.ts'
import { hashBytes } from '../../../src/core/cid.ts'
import { INDEX_NAME, PACK_FORM } from '../../../src/core/contribution/pack.ts'
import type { ContributionView } from '../../../src/core/contribution/schema.ts'
import type { FederationPeer } from '../../../src/core/wire/federation.ts'
import type { FetchResult } from '../../../src/core/wire/fetch.ts'
import type { FederatedEntry, FrontierEntry } from '../../../src/core/wire/frontier.ts'

const WIDTHS = [40, 80, 120]
const cid = (name: string) => hashBytes(Buffer.from(name))
const target = cid('target')
const now = Date.parse('2026-03-01T12:00:00Z')
const moment = (timestamp: string) => formatAgo(timestamp, now)
const summary =
  'lower the learning rate after the warm-up, with rotary embeddings 学習率 and no dropout'
const agentId = 'experimenter@cluster.example'

function view(more: Partial<ContributionView> = {}): ContributionView {
  return {
    cid: cid(JSON.stringify(more)),
    manifestVersion: 1,
    kind: 'work',
    mode: 'evaluation',
    summary,
    artifacts: {},
    relations: [],
    tags: [],
    createdAt: '2026-03-01T11:55:00Z',
    agent: { agentId },
    scores: {
      validation_bits_per_byte: { value: 1.2345678, direction: 'minimize', unit: 'bpb' },
      throughput: { value: 123_456, direction: 'maximize', unit: 'tok/s' },
    },
    ...more,
  }
}

const place = (value: number): FrontierEntry => ({
  cid: cid(String(value)),
  summary,
  value,
  kind: 'reproduction',
  mode: 'evaluation',
  agentId,
})
const ranking = { title: 'validation_bits_per_byte', entries: [place(1.25)], format: String }

const entry = (more: Partial<FederatedEntry>): FederatedEntry => ({
  metric: 'validation_bits_per_byte',
  direction: 'minimize',
  value: 1.25,
  cid: cid(JSON.stringify(more)),
  level: 'bound',
  held: true,
  providers: ['http://10.0.0.5:4515', 'http://grove.example:4515'].map((address) => ({
    peerId: address,
    address,
    lastAdvertised: '2026-03-01T11:00:00Z',
  })),
  firstSeen: '2026-03-01T11:00:00Z',
  ...more,
})
const federated = [
  entry({ summary, agentId, kind: 'work' }),
  entry({ level: 'advertised', held: false, value: 1.125 }),
]

const error = `127.0.0.1:4515 is refused: it is an address on loopback, ${'and so on '.repeat(10)}end`
const peer: FederationPeer = {
  peerId: '2f4c9a1be2d37758',
  address: 'http://partner.example.org:4515',
  status: 'suspected',
  seed: true,
  lastSeen: '2026-03-01T09:00:00Z',
  capabilities: {},
  record: {
    trust: 0.5,
    confirmed: 3,
    contradicted: 1,
    bytesGood: 1_000_000,
    bytesBad: 12,
    lastError: { at: '2026-03-01T09:00:00Z', code: 'address-refused', message: error },
    proofs: [],
  } as unknown as FederationPeer['record'],
}

const tables: Readonly<Record<string, Table>> = {
  log: contributionTable([view(), view({ kind: 'reproduction' })], moment),
  'frontier, overview': overviewTable([ranking, { ...ranking, title: 'adoption' }]),
  'frontier, one ranking': rankingTable({ ...ranking, entries: [place(1.25), place(1.5)] }),
  'frontier, with who signed': rankingTable({
    ...ranking,
    entries: [place(1.25), { ...place(1.5), origins: { groves: 12, signedBy: [] } }],
  }),
  'federated, overview': federatedOverviewTable([federated], moment),
  'federated, overview of signals': federatedOverviewTable(
    [
      [entry({ metric: '_reproduction', direction: 'maximize', level: 'evidenced' })],
      [entry({ metric: '_recency', direction: 'maximize', value: now - 1_980_000 })],
    ],
    moment,
  ),
  'reviews, by the author itself': evidenceTable(
    [
      view({
        relations: [
          { targetCid: target, relationType: 'reviews' },
          { targetCid: target, relationType: 'reproduces' },
        ],
      }),
    ],
    { cid: target, agent: { agentId } },
    moment,
  ),
  'federated, one ranking': federatedTable(federated, moment),
  thread: threadTable(
    [{ cid: target, replyCount: 12, lastReplyAt: view().createdAt, contribution: view() }],
    moment,
  ),
  reviews: evidenceTable(
    [
      view({
        relations: [
          { targetCid: target, relationType: 'reproduces', metadata: { result: 'challenged' } },
        ],
      }),
    ],
    { cid: target },
    moment,
  ),
  peers: peersTable([peer], moment),
  'sync, asked': askedTable([
    { peerId: 'p', address: peer.address, offered: 12, durationMs: 15_000 },
    {
      peerId: 'q',
      address: 'http://10.0.0.5:4515',
      offered: 0,
      durationMs: 15_000,
      error: { code: 'peer-too-slow', message: error },
    },
  ]),
  'sync, not asked': leftTable([peer]),
  'sync, fetched': broughtTable([
    {
      cid: target,
      kind: 'reproduction',
      agentId,
      summary,
      sizeBytes: 5_000_000,
      address: peer.address,
    },
  ]),
  'sync, failed': failedTable([{ cid: target, reason: 'blob-missing', address: peer.address }]),
  proofs: proofsTable(
    [
      {
        at: '2026-03-01T09:00:00Z',
        cid: target,
        metric: 'validation_bits_per_byte',
        advertised: { value: 1, direction: 'minimize' },
        actual: { value: 1.5, direction: 'minimize' },
      },
    ] as unknown as Parameters<typeof proofsTable>[0],
    moment,
  ),
  fetch: artifactTable([
    { name: 'src/models/attention/rotary.py', hash: target, sizeBytes: 12, state: 'fetched' },
  ]),
}

for (const [name, table] of Object.entries(tables))
  for (const width of WIDTHS)
    test(`the table of ${name} fits ${width} columns and cuts neither ids nor numbers`, () => {
      const lines = layOut(table, width).map(({ text }) => text)

      for (const line of lines) assert.ok(widthOfText(line) <= width, `${line}|`)
      const text = lines.join('\n')
      assert.doesNotMatch(text, /\d…|[0-9a-f]{12}…/)
      assert.doesNotMatch(text, /(chall|conf|reproduc)\w*…/, 'a verdict says what it is')
      assert.match(text, /\b[0-9a-f]{12}\b|http:|rotary\.py/)
    })

/** The columns that what a table is about gets, in all the lines of its first row. */
function roomOf(table: Table, text: string, width: number): number {
  const words = text.split(' ')
  const lines = layOut(table, width).filter(({ head }) => !head)
  const shown = lines.flatMap((line) => line.text.split(' ')).filter((word) => words.includes(word))
  return shown.join(' ').length
}

test('a summary gets at least a third of the width, below its row where that is narrow', () => {
  for (const name of ['log', 'frontier, overview', 'frontier, one ranking', 'thread'])
    for (const width of WIDTHS) {
      const table = tables[name]!
      assert.ok(roomOf(table, summary, width) >= width / 3, `${name} ${width}`)
    }
})

test('whatever is wrong with a peer is shown in full at any width', () => {
  for (const width of WIDTHS) {
    const lines = layOut(tables['peers']!, width).map(({ text }) => text.trim())

    assert.ok(lines.join(' ').includes('and so on end; `grove serve --allow-private-peers`'))
  }
})

test('a peer without an error is one that answers, or says that it does not', () => {
  const { lastError: _, ...record } = peer.record
  const told = (status: FederationPeer['status']) =>
    layOut(peersTable([{ ...peer, status, record }], moment), 200)
      .map(({ text }) => text)
      .join('\n')

  assert.match(told('suspected'), /it does not answer/)
  assert.doesNotMatch(told('alive'), /last error|answer$/m)
})

test('the last error of a peer says when it was, wherever there is room for it', () => {
  for (const width of [80, 300]) {
    const lines = layOut(
      peersTable([peer], () => '6 min ago'),
      width,
    ).map(({ text }) => text)
    assert.match(lines.join('\n'), /last error, 6 min ago: /)
  }
})

test('what sync refuses is told by reason, with the items as far as they are known', () => {
  const refusals = [{ cid: target, reason: 'too-large' }]

  assert.deepEqual(refusedLines({ 'too-large': 2, tags: 1 }, refusals), [
    `2 items: too-large (${target.slice(7, 19)}, …); \`grove fetch\` brings them one by one`,
    '1 item: tags; `grove fetch` brings them one by one',
  ])
})

test('a table in a file is not cut, and columns without content are left out', () => {
  const long = 'x'.repeat(500)
  const columns = [{ title: 'a', min: 3 }, { title: 'empty' }]

  const lines = layOut({ columns, rows: [[long, '']] }, Number.POSITIVE_INFINITY)

  assert.deepEqual(
    lines.map(({ text }) => text),
    ['a', long],
  )
})

test('letters that take two columns are counted as two', () => {
  assert.deepEqual(['abc', '学習率', 'é', '🚀', 'e\u0301'].map(widthOfText), [3, 6, 1, 2, 1])
})

test('of several scores as many are shown as fit', () => {
  const at = (width: number) => layOut(contributionTable([view()], moment), width)[1]?.text ?? ''

  assert.match(at(300), /validation_bits_per_byte 1\.2345678 bpb ↓, throughput 123456 tok\/s ↑/)
  assert.match(at(80), / vali… 1\.23457 ↓/)
})

test('what is only advertised never takes all rows of a ranking, nor hides behind others', () => {
  const held = [1, 2, 3].map((value) => entry({ value }))
  const said = [4, 5, 6].map((value) => entry({ value, level: 'advertised', held: false }))
  const values = (list: FederatedEntry[], limit: number) =>
    believedFirst(list, limit).map(({ value }) => value)

  assert.deepEqual(values([...said, ...held], 2), [1, 4])
  assert.deepEqual(values([...said, ...held], 5), [1, 2, 3, 4, 5])
  assert.deepEqual(values(held, 2), [1, 2])
  assert.deepEqual(values(said, 2), [4, 5])
})

test('a line of a tree fits, and its summary gives way before its score', () => {
  const member = { cid: target, view: view(), parents: [], evidence: { review: 3 }, cut: false }
  const line = (width: number) =>
    treeLine({ branch: '│ ├─● ', member, again: false }, { width, chosen: target })

  for (const width of WIDTHS) {
    assert.ok(widthOfText(line(width)) <= width, line(width))
    assert.match(line(width), /lower the/)
    assert.match(line(width), /◀$/)
  }
  assert.match(line(120), /1\.2345678/)
})

test('of what was said of a work, a line of a tree names as much as fits, and counts the rest', () => {
  const evidence = { review: 2, reproduction: 3, adoption: 4, reply: 1 }
  const scores = { val_bpb: { value: 1.25, direction: 'minimize' as const } }
  const short = view({ summary: 'baseline', scores })
  const member = { cid: target, view: short, parents: [], evidence, cut: false }
  const line = (width: number) =>
    treeLine({ branch: '● ', member, again: false }, { width, chosen: target })

  assert.match(line(120), /2 reviews, 3 reproductions, 4 adoptions, 1 reply {2}◀$/)
  assert.match(line(80), /val_bpb 1\.25 ↓ {2}2 reviews, 3 reproductions, 5 more {2}◀$/)
  assert.match(line(60), /val_bpb 1\.25 ↓/)
})

test('on a narrow terminal, scores and counts go below what they belong to', () => {
  const evidence = { challenge: 1, review: 2 }
  const scores = { val_bpb: { value: 1.25, direction: 'minimize' as const } }
  const member = { cid: target, view: view({ scores }), parents: [], evidence, cut: false }
  const lines = treeLines({ branch: '│ ├─● ', member, again: false }, { width: 40, chosen: target })

  for (const text of lines) assert.ok(widthOfText(text) <= 40, text)
  assert.match(lines[0] ?? '', /lower the.*◀$/)
  assert.deepEqual(lines.slice(1), ['│ │   val_bpb 1.25 ↓  1 challenge, 2', '│ │   reviews'])
})

test('where counts have no room in a tree, the challenge is the last to go', () => {
  const evidence = { review: 3, reproduction: 2, adoption: 5, reply: 1, challenge: 1 }
  const scores = { val_bpb: { value: 1.25, direction: 'minimize' as const } }
  const member = { cid: target, view: view({ scores }), parents: [], evidence, cut: false }

  const line = treeLine({ branch: '● ', member, again: false }, { width: 80, chosen: target })

  assert.match(line, /1 challenge/)
})

test('a reproduction that did not succeed is told apart in a list, at any width', () => {
  const relations: ContributionView['relations'] = [
    { targetCid: target, relationType: 'reproduces', metadata: { result: 'failed' } },
  ]
  const listed = contributionTable([view({ kind: 'reproduction', relations }), view()], moment)

  for (const width of WIDTHS) {
    const text = layOut(listed, width).map((line) => line.text)
    assert.ok(text.every((line) => widthOfText(line) <= width))
    assert.match(text.join('\n'), /failed/)
  }
})

test('a review is shown with its author, its scores and all of its text, at any width', () => {
  const description = 'I ran it three times.\n\n  seeds: 1, 2, 3'
  const relations: ContributionView['relations'] = [
    { targetCid: target, relationType: 'reproduces', metadata: { result: 'partial' } },
    { targetCid: cid('other'), relationType: 'adopts' },
  ]
  for (const width of WIDTHS) {
    const lines = evidenceLines(view({ description, relations }), { cid: target }, moment, width)

    for (const { text } of lines) assert.ok(widthOfText(text) <= width, text)
    const text = lines.map((line) => line.text.trim()).join(' ')
    for (const part of [agentId, 'reproduced: partial, 5 min ago', 'no dropout', 'seeds: 1, 2, 3'])
      assert.ok(text.includes(part), `${part} in ${text}`)
    assert.ok(!text.includes('adopted'))
  }
})

test('what an author says of its own work is marked, in a row and in full', () => {
  const relations = [{ targetCid: target, relationType: 'adopts' as const }]
  const [own, other] = [view({ relations }), view({ relations, agent: { agentId: 'bob' } })]
  const work = { cid: target, agent: { agentId } }

  const { rows } = evidenceTable([own, other], work, moment)
  const [head] = evidenceLines(own, work, moment, 120)

  assert.deepEqual(
    rows.map(([, , agent]) => agent),
    [[`${agentId} (its author)`, 'its author', 'self'], 'bob'],
  )
  assert.match(head?.text ?? '', /example \(its author\) adopted/)
})

test('many artifacts are summed up, and what is missing is told by its reason', () => {
  const artifacts = Array.from({ length: 582 }, (_, index) => ({
    name: `f${index}`,
    hash: cid(`f${index}`),
    sizeBytes: index === 0 ? -1 : 1024,
    state: index < 3 ? ('here' as const) : ('missing' as const),
  }))
  const missing = artifacts.slice(3).map(({ hash }) => ({ hash, reason: 'peer-unreachable' }))
  const contribution = { artifacts: {} }
  const result = { contribution, artifacts, missing } as unknown as FetchResult

  assert.equal(
    artifactTotal(artifacts),
    '582 artifacts, 581 KiB and 1 of unknown size: 3 here, 579 missing',
  )
  assert.match(
    missingLines(result).join('\n'),
    /^missing {4}f3 \(1\.0 KiB\), f4 \S+ KiB\), f5 .* and 576 more: no peer .*`grove peers` shows/,
  )
})

test('of a pack, which has parts instead of files, only what lacks is listed', () => {
  const states = ['here', 'fetched', 'missing', 'skipped'] as const
  const artifacts = states.map((state, n) => {
    const name = n === 0 ? INDEX_NAME : `part.${n}`
    return { name, hash: cid(name), sizeBytes: 1, state }
  })
  const plain = { artifacts: Object.fromEntries(artifacts.map(({ name, hash }) => [name, hash])) }
  const pack = { ...plain, context: { grove: { pack: PACK_FORM } } }

  const of = (contribution: object) =>
    ({ contribution, artifacts }) as unknown as Parameters<typeof listedArtifacts>[0]
  const file = { path: 'src/a', name: 'src/a', hash: cid('a'), artifact: 'part.2', sizeBytes: 7 }
  const chosen = [{ ...file, state: 'missing' as const }]

  assert.deepEqual(listedArtifacts(of(plain)), artifacts)
  assert.deepEqual(listedArtifacts(of(pack)), artifacts.slice(2))
  assert.deepEqual(listedArtifacts(of(pack), chosen), [
    { name: 'src/a', hash: cid('a'), sizeBytes: 7, state: 'missing' },
  ])
})

test('a round that waits names the peers, and its end says how many answered', () => {
  const slow = [{ address: 'http://10.0.0.5:4515', forMs: 3_200 }]
  const peer = { peerId: 'p', address: 'http://a', offered: 0, durationMs: 1 }
  const report = {
    startedAt: '2026-03-01T12:00:00Z',
    durationMs: 15_000,
    peers: 2,
    asked: [peer, { ...peer, error: { code: 'peer-too-slow', message: 'no' } }],
    offered: 3,
    fetched: [target],
    skipped: [],
    failed: [],
    evidence: 0,
    refused: {},
    requests: 4,
    bytesMoved: 1024,
  }

  assert.equal(waitingText(slow, 80), 'waiting 3.2 s for http://10.0.0.5:4515')
  assert.ok(widthOfText(waitingText([...slow, ...slow], 40)) < 40)
  assert.equal(waitingText([], 40), '')
  assert.equal(
    summaryLine(report),
    '1 of 2 peers answered; 3 items are on offer: 1 fetched, 0 failed (1.0 KiB in 4 requests, 15.0 s)',
  )
  assert.match(summaryLine({ ...report, held: 2 }), /: 2 here already, 1 fetched, 0 failed/)
})

test('a leaf without a hub says how to get one, or where it is said why none answers', () => {
  assert.match(leafText({ hubs: [] }, 0), /no hub: `grove join` or `--peer URL`/)
  assert.match(leafText({ hubs: [] }, 1), /no hub answers: `grove peers` says why/)
})
