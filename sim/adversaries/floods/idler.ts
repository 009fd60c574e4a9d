import { Adversary } from '../adversary.ts'

/** Requests that it has open at once: what it does not read, it keeps. */
const OPEN_MAX = 100
const BURST = 4

/** Asks for all that can be long, and does not read it. */
export class Idler extends Adversary {
  #open = 0

  protected override act(): void {
    super.act()
    for (let n = 0; n < BURST && this.#open < OPEN_MAX; n++) this.#ask()
  }

  #ask(): void {
    const target = this.randomMachine()
    const published = this.rng.pick([...this.context.ledger.published.values()])
    if (target === undefined || published === undefined) return
    const [hash] = Object.values(published.manifest.artifacts)
    const closure = { cid: published.cid, ancestors: 64, evidence: true, replies: true }
    const questions: (readonly [path: string, body?: object])[] = [
      ['/api/contributions?limit=1000'],
      ['/api/frontier?limit=1000'],
      ['/api/federation/best?dimension=m0&limit=1000'],
      ['/api/federation/closure', closure],
      ...(hash === undefined ? [] : [[`/api/blobs/${hash}`] as const]),
    ]
    const [path, body] = this.rng.pick(questions) ?? ['/api/frontier']
    this.#open += 1
    // What it is answered stays unread.
    this.request(target, path, body).catch(() => {
      this.#open -= 1
    })
  }
}
