import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import type { Unfixed } from './pins.ts'

/**
 * Plays a pinned run on code without one of its fixes, and posts the violations. The code is
 * changed while this thread loads it: no file is written, and no other thread sees it.
 */
const { name, fix } = workerData as Unfixed
const changed = pathToFileURL(join(import.meta.dirname, '..', fix.file)).href

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (url !== changed) return loaded
    const source = readFileSync(new URL(url), 'utf8').replace(fix.is, () => fix.was)
    return { ...loaded, source }
  },
})

// Only what is imported from here on passes through the hook.
const { readRegression } = await import('./files.ts')
const { run } = await import('./run/run.ts')
const { scenario, seed } = readRegression(name)
const { violations } = await run(scenario, seed)
parentPort?.postMessage(violations)
