import { secretSign } from './keys.ts'

/** Why a file stays home. */
export type Reason =
  | 'hidden'
  | 'ignored'
  | 'private key'
  | "a grove's own"
  | 'untracked'
  | 'submodule'
  | 'special file'

/** What is to become of a file. */
export interface Classification {
  readonly reason?: Reason
  /** The file leaves, but may hold a secret. */
  readonly isSuspect?: boolean
}

/**
 * What is to become of a file by its path and the start of its bytes, whatever lies around it. A
 * file that is named may be hidden. Pure.
 */
export function classify(path: string, head: Uint8Array, { isNamed = false } = {}): Classification {
  if (!isNamed && hiddenPart(path) !== undefined) return { reason: 'hidden' }
  const sign = secretSign(path, head)
  if (sign === 'key') return { reason: 'private key' }
  return sign === 'suspect' ? { isSuspect: true } : {}
}

/**
 * A path up to its first hidden component, with a `/` at the end if that is a folder; undefined if
 * nothing is hidden.
 */
export function hiddenPart(path: string): string | undefined {
  return /^(?:[^/]*\/)*?\.[^/]*(?:\/|$)/.exec(path)?.[0]
}

/** Whether a path leads through a git directory. Those never leave. */
export function isInGit(path: string): boolean {
  return path.split('/').some((part) => part.toLowerCase() === '.git')
}
