import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, OURS, Site } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'

const reason = requireTools('ip')

const CLIENTS = 500

describe.skipIf(reason)('a crowd', { timeout: 60_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.serving()
  })
  afterAll(() => site?.close())

  test('500 clients at one time are all answered, and leave nothing but TIME_WAIT', async () => {
    const result = await site.ask('crowd', OURS, 7, CLIENTS, 10_000)
    expect(result).toEqual({ connected: CLIENTS, right: CLIENTS, closed: CLIENTS, errors: {} })
    await eventually(
      () => site.states(),
      (states) => states.every((state) => state === 'TIME_WAIT'),
      5000,
    )
  })
})
