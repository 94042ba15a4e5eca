import { describe, expect, test } from 'vitest'
import { QUEUES, Site } from '../support/e2e-site.ts'
import { type FloodPlan, type FloodResult, flood } from '../support/flood.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip', 'cc')

const CLIENTS = 20
const PLAN: FloodPlan = { rate: 20_000, seconds: 2, clients: CLIENTS, patience: 30 }

async function under(...options: string[]): Promise<FloodResult> {
  const site = new Site()
  try {
    await site.serve(...options)
    return await flood(site, PLAN)
  } finally {
    await site.close()
  }
}

describe.skipIf(reason)('a SYN flood over the device', { timeout: 60_000 }, () => {
  test('[RFC4987 §3.6] with cookies every client is served, in bounded memory', async () => {
    const result = await under()
    expect(result.visits).toMatchObject({ connected: CLIENTS, right: CLIENTS, closed: CLIENTS, errors: {} })
    expect(result.offered).toBeGreaterThan(PLAN.rate) // half of it, on a machine that is busy
    expect(result.handshakes).toBeLessThanOrEqual(4097 * QUEUES) // SOMAXCONN and one, of each stack
    expect(result.memory - result.memoryBefore).toBeLessThan(64 << 20)
  })
})
