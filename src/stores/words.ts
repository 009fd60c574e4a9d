import type { Manifest } from '../core/contribution/schema.ts'

/** A longer word is found by its start. */
const WORD_MAX_CHARS = 64
/** Different words of one search that are looked at. */
const QUERY_MAX_WORDS = 64

/**
 * The words of a text as a search compares them: letters and digits, without case, accents and compatibility forms
 * (Unicode NFKD). Everything else separates.
 */
function wordsOf(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
    .normalize('NFC')
  return (plain.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).map((word) => word.slice(0, WORD_MAX_CHARS))
}

/** The words that a contribution is found by: those of summary, description, tags and agent. */
export function wordsOfManifest(manifest: Manifest): string[] {
  const { summary, description = '', tags, agent } = manifest
  return wordsOf([summary, description, ...tags, ...Object.values(agent)].join('\n'))
}

/** The different words that a search asks for; empty where the text has none, and then nothing is found. */
export function wordsOfQuery(text: string): string[] {
  return [...new Set(wordsOf(text))].slice(0, QUERY_MAX_WORDS)
}
