import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lacks, OURS, Site } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip', 'traceroute')

/** One hop, three answers, nothing after it. */
const ONE_HOP = /^traceroute to 10\.9\.0\.2 .*\n 1 {2}10\.9\.0\.2( {2}[\d.]+ ms){3}\n$/

describe.skipIf(reason)('probes', () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.serving()
  })
  afterAll(() => site?.close())

  // In this order: nmap needs one of the six errors in a row that a host gets, traceroute three, and it takes all (Linux's XRLIM_BURST_FACTOR).
  test.skipIf(reason || lacks('nmap'))('nmap tells open ports from closed ones', () => {
    const done = site.run(`nmap -n -Pn -sT -sU -p T:7,9502,80,U:7,80 ${OURS}`)
    const ports = [...done.stdout.matchAll(/^(\d+\/\w+) +(\w+) /gm)].map(
      ([, port, state]) => `${port} ${state}`,
    )
    expect(ports).toEqual(['7/tcp open', '80/tcp closed', '9502/tcp open', '7/udp open', '80/udp closed'])
  })

  test.each([
    ['UDP', ''],
    ['ICMP', '-I'],
    ['TCP to a closed port', '-T -p 81'],
    ['TCP to an open port', '-T -p 7'],
  ])('[RFC1122 §3.2.2.1] traceroute by %s finds us one hop away', (_, options) => {
    const done = site.run(`traceroute -n -w 2 ${options} ${OURS}`)
    expect(done.stdout, done.stderr).toMatch(ONE_HOP)
  })
})
