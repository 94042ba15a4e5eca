import { describe, expect, test } from 'vitest'
import { ESTABLISHED, fails, LISTENING, passes, run } from './running.ts'

const DATA = `${ESTABLISHED}
+0 write(4, ..., 100) = 100
`

describe('an outbound packet that is not the one expected', () => {
  test.each([
    ['a flag', '+0 > . 1:101(100) ack 1', 'flags: expected ., found P.'],
    ['a reserved flag', '+0 > P.E 1:101(100) ack 1', 'flags: expected P.E, found P.'],
    ['its number', '+0 > P. 2:102(100) ack 1', 'sequence number: expected 2, found 1'],
    ['its length, less', '+0 > P. 1:100(99) ack 1', 'payload: expected 99 bytes, found 100'],
    [
      'its length, more',
      '+0 > P. 1:102(101) ack 1',
      'payload: expected 101 bytes, found 100, and the next segment does not follow',
    ],
    ['what it acknowledges', '+0 > P. 1:101(100) ack 2', 'acknowledgment: expected 2, found 1'],
    ['its window', '+0 > P. 1:101(100) ack 1 win 1', 'window: expected 1, found 65535'],
    ['its urgent pointer', '+0 > P. 1:101(100) ack 1 urg 3', 'urgent pointer: expected 3, found 0'],
    [
      'an option',
      '+0 > P. 1:101(100) ack 1 <nop,nop,nop,nop>',
      'data offset: expected 24 bytes of header, found 20',
    ],
    ['its TOS', '+0 > [tos 0x10] P. 1:101(100) ack 1', 'TOS: expected 0x10, found 0x00'],
    ['its ECN', '+0 > [ect0] P. 1:101(100) ack 1', 'ECN: expected ect0, found noecn'],
    ['its TTL', '+0 > [ttl 1] P. 1:101(100) ack 1', 'TTL: expected 1, found 64'],
    [
      'when it comes',
      '+.1 > P. 1:101(100) ack 1',
      'time: expected 0.187500 to 0.212500 s, sent at 0.100000 s',
    ],
  ])('%s', (_, expectation, message) => {
    const failure = fails(DATA + expectation)
    expect(failure).toMatchObject({ kind: 'packet', message, line: DATA.split('\n').length })
  })

  test('is shown beside what was expected, with marks under the difference', () => {
    const failure = fails(`${DATA}+0 > . 1:101(100) ack 2 win 65535`)
    expect(failure.expected).toBe('> . 1:101(100) ack 2 win 65535')
    expect(failure.actual).toBe('> P. 1:101(100) ack 1 win 65535')
    expect(failure.marks).toBe('  ^^            ^^^^^')
    expect(failure.packets.at(-1)).toBe('0.100000 > P. 1:101(100) ack 1 win 65535')
    expect(failure.source).toBe('+0 > . 1:101(100) ack 2 win 65535')
  })

  test('and one that never comes, two seconds after its time', () => {
    const failure = fails(`${ESTABLISHED}+1 > . 1:1(0) ack 1`)
    expect(failure.message).toBe('no packet was sent up to 3.225000 s')
  })
})

describe('time', () => {
  test('a window reaches to both its ends and the tolerance beyond', () => {
    passes(`${DATA}+0~+1 > P. 1:101(100) ack 1`)
    passes(`${DATA}+0 > P. 1:101(100) ack 1\n+.29~+.296 > P. 1:101(100) ack 1`)
    passes(`${DATA}+0 > P. 1:101(100) ack 1\n+.304~+.4 > P. 1:101(100) ack 1`, { tolerance_percent: '0' })
    expect(
      fails(`${DATA}+0 > P. 1:101(100) ack 1\n+.305~+.4 > P. 1:101(100) ack 1`, { tolerance_percent: '0' })
        .kind,
    ).toBe('packet')
  })

  test('any time is any time, as long as an hour', () => {
    passes(`${DATA}+0 > P. 1:101(100) ack 1\n* > P. 1:101(100) ack 1\n* > P. 1:101(100) ack 1`)
  })

  test('the tolerance is the larger of microseconds and a share of the gap', () => {
    const late = (at: string): string => `${DATA}+0 > P. 1:101(100) ack 1\n+${at} > P. 1:101(100) ack 1`
    passes(late('.34'))
    fails(late('.35'))
    passes(late('.35'), { tolerance_usecs: '50000' })
    fails(late('.34'), { tolerance_percent: '1' })
  })

  test('an hour of the script takes no time', () => {
    const begin = performance.now()
    expect(passes(`${ESTABLISHED}+3600 write(4, ..., 1) = 1`).elapsed).toBe(3_600_100_000)
    expect(performance.now() - begin).toBeLessThan(2000)
  })
})

describe('numbers', () => {
  test('count from what the script wrote in the SYNs', () => {
    passes(`${LISTENING}
+0 < S 4294967290:4294967290(0) win 64000 <mss 1000>
+0 > S. 5000:5000(0) ack 4294967291 <mss 1460>
+.1 < . 1:1(0) ack 1 win 64000
+0 accept(3, ..., ...) = 4
+0 < P. 1:101(100) ack 1 win 64000
+0 > . 1:1(0) ack 101
+0 write(4, ..., 10) = 10
+0 > P. 1:11(10) ack 101`)
  })

  test('stand for themselves while there is no connection', () => {
    passes('0 < . 77:77(0) ack 4294967295 win 0\n+0 > R 4294967295:4294967295(0)')
  })

  test('`!` is the number on the wire, `...` any number', () => {
    passes(`${LISTENING}
+0 < S 1000:1000(0) win 64000 <mss 1000>
+0 > S. ...(0) ack 1001 <mss 1460>`)
    passes('0 < S 1000:1000(0) win 64000 <mss 1000>\n+0 > R. 0:0(0)! ack 1')
    expect(fails('0 < S 1000:1000(0) win 64000 <mss 1000>\n+0 > R. 1:1(0)! ack 1').message).toMatch('found 0')
  })

  test('SACK blocks are in the space of whose data they speak', () => {
    passes(`${LISTENING}
+0 < S 7000:7000(0) win 64000 <mss 1000,sackOK,nop,nop>
+0 > S. 9000:9000(0) ack 7001 <mss 1460,nop,nop,sackOK>
+.1 < . 1:1(0) ack 1 win 64000
+0 accept(3, ..., ...) = 4
+0 < . 1001:2001(1000) ack 1 win 64000
+0 > . 1:1(0) ack 1 <nop,nop,sack 1001:2001>`)
  })

  test('timestamps: the stack tells its own, the script names them', () => {
    const text = `${LISTENING}
+0 < S 0:0(0) win 64000 <mss 1000,nop,nop,TS val 500 ecr 0>
+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,TS val 900 ecr 500>
+.1 < . 1:1(0) ack 1 win 64000 <nop,nop,TS val 600 ecr 900>
+0 accept(3, ..., ...) = 4
+0 write(4, ..., 10) = 10
+0 > P. 1:11(10) ack 1 <nop,nop,TS val 1000 ecr 600>`
    passes(text, { tcp_ts_tick_usecs: '1000' })
    passes(text.replace('val 1000', 'val 4711'))
    expect(fails(text.replace('val 1000', 'val 1010'), { tcp_ts_tick_usecs: '1000' }).message).toMatch(
      'TS val 1000',
    )
    const unknown = fails(text.replace('val 600 ecr 900', 'val 600 ecr 901'))
    expect(unknown.message).toBe('expected an ecr that the stack has sent as val, found 901')
    passes(text.replace('ecr 900', 'ecr 950'), { tcp_ts_ecr_scaled: undefined })
  })
})

describe('several segments as one', () => {
  const BIG = `${ESTABLISHED}\n+0 write(4, ..., 3500) = 3500\n`

  test("their payload adds up, PSH is the last one's", () => {
    passes(`${BIG}+0 > P. 1:3501(3500) ack 1`)
    passes(`${BIG}+0 > P. 1:3501(3500) ack 1`, { offload: undefined })
  })

  test('not with --strict_segments', () => {
    expect(fails(`${BIG}+0 > P. 1:3501(3500) ack 1`, { strict_segments: undefined }).kind).toBe('packet')
  })

  test('never fewer than were sent', () => {
    expect(fails(`${BIG}+0 > . 1:501(500) ack 1`).message).toBe('payload: expected 500 bytes, found 1000')
  })

  test('a segment that comes between is told', () => {
    const failure = fails(`${ESTABLISHED}
+0 write(4, ..., 1000) = 1000
+0 < P. 1:11(10) ack 1 win 64000
+0 write(4, ..., 1000) = 1000
+0 > P. 1:2001(2000) ack 1`)
    expect(failure.message).toBe(
      'payload: expected 2000 bytes, found 1000, and the next segment acknowledges something else',
    )
  })
})

describe('packets that nobody expects', () => {
  const SURPRISE = `${ESTABLISHED}
+0 < P. 1:11(10) ack 1 win 64000
+.5 read(4, ..., 10) = 10`

  test('are passed over', () => {
    passes(SURPRISE)
  })

  test('are failures with --strict', () => {
    const failure = fails(SURPRISE, { strict: undefined })
    expect(failure).toMatchObject({
      message: 'a packet was sent that no event before this one expects',
      actual: '> . 1:1(0) ack 11 win 65525',
    })
    expect(fails(`${ESTABLISHED}+0 write(4, ..., 5) = 5`, { strict: undefined }).actual).toMatch(
      '> P. 1:6(5)',
    )
  })

  test('belong to another connection', () => {
    passes(`${ESTABLISHED}
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 5
+0 fcntl(5, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 write(4, ..., 10) = 10
+0 connect(5, ..., ...) = -1 EINPROGRESS
+0 > S 0:0(0) <...>`)
  })
})

describe('ICMP', () => {
  test('an error quotes the number that the script gives', () => {
    passes(`0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0...0.1 connect(3, ..., ...) = -1 ECONNREFUSED
+0 > S 0:0(0) <...>
+.1 < icmp unreachable port_unreachable [0:0(0)]`)
  })

  test('a request is answered', () => {
    passes('0 < icmp echo_request id 7\n+0 > icmp echo_reply')
    expect(fails('0 < icmp echo_request id 7\n+0 > icmp unreachable').message).toBe(
      'ICMP type: expected 3, found 0',
    )
  })

  test('the path MTU makes segments smaller', () => {
    passes(`${LISTENING}
+0 < S 0:0(0) win 64000 <mss 1460>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 64000
+0 accept(3, ..., ...) = 4
+0 write(4, ..., 1460) = 1460
+0 > P. 1:1461(1460) ack 1
+.01 < icmp unreachable frag_needed mtu 1000 [1:1461(1460)]
+0 > . 1:961(960) ack 1
+0 > P. 961:1461(500) ack 1`)
  })
})

describe('options of a script', () => {
  test('an unknown one is an error at its place', () => {
    expect(fails(`--nonsense=3\n${LISTENING}`)).toMatchObject({ kind: 'script', line: 1, column: 1 })
    expect(fails(`--mtu=3\n${LISTENING}`).message).toBe('expected an integer from 68 to 65535, found `3`')
  })

  test('the MTU decides the MSS', () => {
    passes(`--mtu=1000\n${LISTENING}+0 < S 0:0(0) win 100 <mss 1460>\n+0 > S. 0:0(0) ack 1 <mss 960>`)
  })

  test('the command line wins', () => {
    passes(`--mtu=1000\n${LISTENING}+0 < S 0:0(0) win 100 <mss 1460>\n+0 > S. 0:0(0) ack 1 <mss 460>`, {
      mtu: '500',
    })
  })

  test('addresses may be chosen', () => {
    passes(
      `--local_ip=10.1.2.3\n--remote_ip=10.9.9.9\n${LISTENING}+0 < S 0:0(0) win 100 <mss 1460>\n+0 > S. 0:0(0) ack 1 <...>`,
    )
  })

  test('IPv6 is left out', () => {
    expect(run(`--ip_version=ipv6\n${LISTENING}`)).toMatchObject({
      outcome: 'skipped',
      reason: 'IPv6 is not spoken here',
    })
    expect(run(`--local_ip=fd::1\n${LISTENING}`).outcome).toBe('skipped')
  })

  test('failures that are not fatal are warnings', () => {
    const verdict = passes(
      `--non_fatal=packet\n${DATA}+0 > . 1:101(100) ack 1\n+0 close(4) = 0\n+0 > F. 101:101(0) ack 1`,
    )
    expect(verdict.warnings.map(({ message }) => message)).toEqual(['flags: expected ., found P.'])
    fails(`--non_fatal=syscall\n${DATA}+0 > . 1:101(100) ack 1`)
  })

  test('a definition stands for itself everywhere', () => {
    passes(`--define=SIZE=100\n${ESTABLISHED}+0 write(4, ..., SIZE) = SIZE\n+0 > P. 1:101(100) ack 1`)
  })
})
