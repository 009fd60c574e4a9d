import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Compares what happened with the trace that was written down of it. Run the test's file by itself
 * with `--rewrite` to write it anew: `node test/unit/node/traces.test.ts --rewrite`.
 */
export function assertTrace(file: URL, lines: readonly string[]): void {
  const text = `${lines.join('\n')}\n`
  if (process.argv.includes('--rewrite')) {
    writeFileSync(file, text)
    return
  }
  const path = relative(process.cwd(), fileURLToPath(file))
  assert.equal(text, existsSync(file) ? readFileSync(file, 'utf8') : '', `${path} tells otherwise`)
}
