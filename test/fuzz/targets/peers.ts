import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { OwnAddresses } from '../../../src/api/admission/own-addresses.ts'
import { refuseOtherNames } from '../../../src/api/answer/guards.ts'
import { memoryRequest, splitTarget } from '../../../src/api/answer/request.ts'
import { hostOf, proxiesAt, remoteOf } from '../../../src/api/http/caller.ts'
import { parseAddress, parseSeed } from '../../../src/config/address.ts'
import { addressText, parseEndpoint, tidyAddress } from '../../../src/core/peers/endpoint.ts'
import { shareKey } from '../../../src/core/peers/hosts.ts'
import { withoutSecrets } from '../../../src/core/text.ts'
import { publicRemote } from '../../../src/git/notes.ts'
import { checkUrl } from '../../../src/transport/guard.ts'
import { HostMap } from '../../../src/transport/hosts.ts'
import { isPublic, plainIp } from '../../../src/transport/ip.ts'
import { comesBack, orRefused, type Target, text } from '../lab/target.ts'

const addresses = [
  'http://grove.example:4515',
  'https://grove.example/a/b/',
  'http://8.8.8.8:80',
  'http://[2606:4700::1111]:4515/x',
]
/** As the messages of groves bound them. */
const bound = { maxBytes: 2_048 }
const hosts = new HostMap({ allowPrivate: false, own: 'http://own.example:4515' })
const own = new OwnAddresses({
  address: 'https://grove.example/a',
  bound: 'http://0.0.0.0:4515',
  names: ['other.example'],
})
const proxies = proxiesAt(['loopback', '10.0.0.0/8'])

export const peerTargets: readonly Target[] = [
  text(
    'endpoint',
    addresses,
    (address) => {
      const endpoint = parseEndpoint(address)
      if (endpoint !== undefined) comesBack(endpoint, addressText, parseEndpoint)
      assert.equal(tidyAddress(tidyAddress(address)), tidyAddress(address))
      return orRefused(endpoint)
    },
    bound,
  ),
  text(
    'address-to-dial',
    addresses,
    (address) => {
      hosts.keyOf(address)
      hosts.prefixOf(address)
      shareKey(hosts, address)
      hosts.sameHost(address, address)
      const { hostname } = checkUrl(address, { allowPrivate: false })
      const host = hostname.replace(/^\[|\]$/g, '')
      assert.ok(isIP(host) === 0 || isPublic(host))
      return hosts.isDialable(address)
    },
    bound,
  ),
  text('ip', ['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8', 'fe80::1%eth0'], (ip) => {
    hosts.sameHost(`http://${ip}`, ip)
    hosts.sameHost(addresses[3] ?? '', ip)
    assert.equal(plainIp(plainIp(ip)), plainIp(ip))
    return [isPublic(ip), hostOf(ip)]
  }),
  text('seed', [...addresses, `grove-1@${addresses[0]}`], (seed) => {
    const { address } = parseSeed(seed)
    assert.equal(parseAddress(address), address)
  }),
  text('x-forwarded-for', ['1.2.3.4, 10.0.0.1', '[::1], 127.0.0.1'], (header) => {
    const socket = { remoteAddress: '127.0.0.1' }
    return remoteOf({ socket, headers: { 'x-forwarded-for': header } } as never, proxies)
  }),
  text('trusted-proxies', ['10.0.0.0/8', '::1', 'loopback'], (given) => proxiesAt([given])),
  text('host', ['grove.example', '127.0.0.1:4515', '[::1]:4515'], (host) => {
    const request = memoryRequest({ method: 'GET', target: '/', headers: { host } })
    own.candidates(host)
    return refuseOtherNames(request, new Set(['grove.example']))
  }),
  text('request-target', ['/a?b=c', 'http://grove.example/a?b', '*'], (given) => {
    const { path, search } = splitTarget(given)
    return [path, search]
  }),
  text('remote-of-git', ['https://git.example/a.git', 'git@git.example:a/b'], (url) => {
    const told = publicRemote(url)
    if (told !== undefined) assert.doesNotMatch(told, /[?#]/)
    return orRefused(told)
  }),
  text('secrets-in-addresses', addresses, withoutSecrets),
]
