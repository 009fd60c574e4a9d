import type { Telling } from '../contribution/relation.ts'

const FORM = /^(\d)\.(\d{1,15})\.(\d{1,15})$/

/** A place in what is said about a contribution, as the text that a closure's trailer has. */
export function tellingText({ kind, turn, seq }: Telling): string {
  return `${kind}.${turn}.${seq}`
}

/** The place in a text; undefined for a text of another form. */
export function parseTelling(text: string): Telling | undefined {
  const found = FORM.exec(text)
  if (found === null) return undefined
  const [kind = 0, turn = 0, seq = 0] = found.slice(1).map(Number)
  return { kind, turn, seq }
}
