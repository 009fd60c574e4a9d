import { styleText } from 'node:util'
import { type Deed, type Figure, groveOf } from '../agent/researcher.ts'
import type { Baseline, Listener } from './arm.ts'
import type { Evidence, Moved, Rerun, Step, Survival } from './facts.ts'
import type { Grove } from './groves.ts'

/** One arm of the comparison, as it came out. */
export interface ArmFacts {
  readonly trials: number
  readonly seconds: number
  /** The best that each grove holds. */
  readonly best: Readonly<Record<string, Figure>>
  readonly winner: Figure
}

/** All that the demo found; every figure comes from running. */
export interface Facts {
  readonly seed: number
  readonly baseline: number
  readonly alone: ArmFacts
  readonly federated: ArmFacts
  readonly lineage: readonly Step[]
  readonly evidence: Evidence
  readonly moved: readonly Moved[]
  readonly rerun: Rerun
  /** Undefined where all groves were left up. */
  readonly survival: Survival | undefined
}

type Style = Parameters<typeof styleText>[0]

/** Tells what happens, in lines, with colours where the stream is a terminal. */
export class Account {
  readonly #stream: NodeJS.WritableStream

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream
  }

  opening({ result, corpus }: Baseline, agents: number): void {
    const files = corpus.train.length + corpus.heldOut.length
    this.say(
      this.#in(
        'bold',
        `Three groves, ${agents} agents, one question: how well can this repository's text be predicted?`,
      ),
    )
    this.say(
      `The figure is val_bpb, bits per byte on ${count(result.heldOutBytes)} held-out bytes; lower is better.`,
    )
    this.say(`The corpus: ${files} files. The baseline, trained just now: ${result.val_bpb}.`)
  }

  /** A listener for one arm. Of the groves apart, only what beats the best of its grove is told. */
  arm(title: string, { federated, baseline }: { federated: boolean; baseline: number }): Listener {
    this.say('', this.#in('bold', title))
    const best = new Map<string, number>()
    return {
      started: (groves) => this.#started(groves, federated),
      arrived: ({ name }, seconds) => {
        if (federated && name !== 'A')
          this.say(`  corpus and baseline reached ${name} after ${seconds.toFixed(2)} s`)
      },
      did: (deed, seconds) => {
        if (federated) return this.say(this.#deed(deed, seconds))
        const home = groveOf(deed.by)
        if (deed.type !== 'trial' || deed.value >= (best.get(home) ?? baseline)) return
        best.set(home, deed.value)
        this.say(this.#deed(deed, seconds))
      },
    }
  }

  closing(facts: Facts): void {
    this.say('', this.#in('bold', 'What came out'))
    this.#comparison(facts)
    this.say('', `  How the best came about: ${origin(facts.lineage)}`)
    for (const step of facts.lineage) this.say(this.#step(step))
    this.#evidence(facts)
    this.#survival(facts.survival)
  }

  say(...lines: readonly string[]): void {
    this.#stream.write(`${lines.join('\n')}\n`)
  }

  #in(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream })
  }

  #started(groves: readonly Grove[], federated: boolean): void {
    groves.forEach(({ name, api }, i) => {
      const before = groves[i - 1]?.name
      const knows = before === undefined ? 'gets corpus and baseline' : `is told of ${before} alone`
      this.say(
        `  grove ${name}  ${api.url}  ${federated ? knows : 'gets corpus and baseline, knows nobody'}`,
      )
    })
    if (federated) this.say(`  to look at while it runs: ${groves.at(-1)?.api.url}/api/docs`)
  }

  #deed(deed: Deed, seconds: number): string {
    const start = `  ${seconds.toFixed(1).padStart(5)}s  ${deed.by.padEnd(8)}`
    switch (deed.type) {
      case 'trial':
        return `${start}  ${deed.value.toFixed(6)}  ${this.#gain(deed)}  ${deed.change}  on ${this.#whose(deed.from, deed.by)}`
      case 'review': {
        const verdict =
          deed.faults.length === 0 ? 'all checks hold' : `not so: ${deed.faults.join(', ')}`
        return `${start}  reviews ${this.#whose(deed.of, deed.by)} ${deed.of.value.toFixed(6)}: ${verdict}`
      }
      case 'reproduction': {
        const verdict =
          deed.value === deed.of.value
            ? 'the same figure'
            : this.#in('red', `not so: ${deed.value}`)
        return `${start}  trains ${this.#whose(deed.of, deed.by)} ${deed.of.value.toFixed(6)} again: ${verdict}`
      }
    }
  }

  #gain({ value, from }: Deed & { type: 'trial' }): string {
    const size = Math.abs(value - from.value).toFixed(6)
    if (value < from.value) return this.#in('green', `▼ ${size}`)
    return this.#in('dim', value === from.value ? `= ${size}` : `▲ ${size}`)
  }

  /** Work from another grove stands out. */
  #whose({ agent }: Figure, by: string): string {
    return groveOf(agent) === groveOf(by) ? `${agent}'s` : this.#in('cyan', `${agent}'s`)
  }

  #comparison({ baseline, alone, federated }: Facts): void {
    const names = Object.keys(federated.best)
    const row = (title: string, cells: readonly string[]): void =>
      this.say(`  ${title.padEnd(24)}${cells.map((cell) => cell.padStart(10)).join('')}`)
    const arm = ({ best, winner }: ArmFacts): string[] =>
      [...names.map((name) => best[name]!), winner].map(({ value }) => value.toFixed(6))
    row('best val_bpb', [...names.map((name) => `grove ${name}`), 'best'])
    row('the baseline', [...names.map(() => ''), baseline.toFixed(6)])
    row(`apart, ${alone.trials} trials`, arm(alone))
    row(`federated, ${federated.trials} trials`, arm(federated))
    this.say(`  ${this.#verdict(federated.winner.value - alone.winner.value)}`)
  }

  #verdict(difference: number): string {
    const size = Math.abs(difference).toFixed(6)
    if (difference < 0) return this.#in('green', `Federation won by ${size} bits per byte.`)
    if (difference === 0) return 'Neither won: both found the same figure.'
    return this.#in(
      'yellow',
      `Federation did not win this time: it is ${size} bits per byte behind.`,
    )
  }

  #step({ value, agent, change, cid }: Step): string {
    return `    ${value.toFixed(6)}  ${agent.padEnd(8)}  ${shorten(cid)}  ${change ?? 'the baseline'}`
  }

  #evidence({ evidence, moved, rerun, lineage }: Facts): void {
    const { reviews, confirmed, challenged, abroad } = evidence
    const faults = moved.reduce((sum, each) => sum + each.faults, 0)
    const again = rerun.same
      ? 'the same figure to the last digit'
      : this.#in('red', `NOT ${lineage.at(-1)?.value.toFixed(6)}`)
    this.say(
      '',
      `  Checked by others: ${reviews} reviews; ${confirmed} reproductions confirmed, ${challenged} challenged`,
      `    (${abroad} of these on work from another grove)`,
      '  Moved between groves, each byte hashed before it was stored:',
      ...moved.map(
        ({ grove, bytesVerified, contributions }) =>
          `    to ${grove}: ${count(contributions)} contributions with ${count(bytesVerified)} bytes of artifacts`,
      ),
      faults === 0
        ? '    nothing arrived wrong'
        : this.#in('red', `    ${faults} times something arrived wrong, and was refused`),
      `  The best, trained again from the copy on grove ${rerun.grove}: ${rerun.value.toFixed(6)}, ${again}`,
    )
  }

  #survival(survival: Survival | undefined): void {
    if (survival === undefined) return
    const { killed, grove, best, configBytes, corpusBytes } = survival
    this.say(
      `  Grove ${killed}, where the corpus came from, was killed. Grove ${grove} still ranks ${best.value.toFixed(6)} first,`,
      `    and serves its config (${count(configBytes)} bytes) and the corpus (${count(corpusBytes)} bytes)`,
    )
  }
}

function origin([, ...changes]: readonly Step[]): string {
  if (changes.length === 0) return 'nobody found anything better than the baseline'
  const names = [...new Set(changes.map(({ agent }) => groveOf(agent)))].sort()
  return `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}, made on ${names.join(', ')}`
}

const shorten = (cid: string): string => `${cid.slice(0, 'blake3:'.length + 12)}…`
const count = (number: number): string => number.toLocaleString('en')
