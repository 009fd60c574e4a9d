/** Builds src/ to dist/, and links node_modules/.bin/grove so that `npx grove` works here. */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const next = join(root, `dist.${process.pid}`)
const dist = join(root, 'dist')
const link = join(root, 'node_modules/.bin/grove')

try {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', next]
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status === 0) publish()
  else process.exitCode = 1
} finally {
  rmSync(next, { recursive: true, force: true })
}

/** Replaces the old build by the new one, with all files of src/ that are not TypeScript. */
function publish(): void {
  cpSync(join(root, 'src'), next, {
    recursive: true,
    filter: (path) => !/\.[cm]?ts$/.test(basename(path)),
  })
  rmSync(dist, { recursive: true, force: true })
  renameSync(next, dist)
  chmodSync(join(root, 'bin/grove.js'), 0o755)
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true })
  rmSync(link, { force: true })
  symlinkSync('../../bin/grove.js', link)
}
