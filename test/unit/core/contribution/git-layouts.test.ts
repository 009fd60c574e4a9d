import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gitLayouts } from '../../../../src/core/contribution/git-layouts.ts'

test('a .git at any depth makes a repository, however a file system writes it', () => {
  const harmful = [
    '.git',
    '.git/config',
    'x/.git/hooks/post-checkout',
    'a/b/.GIT/config',
    '.Git',
    '.g\u200cit/config',
    '\ufeff.git/config',
    '.git./config',
    '.git /config',
    '.git . ./config',
    '.git::$INDEX_ALLOCATION/config',
    'git~1/config',
    'GIT~1',
    'x\\.git\\config',
    'sub/.g\u0131t',
  ]

  assert.deepEqual(gitLayouts(harmful), harmful)
})

test('a bare layout makes a repository in whichever folder it lies', () => {
  const parts = ['HEAD', 'objects/pack/p.idx', 'refs/heads/main']

  for (const folder of ['', 'x/', 'x/y.git/']) {
    const paths = parts.map((part) => `${folder}${part}`)
    assert.deepEqual(gitLayouts([...paths, `${folder}config`, 'README']), paths)
  }
  assert.deepEqual(gitLayouts(['HEAD', 'commondir', 'a']), ['HEAD', 'commondir'])
  assert.deepEqual(gitLayouts(['head', 'Objects/a', 'ref\u017f/b']), [
    'head',
    'Objects/a',
    'ref\u017f/b',
  ])
  assert.deepEqual(gitLayouts(['A/HEAD', 'a/objects', 'a /refs']), [
    'A/HEAD',
    'a/objects',
    'a /refs',
  ])
})

test('parts of a layout that never meet in one folder are harmless', () => {
  for (const paths of [
    ['HEAD', 'objects/a', 'x/refs/b'],
    ['HEAD', 'objects/a'],
    ['objects/a', 'refs/b', 'config'],
    ['HEAD.md', 'objects/a', 'refs/b'],
    ['a/HEAD', 'b/objects/x', 'c/refs/y', 'd/commondir'],
    ['.gitignore', '.github/workflows/ci.yml', 'git', 'x.git/a', 'digit~1', '.gitmodules'],
    ['', '.', '..', 'a//b', ': '],
  ])
    assert.deepEqual(gitLayouts(paths), [], paths.join(' '))
})

test('a tree of 100,000 files is looked through', () => {
  const paths = Array.from(
    { length: 100_000 },
    (_, n) => `src/part-${n % 1000}/objects/file-${n}.ts`,
  )

  assert.deepEqual(gitLayouts([...paths, 'a/.git/config']), ['a/.git/config'])
})
