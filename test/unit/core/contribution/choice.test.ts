import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chosenFrom, shownPath } from '../../../../src/core/contribution/choice.ts'
import { nameOf } from '../../../../src/core/contribution/names.ts'

const files = ['app/[id]/a', 'app/b', 'bad\udcff.bin', 'caf\u00e9', 'tab\tnl\n', '学习'].map(
  (path) => ({ path, name: nameOf(path) }),
)

const meant = (...texts: string[]) => chosenFrom(files, texts).files.map(({ path }) => path)

test('a file is named by its path, its name, or as it is shown', () => {
  assert.deepEqual(meant('app/b'), ['app/b'])
  assert.deepEqual(meant(nameOf('学习')), ['学习'])
  assert.deepEqual(meant('cafe\u0301'), ['caf\u00e9'])
  assert.deepEqual(meant('bad\\xff.bin'), ['bad\udcff.bin'])
  assert.deepEqual(meant('tab\\tnl\\n'), ['tab\tnl\n'])
})

test('a folder means all files below it', () => {
  assert.deepEqual(meant('app'), ['app/[id]/a', 'app/b'])
  assert.deepEqual(meant('./app/[id]/'), ['app/[id]/a'])
})

test('what names nothing is told', () => {
  assert.deepEqual(chosenFrom(files, ['ap', 'app/b', 'app/*']).lost, ['ap', 'app/*'])
})

test('what a terminal would obey is escaped in a path', () => {
  assert.equal(shownPath('a\u001b[31m\u202e\u0085\n\udc80'), 'a\\x1b[31m\\u{202e}\\u{85}\\n\\x80')
})

test('a long run of slashes is looked at once', { timeout: 20_000 }, () => {
  const text = `${'/'.repeat(300_000)}x`

  assert.deepEqual(chosenFrom(files, [text]).lost, [text])
})
