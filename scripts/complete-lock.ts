/**
 * Completes package-lock.json after `npm install`, so that `npm ci` works with every npm. `--check`
 * only reports what is missing.
 *
 * If a registry lacks the optional packages of some platforms, npm leaves them out of the lock, and
 * then `npm ci` refuses the lock everywhere. Each gets an entry with its platform, so that npm
 * skips it on others. And npm 10, which comes with Node 20, compiles a package with a binding.gyp,
 * though it has a prebuilt binary, unless its entry says `gypfile: false`.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface Entry {
  version?: string
  cpu?: string[]
  os?: string[]
  libc?: string[]
  dev?: boolean
  gypfile?: boolean
  optional?: boolean
  optionalDependencies?: Record<string, string>
}

const lockPath = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(lockPath, 'utf8')) as { packages: Record<string, Entry> }

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'wasm32']

/** The entry of a platform's package. Its name tells the platform: `…-linux-arm64-musl`. */
function entryFor(name: string, version: string, owner: Entry): Entry {
  const words = name.slice(name.lastIndexOf('/') + 1).split('-')
  const os = words.find((word) => systems.includes(word))
  const cpu = words.find((word) => processors.includes(word))
  if (os === undefined || cpu === undefined || !/^\d/.test(version)) {
    throw new Error(
      `${name}@${version}: no platform in its name or no exact version; add it to the lock by hand`,
    )
  }
  const libc = os === 'linux' && words.some((word) => word.startsWith('musl')) ? 'musl' : undefined
  return {
    version,
    cpu: [cpu],
    ...(owner.dev === undefined ? {} : { dev: owner.dev }),
    ...(libc === undefined ? {} : { libc: [libc] }),
    optional: true,
    os: [os],
  }
}

const prebuilt = ['node_modules/better-sqlite3']

/** Adds what is missing to the lock, and lists it. */
function complete(packages: Record<string, Entry>): string[] {
  const added: string[] = []
  for (const [path, owner] of Object.entries(packages)) {
    if (prebuilt.includes(path) && owner.gypfile !== false) {
      owner.gypfile = false
      added.push(`${path}: gypfile false`)
    }
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      if (`node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages) continue
      packages[`node_modules/${name}`] = entryFor(name, version, owner)
      added.push(`${name}@${version}`)
    }
  }
  return added
}

const missing = complete(lock.packages)
if (process.argv.includes('--check')) {
  if (missing.length > 0) {
    console.error(
      `package-lock.json lacks ${missing.join(', ')}: run node scripts/complete-lock.ts`,
    )
    process.exitCode = 1
  }
} else {
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')),
  )
  writeFileSync(lockPath, `${JSON.stringify(lock, null, 2)}\n`)
  console.log(missing.length === 0 ? 'package-lock.json was complete' : missing.join('\n'))
}
