/**
 * Stops the import of grove by a Node that is too old, or by another runtime. It is imported first,
 * since some packages crash such a Node.
 */

/**
 * The oldest Node that runs grove; undici 8 needs it. package.json's engines and bin/grove.js say
 * the same.
 */
export const neededNode = '22.19'

/** Other runtimes have versions of this name; none of them runs Grove's database. */
const other = ['bun', 'deno'].find((name) => process.versions[name] !== undefined)
if (other !== undefined) stop(`grove runs on Node only, and this is ${other}: run it by \`node\``)

const [neededMajor = 0, neededMinor = 0] = neededNode.split('.').map(Number)
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
  const found = `this is Node ${process.versions.node}`
  const remedy =
    "install a newer one, or use npm's scripts in grove's own folder, which find Node 24"
  stop(`grove needs Node ${neededNode} or newer, and ${found}: ${remedy}`)
}

function stop(message: string): never {
  const error = new Error(message)
  error.stack = message
  throw error
}
