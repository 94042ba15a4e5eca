import { describe, expect, test, vi } from 'vitest'
import { Program } from '../support/netns.ts'
import { hasAddon } from './harness.ts'

vi.setConfig({ testTimeout: 60_000 })

/** A process that drops 2 MB which have grown old, and does nothing from then on for up to two seconds; says which part of it is gone. */
async function dropped(then: string): Promise<number> {
  const source = `import { collectSoon } from './src/device/process.ts'
    import { setTimeout as wait } from 'node:timers/promises'
    const COUNT = 2000
    let gone = 0
    const registry = (globalThis.registry = new FinalizationRegistry(() => gone++))
    let kept = Array.from({ length: COUNT }, () => ({ numbers: new Array(128).fill(0.5) }))
    for (const one of kept) registry.register(one)
    await wait(500)
    kept = undefined
    await wait(10)
    const before = gone
    ${then}
    for (let i = 0; i < 20 && gone < COUNT; i++) await wait(100)
    console.log((gone - before) / COUNT)
    process.exit(0)`
  const loader = './test/support/typescript-loader.mjs'
  const program = new Program([process.execPath, '--import', loader, '--input-type=module', '-e', source], {})
  expect(await program.exit(), program.stderr).toBe(0)
  return Number(program.stdout)
}

describe.skipIf(!hasAddon())('memory that nothing is in', () => {
  test('is found soon when it is asked for, and else not by a process that does nothing', async () => {
    const [asked, idle] = await Promise.all([dropped('collectSoon()'), dropped('')])
    expect(idle).toBeLessThan(0.1)
    expect(asked).toBeGreaterThan(0.9)
  })
})
