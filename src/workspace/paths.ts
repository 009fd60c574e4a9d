import { sep } from 'node:path'
import { bytesOfPath, unstorable } from '../core/contribution/names.ts'
import { GroveError } from '../core/errors.ts'
import type { WorkspaceFile } from './file.ts'

/** How the names of Grove's own temporary directories begin. */
export const STAGE_PREFIX = '.grove-checkout-'

/**
 * Checks that every path stays inside the workspace and that all of them can be there at once. No
 * file lies below a link: through it, it could lie anywhere. Throws `validation-error`.
 */
export function checkPaths(files: readonly WorkspaceFile[]): void {
  const paths = new Set<string>()
  for (const { path } of files) {
    checkPath(path)
    if (paths.has(path)) throw invalid(path, 'is there twice')
    paths.add(path)
  }
  for (const path of paths) {
    for (const folder of foldersOf(path)) {
      if (paths.has(folder))
        throw invalid(path, `needs ${folder} to be a folder, but it is a file or a link too`)
    }
  }
}

/** The folders above a path, outermost first: `a` and `a/b` for `a/b/c`. */
export function foldersOf(path: string): string[] {
  const folders: string[] = []
  for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
    folders.push(path.slice(0, end))
  return folders
}

/** Where a path of the workspace lies. Bytes that are not UTF-8 need a buffer. */
export function placeIn(root: string, path: string): string | Buffer {
  return path.isWellFormed()
    ? root + sep + path.replaceAll('/', sep)
    : Buffer.concat([Buffer.from(root + sep), bytesOfPath(path)])
}

/** The place of the folder that a path lies in. */
export function folderIn(root: string, path: string): string | Buffer {
  const end = path.lastIndexOf('/')
  return end < 0 ? root : placeIn(root, path.slice(0, end))
}

/** Checks that a path stays inside the workspace. Throws `validation-error`. */
export function checkPath(path: string): void {
  const fault = unstorable(path)
  if (fault !== undefined) throw invalid(path, fault)
  for (const part of path.split('/')) {
    if (part.toLowerCase().startsWith(STAGE_PREFIX))
      throw invalid(path, `has a component that begins with ${STAGE_PREFIX}: that is Grove's own`)
    if (sep === '\\' && /[\\:*?"<>|]|[. ]$/.test(part))
      throw invalid(path, 'can be no path on Windows')
  }
}

function invalid(path: string, why: string): GroveError {
  return new GroveError('validation-error', { path }, { message: `'${path}' ${why}` })
}
