import type { EntryOrigins } from '../../../core/wire/frontier.ts'

interface Entry {
  readonly origins?: EntryOrigins | undefined
}

/** The column with how many groves stand behind each entry; none where nobody has signed any. */
export function grovesColumn(entries: readonly Entry[]) {
  const isShown = entries.some(({ origins }) => origins !== undefined && origins.groves > 0)
  return {
    columns: isShown ? [{ title: 'groves', align: 'right' as const, leaveOut: 3 }] : [],
    cells: ({ origins }: Entry) =>
      isShown ? [origins === undefined ? '' : String(origins.groves)] : [],
  }
}
