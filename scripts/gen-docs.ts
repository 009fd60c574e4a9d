/**
 * Writes what is derived from the code: docs/CLI.md from the command line, docs/API.md from the
 * operations table, docs/LIMITS.md from the constants, the values of constants that other pages
 * link to, and spec/schemas/*.json from the schemas of wire values. `--check` writes nothing, and
 * fails if a file is out of date.
 */
import { globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { apiReference } from './gen/api-reference.ts'
import { cliReference } from './gen/cli-reference.ts'
import { limitsReference, withLimits } from './gen/limits.ts'
import { schemaFiles } from './gen/schemas.ts'

const root = join(import.meta.dirname, '..')
const schemaFolder = 'spec/schemas'

const references = new Map<string, string>([
  ['docs/CLI.md', cliReference()],
  ['docs/API.md', apiReference()],
  ['docs/LIMITS.md', limitsReference()],
])
const pages = globSync(['*.md', 'docs/*.md'], { cwd: root }).filter((path) => !references.has(path))

const files = new Map<string, string>([
  ...references,
  ...pages.map((path): [string, string] => [path, withLimits(path, current(path) ?? '')]),
  ...schemaFiles().map(([name, text]): [string, string] => [`${schemaFolder}/${name}`, text]),
])

function current(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return undefined
  }
}

/** Schemas of values that no longer exist. */
function leftovers(): string[] {
  try {
    return readdirSync(join(root, schemaFolder))
      .map((name) => `${schemaFolder}/${name}`)
      .filter((path) => path.endsWith('.json') && !files.has(path))
  } catch {
    return []
  }
}

const changed = [...files].filter(([path, text]) => current(path) !== text)

if (process.argv.includes('--check')) {
  const stale = [...changed.map(([path]) => path), ...leftovers()]
  if (stale.length > 0) {
    process.stderr.write(`out of date: ${stale.join(', ')}: run node scripts/gen-docs.ts\n`)
    process.exitCode = 1
  }
} else {
  for (const [path, text] of changed) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    process.stdout.write(`wrote ${path}\n`)
  }
  for (const path of leftovers()) rmSync(join(root, path))
}
