import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Compares a text with the one that is kept in a file. Where the test file is run by itself with
 * `--rewrite` (`node test/unit/protocol/traces.test.ts --rewrite`) the file is rewritten instead:
 * the test runner passes no arguments on, so that no run of all tests rewrites anything.
 */
export function matchesGolden(file: string, actual: string): void {
  if (process.argv.includes('--rewrite')) writeFileSync(file, actual)
  else assert.equal(actual, readFileSync(file, 'utf8'), `${file}: rewrite it if this is meant`)
}
