import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPublic, plainIp } from '../../../src/transport/ip.ts'

/** First and last address of each range, by what it is for. */
const special = {
  'this network': ['0.0.0.0', '0.255.255.255'],
  private: ['10.0.0.0', '10.255.255.255'],
  shared: ['100.64.0.0', '100.127.255.255'],
  loopback: ['127.0.0.0', '127.255.255.255', '::1'],
  'link-local': ['169.254.0.0', '169.254.169.254', '169.254.255.255', 'fe80::', 'febf::ffff'],
  'private too': ['172.16.0.0', '172.31.255.255', '192.168.0.0', '192.168.255.255'],
  'protocol assignments': ['192.0.0.0', '192.0.0.170', '192.0.0.255', '2001::', '2001:1ff::ffff'],
  documentation: [
    ...['192.0.2.0', '192.0.2.255', '198.51.100.0', '198.51.100.255'],
    ...['203.0.113.0', '203.0.113.255', '2001:db8::', '2001:db8:ffff::1', '3fff::', '3fff:fff::1'],
  ],
  benchmarks: ['198.18.0.0', '198.19.255.255', '2001:2::1'],
  'relays of 6to4': ['192.88.99.0', '192.88.99.255'],
  multicast: ['224.0.0.0', '239.255.255.255', 'ff00::', 'ff02::1', 'ffff::ffff'],
  reserved: ['240.0.0.0', '255.255.255.254'],
  broadcast: ['255.255.255.255'],
  unspecified: ['::', '0:0:0:0:0:0:0:0'],
  'mapped IPv4': ['::ffff:127.0.0.1', '::ffff:8.8.8.8', '::FFFF:a00:1'],
  'translated IPv4 (RFC 2765)': ['::ffff:0:127.0.0.1', '::ffff:0:8.8.8.8'],
  'compatible IPv4': ['::127.0.0.1', '::8.8.8.8', '::7f00:1'],
  'NAT64 of what is not public': [
    ...['64:ff9b::127.0.0.1', '64:ff9b::a00:1', '64:ff9b::192.168.1.1', '64:ff9b::'],
    ...['64:FF9B:0:0::169.254.169.254', '64:ff9b::ffff:ffff'],
  ],
  'NAT64 of local use': ['64:ff9b:1::', '64:ff9b:1::8.8.8.8', '64:ff9b:1:ffff::1'],
  '6to4': ['2002::', '2002:7f00:1::', '2002:808:808::1', '2002:ffff::1'],
  Teredo: ['2001:0:1::', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ORCHID: ['2001:10::1', '2001:20::1', '2001:2f:ffff::1'],
  'unique local': ['fc00::', 'fd12::1', 'fdff::ffff'],
  'site-local': ['fec0::', 'feff::1'],
  discard: ['100::', '100::ffff:ffff:ffff:ffff', '100:0:0:1::1'],
  'segment routing': ['5f00::', '5f00:ffff::1'],
  'given to nobody': ['1000::1', '4000::1', '8000::1', 'e000::1', 'f000::1', '64:ff9c::1'],
  'no address': ['', 'localhost', '8.8.8', '010.8.8.8', '0x8.8.8.8', '８.8.8.8', '8.8.8.8 '],
  'of a zone': ['fe80::1%eth0', '2606:4700::1111%eth0'],
} as const

/** What is next to a special range on either side, and addresses that everybody knows. */
const usual = [
  ...['1.0.0.0', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
  ...['128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0'],
  ...['192.0.1.0', '192.0.3.0', '192.88.98.255', '192.88.100.0', '192.167.255.255', '192.169.0.0'],
  ...['198.17.255.255', '198.20.0.0', '198.51.99.255', '198.51.101.0', '203.0.112.255'],
  ...['203.0.114.0', '223.255.255.255', '8.8.8.8', '1.1.1.1'],
  ...['2000::1', '2001:200::1', '2001:db7::1', '2001:db9::1', '2003::1', '2606:4700::1111'],
  ...['2A00:1450:4001::1', '3fff:1000::1', '3ffe::1', '64:ff9b::8.8.8.8', '64:ff9b::101:101'],
]

for (const [what, addresses] of Object.entries(special))
  test(`not public: ${what}`, () => {
    for (const ip of addresses) assert.equal(isPublic(ip), false, ip)
  })

test('what is beside the special ranges is public', () => {
  for (const ip of usual) assert.equal(isPublic(ip), true, ip)
})

test('an IPv4 address is the same however it is carried in IPv6, and without its zone', () => {
  const forms = ['8.8.8.8', '::ffff:8.8.8.8', '::FFFF:808:808', '64:ff9b::8.8.8.8', '8.8.8.8%1']

  for (const ip of forms) assert.equal(plainIp(ip), '8.8.8.8', ip)
  assert.equal(plainIp('fe80::1%eth0'), 'fe80::1')
  assert.equal(plainIp('2002:808:808::1'), '2002:808:808::1')
})
