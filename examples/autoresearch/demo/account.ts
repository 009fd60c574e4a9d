import { styleText } from 'node:util'
import { type Action, type Figure, groveOf } from '../agent/researcher.ts'
import type { Baseline, Listener } from './arm.ts'
import type { Evidence, Moved, Rerun, Step, Survival } from './facts.ts'
import type { Grove } from './groves.ts'

/** The outcome of one arm of the comparison. */
export interface ArmFacts {
  readonly trials: number
  readonly seconds: number
  /** The best work that each grove holds. */
  readonly best: Readonly<Record<string, Figure>>
  readonly winner: Figure
}

/** Everything that the demo found. Every figure was measured in this run. */
export interface Facts {
  readonly seed: number
  readonly baseline: number
  readonly alone: ArmFacts
  readonly federated: ArmFacts
  readonly lineage: readonly Step[]
  readonly evidence: Evidence
  readonly moved: readonly Moved[]
  readonly rerun: Rerun
  /** Undefined if all groves were left up. */
  readonly survival: Survival | undefined
}

type Style = Parameters<typeof styleText>[0]

/** Prints what happens, line by line, with colours if the stream is a terminal. */
export class Account {
  readonly #stream: NodeJS.WritableStream

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream
  }

  opening({ result, corpus }: Baseline, agents: number): void {
    const files = corpus.train.length + corpus.heldOut.length
    const question = "how well can this repository's text be predicted?"
    const bytes = count(result.heldOutBytes)
    this.say(
      this.#in('bold', `Three groves, ${agents} agents, one question: ${question}`),
      `The figure is val_bpb, bits per byte on ${bytes} held-out bytes; lower is better.`,
      `The corpus: ${files} files. The baseline, trained just now: ${result.val_bpb}.`,
    )
  }

  /**
   * A listener for one arm. While the groves are apart, only the improvements on each are printed.
   */
  arm(title: string, { federated, baseline }: { federated: boolean; baseline: number }): Listener {
    this.say('', this.#in('bold', title))
    const best = new Map<string, number>()
    return {
      started: (groves) => this.#started(groves, federated),
      arrived: ({ name }, seconds) => {
        if (federated && name !== 'A')
          this.say(`  corpus and baseline reached ${name} after ${seconds.toFixed(2)} s`)
      },
      did: (action, seconds) => {
        if (federated) return this.say(this.#action(action, seconds))
        const home = groveOf(action.by)
        if (action.type !== 'trial' || action.value >= (best.get(home) ?? baseline)) return
        best.set(home, action.value)
        this.say(this.#action(action, seconds))
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
    for (const [i, { name, api }] of groves.entries()) {
      const before = groves[i - 1]?.name
      const isGiven = !federated || before === undefined
      const start = isGiven ? 'gets corpus and baseline' : `knows ${before} alone`
      this.say(`  grove ${name}  ${api.url}  ${start}${federated ? '' : ', knows no peer'}`)
    }
    if (federated) this.say(`  to look at while it runs: ${groves.at(-1)?.api.url}/api/docs`)
  }

  #action(action: Action, seconds: number): string {
    const start = `  ${seconds.toFixed(1).padStart(5)}s  ${action.by.padEnd(8)}`
    return `${start}  ${this.#what(action)}`
  }

  #what(action: Action): string {
    const { by } = action
    switch (action.type) {
      case 'trial': {
        const { value, change, from } = action
        const gain = this.#gain(action)
        return `${value.toFixed(6)}  ${gain}  ${change}  on ${this.#whose(from, by)}`
      }
      case 'review': {
        const { of, faults } = action
        const verdict = faults.length === 0 ? 'all checks hold' : `these fail: ${faults.join(', ')}`
        return `reviews ${this.#whose(of, by)} ${of.value.toFixed(6)}: ${verdict}`
      }
      case 'reproduction': {
        const { of, value } = action
        const verdict =
          value === of.value ? 'the same figure' : this.#in('red', `another figure: ${value}`)
        return `trains ${this.#whose(of, by)} ${of.value.toFixed(6)} again: ${verdict}`
      }
    }
  }

  #gain({ value, from }: Action & { type: 'trial' }): string {
    const size = Math.abs(value - from.value).toFixed(6)
    if (value < from.value) return this.#in('green', `▼ ${size}`)
    return this.#in('dim', value === from.value ? `= ${size}` : `▲ ${size}`)
  }

  /** The author of work, highlighted if the work is from another grove. */
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
    const what = change ?? 'the baseline'
    return `    ${value.toFixed(6)}  ${agent.padEnd(8)}  ${shorten(cid)}  ${what}`
  }

  #evidence({ evidence, moved, rerun, lineage }: Facts): void {
    const { reviews, confirmed, challenged, abroad } = evidence
    const faults = moved.reduce((sum, each) => sum + each.faults, 0)
    const again = rerun.same
      ? 'the same figure to the last digit'
      : this.#in('red', `NOT ${lineage.at(-1)?.value.toFixed(6)}`)
    this.say(
      '',
      `  Checked by others: ${reviews} reviews;` +
        ` ${confirmed} reproductions confirmed, ${challenged} challenged`,
      `    (${abroad} of these on work from another grove)`,
      '  Moved between groves, each byte hashed before it was stored:',
      ...moved.map(
        ({ grove, bytesVerified, contributions }) =>
          `    to ${grove}: ${count(contributions)} contributions` +
          ` with ${count(bytesVerified)} bytes of artifacts`,
      ),
      faults === 0
        ? '    nothing arrived wrong'
        : this.#in('red', `    ${faults} times something arrived wrong, and was refused`),
      `  The best, trained again from the copy on grove ${rerun.grove}:` +
        ` ${rerun.value.toFixed(6)}, ${again}`,
    )
  }

  #survival(survival: Survival | undefined): void {
    if (survival === undefined) return
    const { killed, grove, best } = survival
    const [config, corpus] = [count(survival.configBytes), count(survival.corpusBytes)]
    this.say(
      `  Grove ${killed}, where the corpus came from, was killed.`,
      `  Grove ${grove} still ranks ${best.value.toFixed(6)} first,`,
      `    and serves its config (${config} bytes) and the corpus (${corpus} bytes)`,
    )
  }
}

function origin([, ...changes]: readonly Step[]): string {
  if (changes.length === 0) return 'no agent found anything better than the baseline'
  const names = [...new Set(changes.map(({ agent }) => groveOf(agent)))].sort()
  const plural = changes.length === 1 ? 'change' : 'changes'
  return `${changes.length} ${plural}, made on ${names.join(', ')}`
}

const shorten = (cid: string): string => `${cid.slice(0, 'blake3:'.length + 12)}…`
const count = (number: number): string => number.toLocaleString('en')
