import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type Fix, readRegression, regressionNames } from './files.ts'

/** A pinned run, and the fix that is left out of the code. */
export interface Unfixed {
  readonly name: string
  readonly fix: Fix
}

/**
 * Plays each pinned run once without each of its fixes, and tells what came of it. A run that then
 * passes, or fails for another reason than it should, is stale. Returns how many are.
 */
export async function checkPins(tell: (text: string) => void): Promise<number> {
  let stale = 0
  for (const name of regressionNames()) {
    for (const fix of readRegression(name).fixes) {
      const violations = await violationsWithout({ name, fix })
      const shown = violations.find((violation) => violation.includes(fix.shows))
      if (shown === undefined) stale += 1
      const verdict = shown === undefined ? 'STALE' : 'fails'
      tell(`${verdict}  ${name}, without \`${fix.is}\` in ${fix.file}\n`)
      tell(`       ${shown ?? violations[0] ?? 'all checks hold'}\n`)
    }
  }
  return stale
}

/** Whether the file of a fix holds it, in one place. */
export function isInCode({ file, is }: Fix): boolean {
  const code = readFileSync(join(import.meta.dirname, '..', file), 'utf8')
  return code.split(is).length === 2
}

async function violationsWithout(unfixed: Unfixed): Promise<readonly string[]> {
  if (!isInCode(unfixed.fix)) return ['the file does not hold it, or more than once']
  const worker = new Worker(new URL('./pin-worker.ts', import.meta.url), { workerData: unfixed })
  try {
    const [violations] = (await once(worker, 'message')) as [readonly string[]]
    return violations
  } finally {
    await worker.terminate()
  }
}
