/**
 * Runs one of the project's tasks on any clone. It first installs and builds what is missing or out
 * of date, then runs the task under the Node that the project installs. Needs only Node 20 or newer
 * and npm.
 *
 *   node scripts/run.cjs TASK [arguments]     without a task, or with `help`: lists the tasks
 */
'use strict'

const { spawn, spawnSync } = require('node:child_process')
const { createHash } = require('node:crypto')
const { existsSync, readFileSync, readdirSync, statSync, writeFileSync } = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const modules = path.join(root, 'node_modules')
const bin = path.join(modules, '.bin')
const installStamp = path.join(modules, '.grove-installed')
const buildStamp = path.join(root, 'dist', '.built')

/**
 * The tasks, by their names in package.json. `before` is done first, and is quick if it is up to
 * date.
 */
const tasks = {
  demo: {
    about: 'three groves and six agents share real work, with an account of it (2 min)',
    before: [install, build],
    command: ['node', 'examples/autoresearch/demo.ts'],
  },
  build: { about: 'builds dist/, for `npx grove` in this folder', before: [install, build] },
  check: {
    about: 'the static checks: types, format, unused code, generated pages, rules (10 s)',
    before: [install],
    command: ['node', 'scripts/test.ts', '--only', 'static'],
  },
  test: {
    about: 'all tests (3 min); or some: npm test -- test/unit/core/cid.test.ts',
    before: [install, build],
    command: ['node', 'scripts/test.ts'],
  },
  'test:unit': {
    about: 'the tests of test/unit (15 s)',
    before: [install],
    command: ['node', 'scripts/test.ts', '--only', 'unit'],
  },
  'test:conformance': {
    about: 'what every store does, run on each (30 s)',
    before: [install],
    command: ['node', 'scripts/test.ts', '--only', 'conformance'],
  },
  'test:sim': {
    about: 'the tests of test/sim: whole federations on virtual time (1 min)',
    before: [install],
    command: ['node', 'scripts/test.ts', '--only', 'sim'],
  },
  'test:e2e': {
    about: 'the tests of test/e2e: command line, HTTP, crashes, hostile peers (1 min)',
    before: [install, build],
    command: ['node', 'scripts/test.ts', '--only', 'e2e'],
  },
  'test:networks': {
    about: 'leaves in networks of their own, with an artifact of 200 MiB (30 s; needs root)',
    before: [install],
    command: ['node', 'test/e2e/federation/leaf-networks.test.ts', '200'],
  },
  'test:watch': {
    about: 'runs the unit tests, or these files, again after each change',
    before: [install],
    command: ['node', 'scripts/test.ts', '--only', 'unit', '--watch'],
  },
  sim: {
    about: 'plays one simulated run: -- --scenario split-brain --seed 7, or -- --list',
    before: [install],
    command: ['node', 'sim/main.ts'],
  },
  'sim:soak': {
    about: 'plays many seeds on all cores: -- --seeds 500 --scenario floods',
    before: [install],
    command: ['node', 'sim/soak.ts'],
  },
  'sim:gossip': {
    about: 'measures gossip among thousands of groves: -- --n 1000',
    before: [install],
    command: ['node', 'sim/gossip/main.ts'],
  },
  fuzz: {
    about: 'reads a million nearly right inputs of each kind: -- --minutes 10, -- --only cid',
    before: [install],
    command: ['node', 'scripts/fuzz.ts'],
  },
  bench: {
    about: 'measures speed beside baselines: -- publish, -- all, or -- --help',
    before: [install, build],
    command: ['node', 'bench/main.ts'],
  },
  size: {
    about: 'lists the lengths of files and functions in src/, room by room',
    before: [install],
    command: ['node', 'scripts/size.ts'],
  },
  format: {
    about: 'formats all code',
    before: [install],
    command: ['biome', 'check', '--write'],
  },
  gen: {
    about: 'writes what is generated: docs/API.md, CLI.md, LIMITS.md, spec/schemas, linked values',
    before: [install],
    command: ['node', 'scripts/gen-docs.ts'],
  },
  'gen:check': {
    about: 'checks whether these are up to date',
    before: [install],
    command: ['node', 'scripts/gen-docs.ts', '--check'],
  },
}

const [name = 'help', ...args] = process.argv.slice(2)
if (name === 'help') {
  process.stdout.write(list())
  process.exit(0)
}
const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined
if (task === undefined) {
  process.stderr.write(`there is no task ${name}; there are:\n\n${list()}`)
  process.exit(2)
}

const pathKey = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') || 'PATH'
const env = { ...process.env, [pathKey]: bin + path.delimiter + (process.env[pathKey] || '') }

for (const prepare of task.before) prepare()
if (task.command !== undefined) run([...task.command, ...args])

/** The list of tasks, a line each. */
function list() {
  const lines = Object.entries(tasks).map(
    ([each, { about }]) => `  npm run ${each.padEnd(18)}${about}\n`,
  )
  return `${lines.join('')}\nArguments go after \`--\`. \`npm run -s\` prints nothing of its own.\n`
}

/**
 * Runs `npm ci`, unless node_modules fits the lock: installed by this script, or by npm after the
 * lock changed.
 */
function install() {
  const lock = path.join(root, 'package-lock.json')
  const wanted = createHash('sha256').update(readFileSync(lock)).digest('hex')
  if (!existsSync(path.join(modules, 'node', 'bin', 'node')) || !(stamped(wanted) || newer(lock))) {
    step('installing the packages of package-lock.json (once, under a minute)')
    must(['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error'])
  }
  if (!stamped(wanted)) writeFileSync(installStamp, wanted)
}

function stamped(wanted) {
  return existsSync(installStamp) && readFileSync(installStamp, 'utf8') === wanted
}

/** Whether npm's own record of the installation is newer than the lock. */
function newer(lock) {
  const record = path.join(modules, '.package-lock.json')
  return existsSync(record) && statSync(record).mtimeMs >= statSync(lock).mtimeMs
}

/** Compiles src/ to dist/, unless dist/ was built from the current sources. */
function build() {
  const wanted = fingerprint([
    'src',
    'bin',
    'scripts/build.ts',
    'tsconfig.json',
    'tsconfig.build.json',
  ])
  const current = existsSync(buildStamp) ? readFileSync(buildStamp, 'utf8') : ''
  if (current === wanted && existsSync(path.join(bin, 'grove'))) return
  step('building dist/ from src/')
  must(['node', 'scripts/build.ts'])
  writeFileSync(buildStamp, wanted)
}

/** A hash of the names and contents of all files below these paths. */
function fingerprint(paths) {
  const hash = createHash('sha256')
  const add = (relative) => {
    const full = path.join(root, relative)
    if (statSync(full).isDirectory()) {
      for (const entry of readdirSync(full).sort()) add(path.join(relative, entry))
    } else {
      hash.update(`${relative}\0`).update(readFileSync(full)).update('\0')
    }
  }
  for (const each of paths) if (existsSync(path.join(root, each))) add(each)
  return hash.digest('hex')
}

function step(text) {
  process.stderr.write(`grove: ${text}\n`)
}

/** Runs a set-up step, with its output on stderr. Exits if it fails. */
function must(command) {
  const { status } = spawnSync(command[0], command.slice(1), {
    ...options(),
    stdio: ['ignore', 2, 2],
  })
  if (status === 0) return
  step(`failed: ${command.join(' ')}`)
  process.exit(status || 1)
}

/** Runs the task itself, with the streams, signals and exit code of this process. */
function run(command) {
  const child = spawn(command[0], command.slice(1), { ...options(), stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // A terminal interrupts the child as well. A second interrupt could mean "stop at once".
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  child.on('error', (error) => {
    step(error.message)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode =
      code === null ? 128 + (require('node:os').constants.signals[signal] || 0) : code
  })
}

function options() {
  return { cwd: root, env, shell: process.platform === 'win32' }
}
