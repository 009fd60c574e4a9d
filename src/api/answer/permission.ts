/** How long a caller may go on with what it was let in for. */
export interface Permission {
  /** Aborts, with the error to answer, when the permission ends. */
  readonly signal: AbortSignal
  /** Nobody needs the signal any longer. */
  release(): void
}

interface PermittedOptions {
  readonly signal: AbortSignal | undefined
  /** When the permission ends, the bytes just end. Default: they fail with the signal's reason. */
  readonly isQuiet?: boolean
  /** Called after the last byte, or when the reader has left. */
  readonly onEnd?: () => void
}

/** The bytes of `source` as long as they are permitted. */
export async function* whilePermitted(
  source: AsyncIterable<Uint8Array>,
  { signal, isQuiet = false, onEnd = () => {} }: PermittedOptions,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of source) {
      if (isQuiet && signal?.aborted === true) return
      signal?.throwIfAborted()
      yield chunk
    }
  } finally {
    onEnd()
  }
}
