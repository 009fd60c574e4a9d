import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'

/**
 * Compares a text with a file. With `--rewrite` it writes the file instead; the test's file must
 * then be run by itself, as in `node test/unit/protocol/traces.test.ts --rewrite`, since the test
 * runner passes no arguments on.
 */
export function matchesGolden(file: string, actual: string): void {
  if (process.argv.includes('--rewrite')) {
    writeFileSync(file, actual)
    return
  }
  const path = relative(process.cwd(), file)
  assert.equal(actual, readFileSync(file, 'utf8'), `${path} differs; --rewrite it if that is meant`)
}
