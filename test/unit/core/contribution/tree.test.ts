import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBytes } from '../../../../src/core/cid.ts'
import { conflictsAmong, treeOf, withNotes } from '../../../../src/core/contribution/tree.ts'

const hash = hashBytes(new Uint8Array())
const artifacts = (...names: string[]) => Object.fromEntries(names.map((name) => [name, hash]))
const pathsOf = (...names: string[]) =>
  treeOf({ artifacts: artifacts(...names) }).files.map(({ path }) => path)

test('files are listed by path, sorted by name, with modes and links', () => {
  const files = { 'run.sh': { mode: '755' }, latest: { symlink: 'run.sh' } }
  const context = { grove: { files } }

  const tree = treeOf({ artifacts: artifacts('x-u-__init__.py', 'run.sh'), context })

  assert.deepEqual(tree.conflicts, [])
  assert.deepEqual(tree.files, [
    { path: 'latest', name: 'latest', symlink: 'run.sh' },
    { path: 'run.sh', name: 'run.sh', hash, executable: true },
    { path: '__init__.py', name: 'x-u-__init__.py', hash },
  ])
})

test('other shapes in context.grove.files are ignored', () => {
  const files = {
    'a.py': { mode: '777' },
    gone: { mode: '755' },
    'b.py': 7,
    '../up': { symlink: 'a.py' },
    empty: { symlink: '' },
    nul: { symlink: 'a\0b' },
    number: { symlink: 5 },
    'c.py': { symlink: 'a.py' },
  }

  const tree = treeOf({
    artifacts: artifacts('a.py', 'b.py', 'c.py'),
    context: { grove: { files } },
  })

  assert.deepEqual(
    tree.files,
    ['a.py', 'b.py', 'c.py'].map((name) => ({ path: name, name, hash })),
  )
  for (const grove of [null, 3, [], { files: [] }, { files: null }])
    assert.equal(treeOf({ artifacts: artifacts('a'), context: { grove } }).files.length, 1)
})

test('conflicting names give every file its own name as path, and can all be stored', () => {
  const long = 'l'.repeat(256)
  const names = ['a', 'a/b', 'a/./b', 'a-ue9-', long]

  const tree = treeOf({ artifacts: artifacts(...names) })

  assert.deepEqual(tree.conflicts, ['a', 'a/./b', long])
  assert.deepEqual(
    tree.files.map(({ path }) => path),
    ['a~file', 'a-ue9-', 'a/~dot/b', 'a/b', `${'l'.repeat(128)}~long/${'l'.repeat(128)}`],
  )
  assert.deepEqual(conflictsAmong(tree.files), [])
})

test('two names of one path conflict', () => {
  assert.deepEqual(pathsOf('a-u2d-b', 'a-u2d-u2d-b'), ['a-u2d-b', 'a-u2d-u2d-b'])
})

test('a link and a file below it conflict', () => {
  const context = { grove: { files: { a: { symlink: 'b' } } } }

  const tree = treeOf({ artifacts: artifacts('a/c'), context })

  assert.deepEqual(tree.conflicts, ['a'])
  assert.deepEqual(
    tree.files.map(({ path }) => path),
    ['a~file', 'a/c'],
  )
})

test("Grove's notes stand beside what else is in the context", () => {
  const context = { seed: 1, grove: { git: { commit: 'c' }, files: 'old' } }

  assert.deepEqual(withNotes(context, { files: {} }), {
    seed: 1,
    grove: { git: { commit: 'c' }, files: {} },
  })
  assert.deepEqual(withNotes(undefined, { a: 1 }), { grove: { a: 1 } })
  assert.deepEqual(withNotes({ grove: 'odd' }, { a: 1 }), { grove: { a: 1 } })
})
