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
    first_published = ifnull(first_published, excluded.first_published)`

const FIND = `
  SELECT id, voices FROM direction WHERE metric = ? AND direction = ? AND of_works = ?`

const ADD_VOICE =
  'INSERT INTO direction_voice (direction, voice) VALUES (?, ?) ON CONFLICT DO NOTHING'

const OF_METRIC = `
  SELECT direction, of_works, published, first_published, voices, first FROM direction
  WHERE metric = ?`

/** A metric may be there twice, once for each direction. */
const FOREMOST = `
  SELECT metric FROM direction WHERE of_works = 1
  ORDER BY published > 0 DESC, voices DESC, metric LIMIT ?`

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

  /** Counts the scores of a contribution with this row number. Rows come in ascending order. */
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

  #addVoice(key: readonly [string, Direction, 0 | 1], voice: string): void {
    const found = this.#connection
      .sql<[string, Direction, 0 | 1], { id: number; voices: number }>(FIND)
      .get(...key)
    if (found === undefined || found.voices >= DIRECTION_VOICES_MAX) return
    const isNew = this.#connection.sql(ADD_VOICE).run(found.id, voice).changes > 0
    if (!isNew) return
    this.#connection.sql('UPDATE direction SET voices = voices + 1 WHERE id = ?').run(found.id)
  }
}

function supportIn(rows: readonly Row[], direction: Direction, ofWorks: 0 | 1): Support {
  const row = rows.find((each) => each.direction === direction && each.of_works === ofWorks)
  if (row === undefined) return NO_SUPPORT
  const { published, voices, first } = row
  return { published, firstPublished: row.first_published ?? undefined, voices, first }
}
