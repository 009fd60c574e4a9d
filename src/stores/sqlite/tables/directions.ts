import type { Direction } from '../../../core/contribution/schema.ts'
import { DIRECTION_VOICES_MAX } from '../../../core/limits.ts'
import {
  type DirectionSupport,
  deciding,
  NO_SUPPORT,
  type Support,
} from '../../../core/ranking/directions.ts'
import type { Stored } from '../../../ports/contribution-store.ts'
import { type Consequences, directedPlaces, voiceOf } from '../../derive.ts'
import type { Connection } from '../database/connection.ts'

const COUNT = `
  INSERT INTO direction (metric, direction, of_works, published, first_published, voices, first)
  VALUES (@metric, @direction, @ofWorks, @published, @firstPublished, 0, @seq)
  ON CONFLICT DO UPDATE SET
    published = published + excluded.published,
    first_published = ifnull(first_published, excluded.first_published),
    first = min(first, excluded.first)`

const FIND = `
  SELECT id, voices, first FROM direction WHERE metric = ? AND direction = ? AND of_works = ?`

const COUNT_AGAIN = 'UPDATE direction_voice SET items = items + 1 WHERE direction = ? AND voice = ?'
const ADD_VOICE = 'INSERT INTO direction_voice (direction, voice, items) VALUES (?, ?, 1)'
const TAKE_VOICE = 'UPDATE direction_voice SET items = items - 1 WHERE direction = ? AND voice = ?'
const DROP_VOICE = 'DELETE FROM direction_voice WHERE direction = ? AND voice = ? AND items <= 0'
const COUNT_VOICES = `
  UPDATE direction SET voices = (
    SELECT count(*) FROM (
      SELECT 1 FROM direction_voice WHERE direction = @id LIMIT ${DIRECTION_VOICES_MAX}))
  WHERE id = @id`

const DIMENSIONS = `
  SELECT id, places FROM dimension
  WHERE metric = ? AND direction = ? AND (kind = 'work') = ? AND places > 0`
const FIRST_IN = 'SELECT min(contribution) AS first FROM place WHERE dimension = ?'
const NEXT_IN = `
  SELECT contribution AS first FROM place
  WHERE contribution > ? AND +dimension = ? ORDER BY contribution LIMIT 1`

/** Places up to which the first of a dimension is looked for among all of them. */
const FEW_PLACES = 1_000

const OF_METRIC = `
  SELECT direction, of_works, published, first_published, voices, first FROM direction
  WHERE metric = ?`

/** A metric may be there twice, once for each direction. */
const FOREMOST = `
  SELECT metric FROM direction WHERE of_works = 1
  ORDER BY published > 0 DESC, voices DESC, metric LIMIT ?`

interface Found {
  readonly id: number
  readonly voices: number
  readonly first: number
}

type Key = readonly [metric: string, direction: Direction, ofWorks: 0 | 1]

interface Row {
  readonly direction: Direction
  readonly of_works: 0 | 1
  readonly published: number
  readonly first_published: number | null
  readonly voices: number
  readonly first: number
}

/** The tables `direction` and `direction_voice`: who stands behind each direction of a metric. */
export class Directions {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Counts the scores of a contribution with this row number. Own ones come in ascending order. */
  add(seq: number, item: Stored, consequences: Pick<Consequences, 'kind' | 'places'>): void {
    const voice = voiceOf(item)
    const ofWorks = consequences.kind === 'work' ? 1 : 0
    const isOurs = voice === undefined
    const published = { published: isOurs ? 1 : 0, firstPublished: isOurs ? seq : null }
    for (const { metric, direction } of directedPlaces(consequences)) {
      this.#connection.sql(COUNT).run({ metric, direction, ofWorks, seq, ...published })
      if (voice !== undefined) this.#addVoice([metric, direction, ofWorks], voice)
    }
  }

  /** Takes those of another's contribution away. Its places are gone already. */
  take(seq: number, item: Stored, consequences: Pick<Consequences, 'kind' | 'places'>): void {
    const voice = voiceOf(item)
    const ofWorks = consequences.kind === 'work' ? 1 : 0
    for (const { metric, direction } of directedPlaces(consequences)) {
      const key = [metric, direction, ofWorks] as const
      const found = this.#find(key)
      if (found === undefined) continue
      if (voice !== undefined) this.#takeVoice(found.id, voice)
      if (found.first === seq) this.#setFirst(found.id, this.#firstAfter(seq, key))
    }
  }

  /** Who decides on the direction of a metric. */
  of(metric: string): DirectionSupport {
    const rows = this.#connection.sql<[string], Row>(OF_METRIC).all(metric)
    const among = (ofWorks: 0 | 1): DirectionSupport => ({
      minimize: supportIn(rows, 'minimize', ofWorks),
      maximize: supportIn(rows, 'maximize', ofWorks),
    })
    return deciding(among(1), among(0))
  }

  /** The metrics of works that most stand behind. */
  foremost(limit: number): string[] {
    const found = this.#connection
      .sql<[number], string>(FOREMOST)
      .pluck()
      .all(2 * limit)
    return [...new Set(found)].slice(0, limit)
  }

  #addVoice(key: Key, voice: string): void {
    const found = this.#find(key)
    if (found === undefined) return
    if (this.#connection.sql(COUNT_AGAIN).run(found.id, voice).changes > 0) return
    this.#connection.sql(ADD_VOICE).run(found.id, voice)
    if (found.voices >= DIRECTION_VOICES_MAX) return
    this.#connection.sql('UPDATE direction SET voices = voices + 1 WHERE id = ?').run(found.id)
  }

  #takeVoice(id: number, voice: string): void {
    this.#connection.sql(TAKE_VOICE).run(id, voice)
    if (this.#connection.sql(DROP_VOICE).run(id, voice).changes > 0)
      this.#connection.sql(COUNT_VOICES).run({ id })
  }

  #find(key: Key): Found | undefined {
    return this.#connection.sql<[string, Direction, 0 | 1], Found>(FIND).get(...key)
  }

  /** Where nothing is left, nobody stands behind it. */
  #setFirst(id: number, first: number | undefined): void {
    if (first === undefined) this.#connection.sql('DELETE FROM direction WHERE id = ?').run(id)
    else this.#connection.sql('UPDATE direction SET first = ? WHERE id = ?').run(first, id)
  }

  /** The first that is left after the one that was the first. */
  #firstAfter(seq: number, key: Key): number | undefined {
    const firsts = this.#connection
      .sql<[string, Direction, 0 | 1], { id: number; places: number }>(DIMENSIONS)
      .all(...key)
      .flatMap(({ id, places }) => {
        const row =
          places <= FEW_PLACES
            ? this.#connection.sql<[number], { first: number }>(FIRST_IN).get(id)
            : this.#connection.sql<[number, number], { first: number }>(NEXT_IN).get(seq, id)
        return row?.first ?? []
      })
    return firsts.length === 0 ? undefined : Math.min(...firsts)
  }
}

function supportIn(rows: readonly Row[], direction: Direction, ofWorks: 0 | 1): Support {
  const row = rows.find((each) => each.direction === direction && each.of_works === ofWorks)
  if (row === undefined) return NO_SUPPORT
  const { published, voices, first } = row
  return { published, firstPublished: row.first_published ?? undefined, voices, first }
}
