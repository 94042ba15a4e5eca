import { describe, expect, test } from 'vitest'
import { Routes } from '../../src/ip/routes.ts'
import { ip } from '../support/packets.ts'

const subnet = { address: ip('10.9.0.2'), prefix: 24 }

describe('the source towards', () => {
  const routes = new Routes(subnet, 1500)
  test.each(['10.9.0.1', '10.9.0.2', '10.9.0.0', '192.0.2.1', '1.1.1.1', '223.255.255.255'])(
    '[RFC1122 §3.2.1.3] %s is our address',
    (remote) => expect(routes.sourceFor(ip(remote))).toBe(ip('10.9.0.2')),
  )
  test.each(['0.0.0.0', '0.1.2.3', '127.0.0.1', '10.9.0.255', '224.0.0.1', '240.0.0.1', '255.255.255.255'])(
    '[RFC1122 §3.2.1.3] %s does not exist',
    (remote) => expect(routes.sourceFor(ip(remote))).toBe(0),
  )
})

test('[RFC1122 §3.3.1] restricted routes reach what they name, and our own network', () => {
  const routes = new Routes(subnet, 1500, [{ address: ip('192.0.2.0'), prefix: 24 }])
  expect(routes.sourceFor(ip('192.0.2.9'))).toBe(ip('10.9.0.2'))
  expect(routes.sourceFor(ip('10.9.0.77'))).toBe(ip('10.9.0.2'))
  expect(routes.sourceFor(ip('192.0.3.9'))).toBe(0)
})
