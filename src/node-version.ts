/**
 * Stops the import of grove by a Node that is too old. It is imported first, since some packages
 * crash such a Node.
 */

/**
 * The oldest Node that runs grove; undici 8 needs it. package.json's engines and bin/grove.js say
 * the same.
 */
export const neededNode = '22.19'

const [neededMajor = 0, neededMinor = 0] = neededNode.split('.').map(Number)
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
  const found = `this is Node ${process.versions.node}`
  const remedy =
    "install a newer one, or use npm's scripts in grove's own folder, which find Node 24"
  const error = new Error(`grove needs Node ${neededNode} or newer, and ${found}: ${remedy}`)
  error.stack = error.message
  throw error
}
