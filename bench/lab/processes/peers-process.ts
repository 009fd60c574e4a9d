import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { SigningKey } from '../../../src/core/identity/ed25519.ts'
import { signRequest } from '../../../src/signing/http-signature.ts'
import type { AskedAnswer, Peer, PeersJob } from '../peers.ts'

/** A process of groves that ask another one by signed requests, each at its own pace. */
process.on('message', async ({ origin, to, peers, seconds }: PeersJob) => {
  const answers = await Promise.all(peers.map((peer) => run(origin, to, peer, seconds)))
  process.send?.({ answers: answers.flat() })
})

async function run(
  origin: string,
  to: PeersJob['to'],
  peer: Peer,
  seconds: number,
): Promise<AskedAnswer[]> {
  const key = SigningKey.fromSecret(new Uint8Array(32).fill(peer.n))
  const agent = new Agent({ keepAlive: true, maxSockets: peer.connections })
  const until = performance.now() + seconds * 1_000
  const answers: AskedAnswer[] = []
  let sent = 0
  const ask = async () => {
    const path = peer.paths[sent++ % peer.paths.length] ?? '/'
    const begun = performance.now()
    const target = { method: 'GET', target: origin + path }
    const moment = {
      created: Math.floor(Date.now() / 1_000),
      nonce: randomBytes(16).toString('hex'),
    }
    const headers = await signRequest(key, { ...target, to }, moment)
    const status = await new Promise<number>((resolve) => {
      const options = { agent, localAddress: peer.localAddress, headers }
      request(origin + path, options, (incoming) => {
        incoming.resume().once('close', () => resolve(incoming.statusCode ?? 0))
      })
        .once('error', () => resolve(0))
        .end()
    })
    if (performance.now() <= until) answers.push({ status, ms: performance.now() - begun })
  }
  if (peer.everyMs === undefined) {
    const connections = Array.from({ length: peer.connections }, async () => {
      while (performance.now() < until) await ask()
    })
    await Promise.all(connections)
  } else await atPace(ask, peer.everyMs, until)
  agent.destroy()
  return answers
}

/** Asks at fixed moments, whether or not what was asked before has been answered. */
async function atPace(ask: () => Promise<void>, everyMs: number, until: number): Promise<void> {
  const asked: Promise<void>[] = []
  for (let at = performance.now() + Math.random() * everyMs; at < until; at += everyMs) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now())))
    asked.push(ask())
  }
  await Promise.race([Promise.all(asked), new Promise((resolve) => setTimeout(resolve, 2_000))])
}
