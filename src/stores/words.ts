import type { Manifest } from '../core/contribution/schema.ts'

/**
 * The version of what these functions give. Whoever changes that counts it up: an index that was
 * built by another is built anew (`sqlite/tables/word-index.ts`).
 */
export const WORDS_VERSION = 2
/** Longer words are cut to so many characters (code points), in the index and in searches alike. */
const WORD_MAX_CHARS = 64
/**
 * Characters (UTF-16 units) of one text, as written and as decomposed, and words of one
 * contribution. The rest is not indexed, but where it was before there were these bounds.
 * Descriptions are not longer; tags and names of agents may be.
 */
const TEXT_MAX_CHARS = 131_072
const WORDS_MAX = 20_000
/** Words of one search; the others are ignored. */
const QUERY_MAX_WORDS = 16
/** Characters that the beginning of a word must have for words to be found by it. */
const PREFIX_MIN_CHARS = 3
/** Contributions that have a word, up to which it takes part in the order of what is found. */
export const SEARCH_COMMON_ROWS = 10_000

/** A word that a search asks for. */
export interface Term {
  readonly word: string
  /** Whether words that begin with it are meant, too. */
  readonly isPrefix: boolean
}

/** The words that a search finds a contribution by: those of summary, description, tags, agent. */
export function wordsOfManifest(manifest: Manifest): string[] {
  const { summary, description = '', tags, agent } = manifest
  const written = [summary, description, ...tags, ...Object.values(agent)].join('\n')
  const text = folded(written.slice(0, TEXT_MAX_CHARS))
  const words: string[] = []
  for (const [word] of text.matchAll(WORD)) {
    for (const run of runsOf(word)) {
      for (const found of indexed(run, WORDS_MAX - words.length)) words.push(found)
      if (words.length === WORDS_MAX) return words
    }
  }
  return words
}

/**
 * The words that a search asks for, each once. A text without words finds nothing. A word that ends
 * in `*` asks for its beginnings.
 */
export function termsOfQuery(text: string): Term[] {
  const terms = new Map<string, Term>()
  for (const piece of folded(text).match(WORD_OR_PREFIX) ?? []) {
    const runs = [...runsOf(piece)]
    for (const run of runs) {
      const isLast = run === runs.at(-1)
      for (const term of asked(run, isLast && piece.endsWith('*')))
        terms.set(`${term.word}${term.isPrefix ? '*' : ''}`, term)
    }
  }
  return [...terms.values()].slice(0, QUERY_MAX_WORDS)
}

/** Letters and digits with their marks. All other characters separate words. */
const WORD = /[\p{L}\p{N}\p{M}]+/gu
const WORD_OR_PREFIX = /[\p{L}\p{N}\p{M}]+\*?/gu

/** Scripts whose words have no spaces between them, or whose words are built of others. */
const UNSPACED = [
  ...['Han', 'Hiragana', 'Katakana', 'Hangul'],
  ...['Thai', 'Lao', 'Khmer', 'Myanmar'],
]
const unspaced = UNSPACED.map((script) => `\\p{Script_Extensions=${script}}`).join('')
const RUN = new RegExp(`[${unspaced}]+|[^${unspaced}*]+`, 'gu')
const IS_UNSPACED = new RegExp(`^[${unspaced}]`, 'u')
/**
 * Words of letters that no script without spaces shares, up to Sinhala: sooner seen than by their
 * scripts.
 */
const PLAIN = /^[a-z0-9\u00df-\u02bb\u0370-\u0dff]+$/

/** A stretch of a word that is in scripts with spaces, or in scripts without. */
interface Run {
  readonly text: string
  readonly isUnspaced: boolean
}

/** One after the other, since a word of 100,000 characters may have as many. */
function* runsOf(word: string): Generator<Run> {
  if (PLAIN.test(word)) yield { text: word, isUnspaced: false }
  else for (const [text] of word.matchAll(RUN)) yield { text, isUnspaced: IS_UNSPACED.test(text) }
}

/**
 * What a run is found by: a word as a whole, other writing by its characters and their pairs. The
 * first `most` of these.
 */
function indexed({ text, isUnspaced }: Run, most: number): string[] {
  if (!isUnspaced) return [cut(text)]
  // A character has two units at most.
  const chars = [...text.slice(0, 2 * most)]
  return [...chars, ...pairsOf(chars.slice(0, most))].slice(0, most)
}

/** What a run of a search asks for. Of a run without spaces, each pair of characters must occur. */
function asked({ text, isUnspaced }: Run, hasStar: boolean): Term[] {
  const chars = [...text]
  if (isUnspaced)
    return (chars.length === 1 ? chars : pairsOf(chars)).map((word) => ({ word, isPrefix: false }))
  const { length } = chars
  const isPrefix = hasStar && length >= PREFIX_MIN_CHARS && length <= WORD_MAX_CHARS
  return [{ word: cut(text), isPrefix }]
}

const pairsOf = (chars: readonly string[]): string[] =>
  chars.slice(1).map((char, index) => `${chars[index]}${char}`)

function cut(word: string): string {
  if (word.length <= WORD_MAX_CHARS) return word
  return [...word].slice(0, WORD_MAX_CHARS).join('')
}

/**
 * Marks that readers may leave out: accents, and the points of Arabic and Hebrew. In other scripts
 * they are vowels and tones, without which a word is another.
 */
const POINTED = ['Latin', 'Greek', 'Cyrillic', 'Arabic', 'Hebrew']
const pointed = POINTED.map((script) => `\\p{Script=${script}}`).join('')
const OPTIONAL_MARKS = new RegExp(`(?<=[${pointed}])\\p{Mn}+`, 'gu')
const CASED = /(?:(?=[^\0-\x7f])\p{Cased})+/gu

/** A text without case, accents and compatibility forms (Unicode NFKD). */
function folded(text: string): string {
  return text
    .normalize('NFKD')
    .slice(0, TEXT_MAX_CHARS)
    .replace(OPTIONAL_MARKS, '')
    .replace(CASED, foldedRun)
    .toLowerCase()
    .normalize('NFC')
}

/**
 * Full case folding of characters, by their other cases: ß and ẞ become ss. The last σ of a word
 * is written ς again by the system, and folded by itself.
 */
const foldedRun = (chars: string) =>
  chars.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ')
