import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../../..')
const page = readFileSync(join(root, 'docs/SECURITY.md'), 'utf8')

/** A test as the table of threats names it. */
interface Named {
  readonly threat: string
  readonly file: string
  /** Words of its title; undefined where the whole file is meant. */
  readonly title: string | undefined
}

/** The tests of a page's table. "The same file" is the one that was named last. */
function namedIn(text: string): Named[] {
  const named: Named[] = []
  let file = ''
  for (const line of text.split('\n')) {
    const { threat, tests } =
      /^\| (?<threat>.+?) \|.* \| (?<tests>[^|]+) \|$/.exec(line)?.groups ?? {}
    if (threat === undefined || tests === undefined || ['threat', '---'].includes(threat)) continue
    for (const part of tests.split(/; |, (?=`)/)) {
      const { path, rest = part } = /^`(?<path>[^`]+)`(?<rest>.*)$/.exec(part)?.groups ?? {}
      if (path !== undefined && !path.startsWith('test/')) continue
      file = path ?? file
      // What comes before the title says what the test is of.
      const title = rest
        .replace(/^the same file/, '')
        .split(': ')
        .at(-1)
      named.push({ threat, file, title: title === '' ? undefined : title })
    }
  }
  return named
}

const isThere = ({ file, title }: Named): boolean =>
  existsSync(join(root, file)) &&
  (title === undefined || readFileSync(join(root, file), 'utf8').includes(title))

test('each test that the table of threats names is there', () => {
  const [, table = ''] = page.split('## Threats and the tests that cover them')
  const named = namedIn(table.split('\n## ')[0] ?? '')

  assert.ok(named.length > 100)
  assert.deepEqual(
    named.filter((one) => !isThere(one)),
    [],
  )
})

test('a title or a file that is not there is found missing', () => {
  const file = 'test/unit/docs/security.test.ts'
  const rows = [
    `| a | b | \`${file}\`: ${'no such'} title; the same file |`,
    '| a | b | `test/x.ts` |',
  ]
  assert.deepEqual(namedIn(rows.join('\n')).map(isThere), [false, true, false])
})
