/**
 * Stops the import of grove by a Node that is too old, and by other runtimes, which lack parts of
 * Node that its packages need. It is imported first, since some packages crash such a runtime.
 */

/**
 * The oldest Node that runs grove; undici 8 needs it. package.json's engines and bin/grove.js say
 * the same.
 */
export const neededNode = '22.19'

const [neededMajor = 0, neededMinor = 0] = neededNode.split('.').map(Number)
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const { Bun, Deno } = globalThis as { Bun?: unknown; Deno?: unknown }
const other = Bun !== undefined ? 'Bun' : Deno !== undefined ? 'Deno' : undefined

if (other !== undefined) {
  stop(`this is ${other}`, 'run your program with node')
} else if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
  const remedy =
    "install a newer one, or use npm's scripts in grove's own folder, which find Node 24"
  stop(`this is Node ${process.versions.node}`, remedy)
}

function stop(found: string, remedy: string): never {
  const error = new Error(`grove needs Node ${neededNode} or newer, and ${found}: ${remedy}`)
  error.stack = error.message
  throw error
}
