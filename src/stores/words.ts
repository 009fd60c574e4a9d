import type { Manifest } from '../core/contribution/schema.ts'

/** Longer words are cut to this length, in the index and in searches alike. */
const WORD_MAX_CHARS = 64
/** Words of one search; the others are ignored. */
const QUERY_MAX_WORDS = 64

/**
 * The words of a text as a search compares them: letters and digits, without case, accents and
 * compatibility forms (Unicode NFKD). All other characters separate words.
 */
function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
    .normalize('NFC')
  return (plain.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).map((word) => word.slice(0, WORD_MAX_CHARS))
}

/** The words that a search finds a contribution by: those of summary, description, tags, agent. */
export function wordsOfManifest(manifest: Manifest): string[] {
  const { summary, description = '', tags, agent } = manifest
  return wordsOf([summary, description, ...tags, ...Object.values(agent)].join('\n'))
}

/** The words that a search asks for, each once. A text without words finds nothing. */
export function wordsOfQuery(text: string): string[] {
  return [...new Set(wordsOf(text))].slice(0, QUERY_MAX_WORDS)
}
