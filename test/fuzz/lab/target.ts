import assert from 'node:assert/strict'
import type { Form } from './mutate.ts'

/** Something that reads what others have written. */
export interface Target {
  readonly name: string
  /** Valid inputs, which it must take, and from which others are made. */
  readonly seeds: readonly Uint8Array[]
  readonly form: Form
  /** What comes before it bounds its inputs so. */
  readonly maxBytes: number
  open(): Reader | Promise<Reader>
}

export interface Reader {
  /** Throws GroveErrors only. No seed may be refused. */
  read(input: Buffer): unknown
  close?(): Promise<void>
}

/** The longest input where nothing else bounds it. */
const USUAL_MAX_BYTES = 16 * 1024

interface TargetOptions {
  readonly form?: Form
  readonly maxBytes?: number
}

/** A target that keeps nothing between inputs. */
export function target(
  name: string,
  seeds: readonly (string | Uint8Array)[],
  read: Reader['read'],
  options: TargetOptions = {},
): Target {
  return opened(name, seeds, () => ({ read }), options)
}

/** A target that has to be opened, and closed. */
export function opened(
  name: string,
  seeds: readonly (string | Uint8Array)[],
  open: Target['open'],
  { form = 'bytes', maxBytes = USUAL_MAX_BYTES }: TargetOptions = {},
): Target {
  return { name, seeds: seeds.map((seed) => Buffer.from(seed as string)), form, maxBytes, open }
}

/** A target that reads text. */
export function text(
  name: string,
  seeds: readonly string[],
  read: (text: string) => unknown,
  options: TargetOptions = {},
): Target {
  return target(name, seeds, (input) => read(input.toString('utf8')), options)
}

/** A target that reads a value of JSON; what is no JSON never gets there. */
export function json(
  name: string,
  seeds: readonly unknown[],
  read: (value: unknown) => unknown,
  maxBytes = 64 * 1024,
): Target {
  const readJson = (input: Buffer) => {
    let value: unknown
    try {
      value = JSON.parse(input.toString('utf8'))
    } catch {
      return undefined
    }
    return read(value)
  }
  return target(
    name,
    seeds.map((seed) => JSON.stringify(seed)),
    readJson,
    { form: 'json', maxBytes },
  )
}

/** What a reader gives for an input that it does not take, without throwing. */
export const REFUSED = Symbol('refused')

/** What was read; `REFUSED` for nothing. */
export const orRefused = <T>(value: T | undefined): T | typeof REFUSED => value ?? REFUSED

/** Fails unless a value comes back from its own text. */
export function comesBack<T, U>(value: T, format: (value: T) => U, parse: (text: U) => unknown) {
  assert.deepEqual(parse(format(value)), value)
}
