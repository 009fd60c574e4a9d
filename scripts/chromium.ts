import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of Chromium, by the names that distributions give it; undefined if there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const places = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) =>
    folders.map((folder) => join(folder, name)),
  )
  return places.find(isExecutable)
}

/**
 * Installs Debian's Chromium, as root and with apt-get, and says so on stderr. Tests in the browser
 * are skipped without it.
 */
export function provideChromium(): void {
  if (findChromium() !== undefined) return
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) return
  process.stderr.write(
    'grove: installing chromium for the tests of pages (once, about half a minute)\n',
  )
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const steps = [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]
  for (const step of steps) {
    const { status, stderr } = spawnSync('apt-get', ['-qq', ...step], { env, encoding: 'utf8' })
    if (status === 0) continue
    process.stderr.write(`grove: apt-get ${step[0]} failed: ${stderr.trim().split('\n').at(-1)}\n`)
    return
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
