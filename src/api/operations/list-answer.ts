import type { Cid } from '../../core/cid.ts'
import { viewOf } from '../../core/contribution/contribution.ts'
import { PAGE_MAX_BYTES } from '../../core/limits.ts'
import type { GroveNode } from '../../node/node.ts'
import type { Stored } from '../../ports/contribution-store.ts'
import { type CallContext, type PartsForm, PIECE_MIN_BYTES } from './operation.ts'

/** A list, or a part of one, whose contributions are still to be read. */
export interface ListAnswer {
  readonly rows: readonly ListRow[]
  /** Where the rest begins, if there is any. */
  readonly next: string | undefined
  /** Members of the answer beside its rows. */
  readonly others?: object
  /** Headers of the answer over HTTP. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface ListRow {
  readonly cid: Cid
  /** Size of its manifest. */
  readonly sizeBytes: number
  /** The members of the row, if the contribution is one more. Default: the row is its view. */
  readonly beside?: object
}

interface ListForm {
  /** The member that has the rows. Default: the output is an array. */
  readonly rows?: string
  /** Whether it is an array over HTTP, whatever the output is. */
  readonly isArray?: boolean
  /** Whether the output says how many rows it has. */
  readonly isCounted?: boolean
  /** What is shown of each contribution, whose manifest isn't parsed for it. Default: its view. */
  readonly show?: (contribution: Pick<Stored, 'cid' | 'bytes'>) => object
}

/**
 * Finds the rows of a list: without `maxBytes`, all that are asked for; with it, at least one, and
 * no more once their manifests have so many bytes.
 */
type Find<I> = (
  node: GroveNode,
  input: I,
  context: CallContext & { readonly maxBytes?: number },
) => Promise<ListAnswer>

/**
 * An operation that lists contributions. A caller in this process gets what it asks for; over HTTP
 * the answer is bounded, and made row by row as its reader takes it.
 */
export function listing<I, O>(form: ListForm, find: Find<I>): Listing<I, O> {
  return {
    run: async (node, input, context) =>
      outputOf(node, form, await find(node, input, context)) as Promise<O>,
    parts: {
      async part(node, input, context) {
        const answer = await find(node, input, { ...context, maxBytes: PAGE_MAX_BYTES })
        const { headers = {}, next } = answer
        const holds = heldBy(answer.rows)
        return { headers, next, holds, pieces: piecesOf(node, form, answer, context) }
      },
      rowsIn: (output) => rowsIn(form, output).length,
      joined: (output, next) => joined(form, output, next) as O,
    },
  }
}

/** A row and what gathers before it; nothing for a short list, which is sent at once. */
function heldBy(rows: readonly ListRow[]): number {
  const bytes = rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const largest = rows.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), 0)
  return bytes <= PIECE_MIN_BYTES ? 0 : PIECE_MIN_BYTES + largest
}

interface Listing<I, O> {
  run(node: GroveNode, input: I, context: CallContext): Promise<O>
  readonly parts: PartsForm<I, O>
}

async function outputOf(node: GroveNode, form: ListForm, answer: ListAnswer): Promise<unknown> {
  const rows: object[] = []
  for (const { cid, beside } of answer.rows) {
    await node.breathe()
    const shown = await shownOf(node, cid, form)
    if (shown === undefined) continue
    rows.push(beside === undefined ? shown : { ...beside, contribution: shown })
  }
  return form.rows === undefined
    ? rows
    : { [form.rows]: rows, ...othersOf(form, answer, rows.length) }
}

/** What is shown of a contribution; undefined where it is damaged. */
async function shownOf(
  { contributions }: GroveNode,
  cid: Cid,
  { show }: Pick<ListForm, 'show'>,
): Promise<object | undefined> {
  if (show === undefined) {
    const stored = await contributions.get(cid)
    return stored && viewOf(stored)
  }
  const bytes = await contributions.bytes(cid)
  return bytes && show({ cid, bytes })
}

async function* piecesOf(
  node: GroveNode,
  form: ListForm,
  answer: ListAnswer,
  { turn = () => node.breathe() }: CallContext,
): AsyncGenerator<Uint8Array> {
  const isArray = form.rows === undefined || form.isArray === true
  let count = 0
  yield Buffer.from(isArray ? '[' : `{${JSON.stringify(form.rows)}:[`)
  for (const row of answer.rows) {
    await turn()
    const pieces = await rowPieces(node, row, form.show)
    if (pieces === undefined) continue
    if (count > 0) yield COMMA
    yield* pieces
    count++
  }
  const others = withoutBraces(othersOf(form, answer, count))
  yield Buffer.from(isArray ? ']' : `]${others === '' ? '' : `,${others}`}}`)
}

const COMMA = Buffer.from(',')

/**
 * A row as JSON; undefined where its contribution is damaged. A view is put together from the bytes
 * of its manifest: to parse them and to write them again would cost a hundred times as much.
 */
async function rowPieces(
  { contributions }: GroveNode,
  { cid, beside }: ListRow,
  show: ListForm['show'],
): Promise<readonly Uint8Array[] | undefined> {
  const bytes = await contributions.bytes(cid)
  if (bytes === undefined) return undefined
  if (show !== undefined) return [Buffer.from(JSON.stringify(show({ cid, bytes })))]
  const [start, end] =
    beside === undefined ? ['', ''] : [`{${withoutBraces(beside)},"contribution":`, '}']
  return [Buffer.from(`${start}{"cid":"${cid}",`), bytes.subarray(1), Buffer.from(end)]
}

/** The JSON of an object without its braces. */
function withoutBraces(object: object): string {
  return JSON.stringify(object).slice(1, -1)
}

function othersOf({ isCounted }: ListForm, { others }: ListAnswer, count: number): object {
  return { ...(isCounted === true && { count }), ...others }
}

function rowsIn({ rows }: ListForm, output: unknown): readonly unknown[] {
  const list = rows === undefined ? output : (output as Record<string, unknown>)[rows]
  return list as readonly unknown[]
}

/** What is beside the rows is that of the last part. */
function joined(form: ListForm, output: unknown, next: unknown): unknown {
  const rows = [...rowsIn(form, output), ...rowsIn(form, next)]
  if (form.rows === undefined) return rows
  return {
    ...(next as object),
    [form.rows]: rows,
    ...(form.isCounted === true && { count: rows.length }),
  }
}
