import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { runCodeBlock } from '../../src/conformance/code-block.ts'
import { codeConstants } from '../../src/conformance/code-constants.ts'
import { parseScript } from '../../src/conformance/parse-script.ts'
import { ScriptError } from '../../src/conformance/script-error.ts'

/** A script with something of everything. */
const SCRIPT = `--ip_version=ipv4 --tolerance_usecs=5000 --define=CODE=port_unreachable
\`sysctl -q net.ipv4.tcp_timestamps=0\`
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3 // a comment
+0 setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0
+0 bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, ...) = 0
+.1 < [ect0] SEW 0:0(0) win 40000 <mss 1200,sackOK,TS val 1 ecr 0,nop,wscale 7>
* > S. 0:0(0) ack 1 <...>
+0~+.2 > P.5 1:1001(1000) ack 1 win 257 urg 2 <nop,nop,sack 1:2 3:4> /udp(1 > 2)
+0 < icmp unreachable CODE [1:1461(1460)]
#ifdef CODE
+0...0.5 read(4, "ab\\x00" "c"..., 10) = -1 EAGAIN (Resource temporarily unavailable)
#endif
+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=0}], 1, 0) = 1 /* and
another */
+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 5}], msg_flags=0, msg_control=[]}, 0) = 5
+0 %{
if cwnd == 10 and not rtt > 5: print('cwnd %d' % cwnd)
else:
  assert 1 <= cwnd <= 20, (cwnd, "text")
cwnd += (2 + 3) * 4 % 7 \\
  | 1
}%
\`clean up\`
`

/** Pieces that a mutation puts in. */
const PIECES = [
  ...[
    '',
    ' ',
    '\n',
    '"',
    '`',
    '%{',
    '}%',
    '/*',
    '//',
    '#ifdef X',
    '#endif',
    '...',
    '..',
    '.',
    '<',
    '>',
    '(',
    ')',
    '[',
  ],
  ...[
    ']',
    '{',
    '}',
    '=',
    '|',
    '+',
    '*',
    '~',
    '-',
    '!',
    ',',
    ':',
    '\\',
    '0',
    '0x',
    '-1',
    '4294967296',
    '1e999',
    '::',
  ],
  ...[
    '99999999999999999999999',
    'win',
    'ack',
    'sack',
    'TS',
    'icmp',
    'if',
    'assert',
    'not',
    '--define=',
    '\0',
    'é',
    '\uffff',
  ],
]

interface Mutation {
  readonly at: number
  readonly drop: number
  readonly piece: string
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(SCRIPT.length),
  drop: fc.oneof(fc.nat(3), fc.nat(60)),
  piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 5 })),
})

const mutate = (text: string, mutations: readonly Mutation[]): string =>
  mutations.reduce(
    (result, { at, drop, piece }) => result.slice(0, at) + piece + result.slice(at + drop),
    text,
  )

/** Reads a text and runs its code; true when that went without an error. Anything but a ScriptError gets out. */
function survives(text: string): boolean {
  try {
    const variables = codeConstants().set('cwnd', 10).set('rtt', 9)
    for (const { action } of parseScript('m.pkt', text).events) {
      if (action.kind === 'code') runCodeBlock(action.block, variables)
    }
    return true
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    const lines = text.split('\n')
    expect(error.line).toBeGreaterThanOrEqual(1)
    expect(error.line).toBeLessThanOrEqual(lines.length)
    expect(error.column).toBeGreaterThanOrEqual(1)
    expect(error.column).toBeLessThanOrEqual(lines[error.line - 1]!.length + 1)
    return false
  }
}

describe('no text makes the parser throw anything but a ScriptError with a place inside the text', () => {
  test('the script itself is read and its code runs', () => {
    expect(survives(SCRIPT)).toBe(true)
  })

  test('the script with parts replaced', () => {
    let good = 0
    const check = (mutations: readonly Mutation[]): void => {
      if (survives(mutate(SCRIPT, mutations))) good++
    }
    fc.assert(fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), check), { numRuns: 1_500 })
    expect(good).toBeGreaterThan(0)
  })

  test('the script cut anywhere', () => {
    for (let end = 0; end < SCRIPT.length; end++) survives(SCRIPT.slice(0, end))
  })

  test('pieces in any order', () => {
    const words = [...PIECES, ...SCRIPT.split(/\s+/)]
    const pieces = fc.array(fc.constantFrom(...words), { maxLength: 30 })
    fc.assert(
      fc.property(pieces, (list) => void survives(list.join(' '))),
      { numRuns: 1_000 },
    )
  })

  test('any characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => void survives(text)))
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => void survives(`0 %{${text}}%`)),
      { numRuns: 1_000 },
    )
  })
})
