import { formatSize } from '../../core/units.ts'
import type { Clock } from '../../ports/clock.ts'
import { printable } from './format.ts'
import type { Output } from './output.ts'
import { cutText, cutTextStart, widthOfText } from './width.ts'

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
    const elapsedMs = this.#clock.now() - this.#startedAt
    this.#draw((width) => progressLine(state, elapsedMs, width))
  }

  /** Says what is going on where there are no bytes to count. */
  say(text: string): void {
    this.#draw((width) => cutText(printable(text), width))
  }

  #draw(line: (width: number) => string): void {
    const now = this.#clock.now()
    if (this.#output.notes.isTTY !== true || now - this.#drawnAt < REDRAW_MS) return
    this.#drawnAt = now
    this.#drawn = true
    const width = (this.#output.notes.columns ?? 80) - 1
    this.#output.notes.write(`\r\u001b[K${line(width)}`)
  }

  /** Erases the line, so that what follows starts on a clean one. */
  clear(): void {
    if (this.#drawn) this.#output.notes.write('\r\u001b[K')
    this.#drawn = false
  }
}

/**
 * `[######······]  50 %  1.0 MiB of 2.0 MiB  512 KiB/s  model.bin`, in at most `width` columns:
 * what has no room is left out, first the bar, and last the label, which names the file. Pure.
 */
export function progressLine(
  { label, doneBytes, totalBytes }: ProgressState,
  elapsedMs: number,
  width = Number.POSITIVE_INFINITY,
): string {
  const rates =
    elapsedMs > 0 ? [`${formatSize(Math.round((doneBytes * 1_000) / elapsedMs))}/s`] : []
  const done = formatSize(doneBytes)
  const forms =
    totalBytes === undefined || totalBytes < 0
      ? [[done, ...rates], [done]]
      : formsOf(doneBytes, totalBytes, rates)
  const texts = forms.map((parts) => parts.join('  '))
  for (const text of texts) {
    const room = width - widthOfText(text) - 2
    const named = cutTextStart(printable(label), Math.max(room, LABEL_MIN))
    if (widthOfText(named) <= room) return `${text}  ${named}`
  }
  return texts.find((text) => widthOfText(text) <= width) ?? ''
}

/** Columns that a longer label keeps, or it is left out. */
const LABEL_MIN = 12

/** The parts of a line without its label, in forms that take less and less room. */
function formsOf(doneBytes: number, totalBytes: number, rates: readonly string[]): string[][] {
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes)
  const cells = Math.floor(share * BAR_CELLS)
  const bar = `[${'#'.repeat(cells)}${'·'.repeat(BAR_CELLS - cells)}]`
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`
  const amount = `${formatSize(doneBytes)} of ${formatSize(totalBytes)}`
  return [
    [`${bar} ${percent}`, amount, ...rates],
    [percent, amount, ...rates],
    [percent, amount],
    [percent],
  ]
}
