import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/** The calls of `node:fs/promises` that change a file system. */
const changing = [
  'chmod',
  'copyFile',
  'link',
  'mkdir',
  'mkdtemp',
  'open',
  'rename',
  'rm',
  'rmdir',
  'symlink',
  'unlink',
  'writeFile',
] as const

export interface SystemCall {
  readonly name: (typeof changing)[number]
  readonly paths: readonly string[]
}

/**
 * Calls `before` ahead of each change of the file system by this process; what it throws, the call
 * throws. In order, a change begins when the one before it has ended. Ends with the returned
 * function.
 */
export function beforeChanges(
  before: (call: SystemCall) => void,
  { isInOrder = false }: { readonly isInOrder?: boolean } = {},
): () => void {
  let last: Promise<unknown> = Promise.resolve()
  const functions = promises as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
  const originals = changing.map((name) => [name, functions[name]] as const)
  for (const [name, original] of originals) {
    const change = async (...args: unknown[]) => {
      before({ name, paths: args.filter((arg) => typeof arg === 'string') })
      return original?.(...args)
    }
    functions[name] = (...args) => {
      if (!isInOrder) return change(...args)
      const turn = last.then(() => change(...args))
      last = turn.catch(() => undefined)
      return turn
    }
  }
  syncBuiltinESMExports()
  return () => {
    for (const [name, original] of originals) if (original) functions[name] = original
    syncBuiltinESMExports()
  }
}

/** An error as the system gives it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}
