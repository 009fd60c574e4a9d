import type { Clock } from '../../ports/clock.ts'
import { formatSize, printable } from './format.ts'
import type { Output } from './output.ts'

const REDRAW_MS = 100
const BAR_CELLS = 24

/** The state of a transfer. */
export interface ProgressState {
  readonly label: string
  readonly doneBytes: number
  /** Undefined while it is unknown. */
  readonly totalBytes: number | undefined
}

/** A progress line on stderr if that is a terminal; otherwise it does nothing. */
export class Progress {
  readonly #output: Output
  readonly #clock: Clock
  readonly #startedAt: number
  #drawnAt = Number.NEGATIVE_INFINITY
  #drawn = false

  constructor(output: Output, clock: Clock) {
    this.#output = output
    this.#clock = clock
    this.#startedAt = clock.now()
  }

  update(state: ProgressState): void {
    const now = this.#clock.now()
    if (this.#output.notes.isTTY !== true || now - this.#drawnAt < REDRAW_MS) return
    this.#drawnAt = now
    this.#drawn = true
    const line = progressLine(state, now - this.#startedAt)
    this.#output.notes.write(
      `\r\u001b[K${[...line].slice(0, (this.#output.notes.columns ?? 80) - 1).join('')}`,
    )
  }

  /** Erases the line, so that what follows starts on a clean one. */
  clear(): void {
    if (this.#drawn) this.#output.notes.write('\r\u001b[K')
    this.#drawn = false
  }
}

/** `[######······]  50 %  1.0 MiB of 2.0 MiB  512 KiB/s  model.bin`. Pure. */
export function progressLine(
  { label, doneBytes, totalBytes }: ProgressState,
  elapsedMs: number,
): string {
  const rate = elapsedMs > 0 ? `  ${formatSize(Math.round((doneBytes * 1_000) / elapsedMs))}/s` : ''
  if (totalBytes === undefined || totalBytes < 0)
    return `${formatSize(doneBytes)}${rate}  ${printable(label)}`
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes)
  const cells = Math.floor(share * BAR_CELLS)
  const bar = '#'.repeat(cells) + '·'.repeat(BAR_CELLS - cells)
  const percent = String(Math.floor(share * 100)).padStart(3)
  const amount = `${formatSize(doneBytes)} of ${formatSize(totalBytes)}`
  return `[${bar}] ${percent} %  ${amount}${rate}  ${printable(label)}`
}
