import { describe, expect, test } from 'vitest'
import { decide, hasCapability, lookAround, type Surroundings } from '../../src/daemon/unprivileged.ts'

/** An ordinary user of a machine where everything that needs no privilege works. */
const USER: Surroundings = {
  root: false,
  netAdmin: false,
  ownDevice: false,
  tun: '',
  inside: false,
  namespaces: true,
}

const textOf = (around: Partial<Surroundings>): string => {
  const decision = decide({ ...USER, ...around })
  return decision.kind === 'serve' ? '' : decision.text
}

describe('who serves', () => {
  test.each<[string, Partial<Surroundings>]>([
    ['root, whatever else is wrong: the device says it better', { root: true, tun: 'ENOENT' }],
    ['CAP_NET_ADMIN without root', { netAdmin: true }],
    ['the owner of a persistent device', { ownDevice: true }],
    ['whoever was handed a descriptor', { ownDevice: true, tun: 'EACCES' }],
    ['root of the namespace that we made', { root: true, netAdmin: true, inside: true }],
  ])('%s', (_, around) => {
    expect(decide({ ...USER, ...around })).toEqual({ kind: 'serve' })
  })
})

test('an ordinary user gets a namespace, and hears why and what else there is', () => {
  expect(decide(USER).kind).toBe('namespace')
  expect(textOf({})).toMatch(/CAP_NET_ADMIN.*shell.*exit.*sudo npm start.*npm run demo/s)
})

describe('what is missing is said, and what works is offered', () => {
  test.each<[string, Partial<Surroundings>, RegExp]>([
    [
      'the device is root’s',
      { tun: 'EACCES' },
      /access to \/dev\/net\/tun \(EACCES\); where its mode is 0666/,
    ],
    ['the module is not loaded', { tun: 'ENOENT' }, /modprobe tun/],
    [
      'the capability alone does not open the device',
      { netAdmin: true, tun: 'EACCES' },
      /access to \/dev\/net\/tun/,
    ],
    ['the kernel makes no namespaces', { namespaces: false }, /unprivileged user namespaces/],
    ['the namespace did not help', { inside: true }, /CAP_NET_ADMIN/],
  ])('%s', (_, around, message) => {
    expect(decide({ ...USER, ...around }).kind).toBe('explain')
    expect(textOf(around)).toMatch(message)
    expect(textOf(around)).toMatch(/What works:\n {2}sudo npm start .*\n {2}npm run demo /)
  })

  test('a capability that is there is not missed', () => {
    expect(textOf({ netAdmin: true, tun: 'EACCES' })).not.toContain('CAP_NET_ADMIN')
  })
})

test('capabilities are read from the effective set', () => {
  const status = 'Name:\tnode\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000001000\nCapBnd:\t0\n'
  expect(hasCapability(status, 12)).toBe(true)
  expect(hasCapability(status, 13)).toBe(false)
  expect(hasCapability('CapEff:\t000001ffffffffff\n', 40)).toBe(true)
  expect(hasCapability('', 12)).toBe(false)
})

test('looking around changes nothing and answers', () => {
  const around = lookAround({ dev: 'tun0', tunFd: undefined })
  expect(around).toMatchObject({ root: process.getuid?.() === 0, ownDevice: expect.any(Boolean) })
  expect(lookAround({ dev: 'tun0', tunFd: 5 }).ownDevice).toBe(true)
})
