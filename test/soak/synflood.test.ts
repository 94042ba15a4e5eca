import { describe, expect, test } from 'vitest'
import { Site } from '../support/e2e-site.ts'
import { type FloodPlan, type FloodResult, flood } from '../support/flood.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip', 'cc')

const CLIENTS = 100
const PLAN: FloodPlan = { rate: 100_000, seconds: 10, clients: CLIENTS, patience: 60 }

async function under(cookies: number, patience = PLAN.patience): Promise<FloodResult> {
  const site = new Site()
  try {
    await site.serve('--sysctl', `net.ipv4.tcp_syncookies=${cookies}`)
    const result = await flood(site, { ...PLAN, patience })
    console.log(`tcp_syncookies=${cookies}`, JSON.stringify({ ...result, visits: undefined }))
    return result
  } finally {
    await site.close()
  }
}

describe.skipIf(reason)('a SYN flood of 100,000 a second for 10 s', () => {
  test('[RFC4987 §3.6] with cookies every one of 100 clients is served, in bounded memory', async () => {
    const result = await under(1)
    expect(result.visits).toMatchObject({ connected: CLIENTS, right: CLIENTS, closed: CLIENTS, errors: {} })
    expect(result.handshakes).toBeLessThanOrEqual(4097)
    expect(result.memory - result.memoryBefore).toBeLessThan(64 << 20)
  })

  test('[RFC4987 §2] without them memory is bounded all the same, and hardly anybody is served', async () => {
    const result = await under(0, 5)
    expect(result.handshakes).toBeLessThanOrEqual(769) // three quarters of tcp_max_syn_backlog, and one
    expect(result.memory - result.memoryBefore).toBeLessThan(64 << 20)
    expect(result.visits.right).toBeLessThan(CLIENTS / 2)
  })
})
