import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { ContributionView } from '../../../src/core/contribution/schema.ts'
import type { SyncReport } from '../../../src/core/wire/federation.ts'
import type { FileList } from '../../../src/core/wire/files.ts'
import type {
  FederatedEntry,
  FrontierAnswer,
  SearchResult,
} from '../../../src/core/wire/frontier.ts'
import type { GroveInfo } from '../../../src/core/wire/grove.ts'
import { contribute, digits, folderWithWork } from '../../support/contribute.ts'
import { contentOf } from '../../support/files/workspace.ts'
import { type GroveProcess, serveGrove } from '../../support/processes/grove-process.ts'
import { groveFails, groveJson, groveText, runGrove } from '../../support/processes/run-grove.ts'

const at = folderWithWork()

for (const mode of ['--server', '--dir'] as const) {
  describe(`commands with ${mode}`, () => {
    let served: GroveProcess | undefined
    let where: string[] = []
    let baseline = ''
    let better = ''

    before(async () => {
      if (mode === '--server') {
        served = await serveGrove(at('served'))
        where = ['--server', served.url]
      } else {
        await groveText(['init', at('embedded')])
        where = ['--dir', at('embedded')]
      }
      const agent = ['--agent-id', 'alice', '--platform', 'cpu']
      baseline = await contribute(
        where,
        at('work'),
        '--summary',
        'baseline',
        '--score',
        'loss=0.97:minimize:bpb',
        '--tag',
        'lm',
        ...agent,
      )
      await writeFile(at('work/train.py'), 'rate = 0.2\nsteps = 10\n')
      better = await contribute(
        where,
        at('work'),
        '--summary',
        'a higher rate',
        '--score',
        'loss=0.95:minimize',
        '--parent',
        digits(baseline),
      )
      await writeFile(at('work/train.py'), 'rate = 0.1\nsteps = 10\n')
    })

    after(() => served?.kill())

    test('show prints a contribution by the start of its id', async () => {
      const text = await groveText(['show', digits(baseline), ...where])
      const view = await groveJson<ContributionView>(['show', digits(baseline), ...where])

      for (const part of [baseline, 'baseline', 'alice', 'loss 0.97 bpb ↓', 'lm', 'train.py'])
        assert.ok(text.includes(part), `${part} in ${text}`)
      assert.equal(view.cid, baseline)
      assert.deepEqual(view.scores, { loss: { value: 0.97, direction: 'minimize', unit: 'bpb' } })
      assert.deepEqual(Object.keys(view.artifacts).toSorted(), ['config.json', 'train.py'])
    })

    test('log lists newest first, and filters', async () => {
      const text = await groveText(['log', ...where])
      const all = await groveJson<ContributionView[]>(['log', ...where])
      const tagged = await groveJson<ContributionView[]>([
        'log',
        '--tag',
        'lm',
        '--agent-id',
        'alice',
        ...where,
      ])

      assert.ok(text.indexOf(digits(better)) < text.indexOf(digits(baseline)))
      assert.deepEqual(
        all.slice(-2).map((view) => view.cid),
        [better, baseline],
      )
      assert.deepEqual(
        tagged.map((view) => view.cid),
        [baseline],
      )
    })

    test('frontier ranks by metric', async () => {
      const text = await groveText(['frontier', '--metric', 'loss', ...where])
      const answer = await groveJson<FrontierAnswer>(['frontier', '--limit', '1', ...where])

      assert.match(text, /^loss ↓$/m)
      assert.ok(text.indexOf(digits(better)) < text.indexOf(digits(baseline)))
      assert.deepEqual(
        answer.byMetric['loss']?.map((entry) => entry.cid),
        [better],
      )
    })

    test('search finds contributions by words', async () => {
      const text = await groveText(['search', 'higher', 'rate', ...where])
      const { results } = await groveJson<{ results: SearchResult[] }>([
        'search',
        'higher',
        ...where,
      ])

      assert.ok(text.includes(digits(better)))
      assert.deepEqual(
        results.map((result) => result.cid),
        [better],
      )
    })

    test('tree draws ancestors and descendants from either end', async () => {
      const down = await groveText(['tree', digits(baseline), ...where])
      const up = await groveText(['tree', digits(better), ...where])
      const { members } = await groveJson<{ members: { cid: string; parents: string[] }[] }>([
        'tree',
        digits(better),
        ...where,
      ])

      assert.match(down, new RegExp(`^● ${digits(baseline)} .*◀\n[sS]*● ${digits(better)}`))
      assert.match(up, new RegExp(`^● ${digits(baseline)} .*\n[sS]*● ${digits(better)} .*◀`))
      assert.deepEqual(members.find((member) => member.cid === better)?.parents, [baseline])
    })

    test('diff prints the changes as a patch that names the artifact', async () => {
      const text = await groveText(['diff', digits(baseline), digits(better), ...where])
      const answer = await groveJson<{ changes: { artifact: string }[]; patch: string }>([
        'diff',
        digits(baseline),
        digits(better),
        ...where,
      ])

      assert.match(text, /-rate = 0\.1\n\+rate = 0\.2/)
      assert.deepEqual(
        answer.changes.map((change) => change.artifact),
        ['train.py'],
      )
      assert.match(answer.patch, /train\.py/)
    })

    test('checkout writes the artifacts of an id, or of the best by a metric', async () => {
      const target = at(`out${mode}`)

      await groveText(['checkout', '--frontier', 'loss', '--to', target, ...where])

      assert.equal(await readFile(join(target, 'train.py'), 'utf8'), 'rate = 0.2\nsteps = 10\n')
      const refusal = await groveFails(8, ['checkout', digits(baseline), '--to', target, ...where])
      assert.match(refusal, /not empty/)
      await groveText([
        'checkout',
        digits(baseline),
        '--to',
        target,
        '--overwrite',
        '--artifact',
        'train.py',
        ...where,
      ])
      assert.equal(await readFile(join(target, 'train.py'), 'utf8'), 'rate = 0.1\nsteps = 10\n')
    })

    test('a relation determines the kind of contribution', async () => {
      const review = await contribute(
        where,
        '--reviews',
        digits(better),
        '--summary',
        'sound',
        '--score',
        'quality=0.9:maximize',
      )
      const rerun = await contribute(
        where,
        '--reproduces',
        digits(better),
        '--summary',
        'no',
        '--result',
        'challenged',
      )
      const adoption = await contribute(where, '--adopts', digits(better), '--summary', 'ours now')

      const views = await Promise.all(
        [review, rerun, adoption].map((cid) =>
          groveJson<ContributionView>(['show', cid, ...where]),
        ),
      )
      const standing = await groveText(['show', better, ...where])
      const said = await groveText(['reviews', better, ...where])
      const { total } = await groveJson<{ total: number }>(['reviews', better, ...where])

      assert.deepEqual(
        views.map((view) => view.kind),
        ['review', 'reproduction', 'adoption'],
      )
      assert.deepEqual(views[1]?.relations[0]?.metadata, { result: 'challenged' })
      assert.match(
        standing,
        /challenged, adopted 1× by 1 grove \(1× by its author\), reproduced 0×, review score 0\.9 by 1 grove \(with a/,
      )
      for (const text of [standing, said]) {
        assert.match(text, /adopted[\s\S]*challenged[\s\S]*reviewed/)
        for (const part of ['ours now', 'no', 'sound', 'quality 0.9 ↑'])
          assert.ok(text.includes(part), `${part} in ${text}`)
      }
      assert.equal(total, 3)
    })

    test('thread prints a discussion in order, and lists discussions', async () => {
      const question = await contribute(
        where,
        '--responds-to',
        digits(baseline),
        '--summary',
        'which seed?',
        '--agent-id',
        'bob',
      )
      const reply = await contribute(
        where,
        '--responds-to',
        digits(question),
        '--summary',
        'seed 7',
      )

      const text = await groveText(['thread', digits(baseline), ...where])
      const thread = await groveJson<{ nodes: { cid: string; depth: number }[] }>([
        'thread',
        digits(baseline),
        ...where,
      ])
      const list = await groveText(['thread', ...where])

      assert.match(text, /baseline[\s\S]*\n {2}which seed\?[\s\S]*\n {4}seed 7/)
      assert.deepEqual(
        thread.nodes.map(({ cid, depth }) => [cid, depth]),
        [
          [baseline, 0],
          [question, 1],
          [reply, 2],
        ],
      )
      assert.ok(list.includes(digits(baseline)))
    })

    test("0.1's verbs publish reviews, adoptions and discussions, and list them", async () => {
      const run = async (...args: string[]) => (await groveText([...args, ...where])).trim()
      const cids = [
        await run('review', digits(baseline), '--summary', 'fine', '--score', 'clarity=0.5'),
        await run('adopt', digits(baseline)),
        await run('discuss', 'which tokenizer?'),
        await run('discuss', digits(baseline), 'and which data?'),
      ]
      const views = await Promise.all(
        cids.map((cid) => groveJson<ContributionView>(['show', cid, ...where])),
      )

      assert.deepEqual(
        views.map(({ kind, summary, relations }) => [kind, summary, relations[0]?.relationType]),
        [
          ['review', 'fine', 'reviews'],
          ['adoption', 'adopted', 'adopts'],
          ['discussion', 'which tokenizer?', undefined],
          ['discussion', 'and which data?', 'responds_to'],
        ],
      )
      assert.deepEqual(views[0]?.scores, { clarity: { value: 0.5, direction: 'maximize' } })
      assert.match(await run('threads'), new RegExp(`${digits(baseline)}[^]*which tokenizer`))
      assert.match(await groveFails(2, ['discuss', digits(baseline), ...where]), /text is missing/)
      assert.match(await run('completions', 'bash'), /complete .*grove/)
    })

    test('status, peers, sync and the federated frontier answer without peers', async () => {
      const info = await groveJson<GroveInfo>(['status', ...where])
      const status = await groveText(['status', ...where])
      const { peers } = await groveJson<{ peers: unknown[] }>(['peers', ...where])
      const report = await groveJson<SyncReport>(['sync', ...where])
      const { entries } = await groveJson<{ entries: FederatedEntry[] }>([
        'frontier',
        '--federated',
        '--metric',
        'loss',
        ...where,
      ])

      assert.ok(info.stats.contributions >= 2)
      assert.ok(status.includes(info.peerId))
      assert.deepEqual(peers, [])
      assert.deepEqual(report.fetched, [])
      assert.deepEqual(
        entries.map((entry) => entry.cid),
        [better, baseline],
      )
      await groveText(['sync', ...where])
      await groveText(['peers', ...where])
    })

    test('exit codes come from the error table, and one line says what to do', async () => {
      const absent = `blake3:${'0'.repeat(64)}`

      assert.match(await groveFails(3, ['show', absent, ...where]), /grove fetch/)
      await groveFails(3, ['show', 'ffffffffffff', ...where])
      await groveFails(2, ['show', 'xyz', ...where])
      await groveFails(2, ['show', ...where])
      await groveFails(2, ['log', '--limit', 'many', ...where])
      await groveFails(2, ['nonsense', ...where])
      await groveFails(2, ['contribute', at('nothing'), '--summary', 'x', ...where])
      await groveFails(3, ['contribute', '--parent', absent, '--summary', 'x', ...where])
      assert.match(
        await groveFails(3, ['checkout', '--frontier', 'speed', '--to', at('never'), ...where]),
        /loss/,
      )
      const { stdout } = await runGrove(['show', absent, '--json', ...where])
      assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'NOT_FOUND')
    })

    test('files of any name come back, with modes and links, and are listed and fetched by path', async () => {
      const folder = at(`any${mode}`)
      await mkdir(join(folder, 'app/(auth)'), { recursive: true })
      await writeFile(join(folder, 'app/(auth)/[id].tsx'), 'tsx')
      await writeFile(join(folder, '__init__.py'), '')
      await writeFile(join(folder, 'lr=0.1,bs=4.json'), '{}')
      await writeFile(join(folder, '学习.sh'), '#!/bin/sh', { mode: 0o755 })
      await symlink('学习.sh', join(folder, 'latest'))

      const cid = await contribute(where, folder, '--summary', 'any names')
      const { files } = await groveJson<FileList>(['files', cid, ...where])
      const path = 'app/(auth)/[id].tsx'
      const fetched = await groveText(['fetch', cid, '--artifacts', 'lr=0.1,bs=4.json', ...where])
      const target = at(`any-out${mode}`)
      await groveText(['checkout', cid, '--to', target, '--trust-modes', ...where])

      assert.deepEqual(
        files.map((file) => [file.path, file.mode ?? file.symlink]),
        [
          [path, undefined],
          ['latest', '学习.sh'],
          ['lr=0.1,bs=4.json', undefined],
          ['学习.sh', '755'],
          ['__init__.py', undefined],
        ],
      )
      assert.match(fetched, /lr=0\.1,bs=4\.json .* here/)
      assert.deepEqual(await contentOf(target), await contentOf(folder))
      assert.equal((await stat(join(target, '学习.sh'))).mode & 0o111, 0o111)
    })

    test('what stays home is told by its reason, and nothing is published if all of it does', async () => {
      const folder = at(`home${mode}`)
      await mkdir(join(folder, 'backend'), { recursive: true })
      await writeFile(join(folder, 'backend/.env'), 'x')
      await writeFile(join(folder, 'id_rsa'), 'x')
      const told = async (...args: string[]) =>
        runGrove(['contribute', folder, '--summary', 'x', '--json', ...where, ...args])

      const nothing = await told()
      await writeFile(join(folder, 'a.py'), 'x')
      const some = await told('--include', 'id_rsa')

      assert.equal(nothing.code, 2)
      assert.match(
        nothing.stderr,
        /left out, hidden: backend\/\.env\nleft out, private key: id_rsa\n/,
      )
      assert.match(nothing.stderr, /nothing is left to contribute/)
      const { artifacts, leftOut } = JSON.parse(some.stdout) as ContributionView & {
        leftOut: object[]
      }
      assert.deepEqual(Object.keys(artifacts), ['a.py', 'id_rsa'])
      assert.deepEqual(leftOut, [{ path: 'backend/.env', reason: 'hidden' }])
    })

    test('a git revision and a patch against it become artifacts', {
      skip: spawnSync('git', ['--version']).status !== 0 && 'no git here',
    }, async () => {
      const repository = at(`repository${mode}`)
      await mkdir(join(repository, 'src'), { recursive: true })
      await writeFile(join(repository, 'src/main.c'), 'int x;\n')
      await writeFile(join(repository, '.gitignore'), '*.o\n')
      const git = (...args: string[]) =>
        assert.equal(
          spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
            cwd: repository,
          }).status,
          0,
        )
      git('init', '-q')
      git('add', '.')
      git('commit', '-q', '-m', 'first')
      await writeFile(join(repository, 'src/main.c'), 'int y;\n')

      const options = { cwd: repository }
      const cid = (
        await groveText(
          ['contribute', '--from-git-tree', '--from-git-diff', '--summary', 'from git', ...where],
          options,
        )
      ).trim()

      const target = at(`git-out${mode}`)
      await groveText(['checkout', cid, '--to', target, '--trust', ...where])
      const { context } = await groveJson<ContributionView>(['show', cid, ...where])
      const { git: notes } = (context as { grove: { git: Record<string, unknown> } }).grove
      assert.deepEqual(
        [notes.commit, notes.commit === notes.base, notes.dirty, notes.untracked],
        [notes.base, true, true, 0],
      )
      const written = await readdir(target, { recursive: true })
      assert.deepEqual(written.toSorted(), ['.gitignore', 'changes.patch', 'src', 'src/main.c'])
      assert.equal(await readFile(join(target, 'src/main.c'), 'utf8'), 'int x;\n')
      assert.match(await readFile(join(target, 'changes.patch'), 'utf8'), /-int x;\n\+int y;/)
      await groveFails(
        2,
        ['contribute', '--from-git-tree', 'no-such-revision', '--summary', 'x', ...where],
        options,
      )
    })
  })
}
