import { beforeEach, describe, expect, test } from 'vitest'
import { StopRequests } from '../../src/daemon/stop-requests.ts'

describe('requests', () => {
  let now = 0
  let stop: StopRequests
  let heard: string[]

  beforeEach(() => {
    now = 5000
    heard = []
    stop = new StopRequests(() => now)
    void stop.orderly.then((reason) => heard.push(`orderly ${reason}`))
    void stop.forced.then((reason) => heard.push(`forced ${reason}`))
  })

  async function request(at: number, reason: string): Promise<void> {
    now = 5000 + at
    stop.request(reason)
    await Promise.resolve()
    await Promise.resolve()
  }

  test('the first asks for order', async () => {
    await request(0, 'SIGTERM')
    expect(heard).toEqual(['orderly SIGTERM'])
  })

  test('a second within a second is the same, since one Ctrl-C comes from the terminal and from npm', async () => {
    await request(0, 'SIGINT')
    await request(10, 'SIGINT')
    await request(1000, 'SIGINT')
    expect(heard).toEqual(['orderly SIGINT'])
  })

  test('a later one insists, and more change nothing', async () => {
    await request(0, 'SIGINT')
    await request(1001, 'SIGTERM')
    await request(5000, 'SIGINT')
    expect(heard).toEqual(['orderly SIGINT', 'forced SIGTERM'])
  })
})

test('signals of the process are requests while it listens', async () => {
  const stop = new StopRequests(() => 0)
  const before = process.listenerCount('SIGTERM')
  const unlisten = stop.listen()
  process.emit('SIGTERM', 'SIGTERM')
  expect(await stop.orderly).toBe('SIGTERM')
  unlisten()
  expect(process.listenerCount('SIGTERM')).toBe(before)
})
