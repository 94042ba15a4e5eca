import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { duration, OURS, Site } from '../support/e2e-site.ts'
import { requireTools } from '../support/netns.ts'
import { noise } from '../support/noise.ts'

const reason = requireTools('ip', 'nc', 'sha256sum')

const BYTES = 100 * 1024 * 1024

const tell = (what: string, rate: number): void => console.info(`${what}: ${rate.toFixed(0)} MB/s`)

describe.skipIf(reason)('100 MB', { timeout: 60_000 }, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.serving()
  })
  afterAll(() => site?.close())

  test('through echo, both ways at once, with nc', async () => {
    const file = join(site.folder, 'sent')
    const bytes = noise(BYTES)
    writeFileSync(file, bytes)
    let digest = ''
    const took = await duration(() => {
      digest = site.run(`nc -N ${OURS} 7 < ${file} | sha256sum`, 60_000).stdout
    })
    expect(digest).toContain(createHash('sha256').update(bytes).digest('hex'))
    tell('nc through echo', BYTES / 1000 / took)
  })

  test('up to discard, every byte acknowledged and an orderly end', async () => {
    const result = await site.ask<{ bytes: number; rate: number; ending: string }>('upload', OURS, 9, BYTES)
    expect(result).toMatchObject({ bytes: BYTES, ending: 'closed' })
    tell('upload to discard', result.rate)
  })

  test('down from chargen, every byte in its place', async () => {
    const result = await site.ask<{ rate: number; came: string; due: string }>('chargen', OURS, 19, BYTES)
    expect(result.came).toBe(result.due)
    tell('download from chargen', result.rate)
  })
})
