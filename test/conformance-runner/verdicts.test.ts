import { afterEach, describe, expect, test, vi } from 'vitest'
import { conform, formatVerdict, Tally, unreadable } from '../../src/conformance/conform.ts'
import { Machine } from '../../src/conformance/machine.ts'
import { FREEBSD, LINUX } from '../../src/tcp/profile.ts'
import { Tcp } from '../../src/tcp/tcp.ts'
import { ip } from '../support/packets.ts'
import { ESTABLISHED, fails, LISTENING, passes, run } from './running.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('what goes wrong ends one script', () => {
  test('a crash in the stack, with its trace', () => {
    vi.spyOn(Tcp.prototype, 'receive').mockImplementation(() => {
      throw new Error('a bug')
    })
    const failure = fails(ESTABLISHED)
    expect(failure).toMatchObject({ kind: 'crash', message: 'the stack crashed: a bug' })
    expect(failure.stack).toMatch('verdicts.test.ts')
  })

  test('a stack that turns and turns', () => {
    vi.spyOn(Tcp.prototype, 'nextDeadline').mockReturnValue(0)
    expect(fails(`${ESTABLISHED}+1 close(4) = 0`)).toMatchObject({
      kind: 'crash',
      message: expect.stringMatching('again and again while its clock stands at'),
    })
  })

  test('text that is no script, with its place', () => {
    expect(run('0 socket(').failure).toMatchObject({ kind: 'script', line: 1, column: 10 })
    expect(run(`${LISTENING}+0 listen(3, NONSENSE) = 0`).failure).toMatchObject({
      kind: 'script',
      line: 5,
      column: 14,
      message: 'expected a known constant, found `NONSENSE`',
    })
  })

  test('a file that cannot be read', () => {
    expect(formatVerdict(unreadable('x.pkt', 'no such file'))).toBe(
      'failed  x.pkt\nx.pkt:1: error in the script: expected a script, found that it cannot be read: no such file',
    )
  })
})

describe('code blocks', () => {
  test('see TCP_INFO as it is at their time', () => {
    const state = ESTABLISHED.replace(
      '+0 accept',
      '+0 %{ assert tcpi_state == TCP_LISTEN or tcpi_state == 0 }%\n+0 accept',
    )
    passes(`${state}
+0 %{ assert tcpi_state == TCP_ESTABLISHED and tcpi_unacked == 0; segments = tcpi_unacked }%
+0 write(4, ..., 1000) = 1000
+0 > P. 1:1001(1000) ack 1
+0 %{ assert tcpi_unacked == segments + 1, tcpi_unacked }%`)
  })

  test('tell the values of what does not hold', () => {
    const failure = fails(`${ESTABLISHED}+0 %{ assert tcpi_snd_mss == 1460, 'mss' }%`)
    expect(failure).toMatchObject({
      kind: 'code',
      message: 'expected tcpi_snd_mss == 1460, found tcpi_snd_mss = 1000 (mss)',
    })
  })

  test('print', () => {
    const lines: string[] = []
    const print = (line: string) => lines.push(line)
    conform(
      'a.pkt',
      `${ESTABLISHED}+0 %{ print(tcpi_state) }%`,
      { definitions: {}, overrides: [] },
      { print },
    )
    expect(lines).toEqual(['1'])
  })
})

describe('a run', () => {
  test('repeats exactly', () => {
    const times = [1, 2].map(
      () => passes(`${ESTABLISHED}+0 write(4, ..., 1) = 1\n* > P. 1:2(1) ack 1\n* > P. 1:2(1) ack 1`).elapsed,
    )
    expect(times[0]).toBe(times[1])
  })

  test('begins just before the sequence numbers wrap', () => {
    const flow = { localPort: 8080, remote: ip('192.0.2.1'), remotePort: 50001 }
    const machine = new Machine({
      ...{ address: ip('192.168.0.2'), prefix: 16, mtu: 1500, segmentationOffload: false, seed: 3, flow },
      profile: { ...LINUX },
    })
    const { tcp } = machine.stack
    const iss = tcp.source.initial(ip('192.168.0.2'), 8080, flow.remote, 50001, machine.now)
    expect(-iss).toBeGreaterThan(0)
    expect(-iss).toBeLessThan(30_000)
  })

  test('has the profile that the script or the command line names', () => {
    const syn = '+0 < S 0:0(0) win 100 <mss 1000,sackOK,nop,nop>\n'
    passes(`--profile=freebsd\n${LISTENING}${syn}+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,eol,eol>`)
    passes(`${LISTENING}${syn}+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,eol,eol>`, { profile: 'freebsd' })
    passes(`--profile=freebsd\n${LISTENING}${syn}+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>`, {
      profile: 'linux',
    })
    expect(fails(`--profile=plan9\n${LISTENING}`).message).toBe(
      'expected a profile: linux or freebsd, found `plan9`',
    )
    expect(FREEBSD.believesResets).toBe(false) // no script changes what the next one gets
  })

  test('is counted', () => {
    const tally = new Tally()
    for (const text of [LISTENING, `${LISTENING}+0 listen(9, 1) = 0`, `--ip_version=ipv6\n${LISTENING}`])
      tally.add(run(text))
    expect(`${tally}`).toBe('1 passed, 1 failed, 1 skipped')
  })
})
