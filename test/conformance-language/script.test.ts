import { describe, expect, test } from 'vitest'
import { NEVER } from '../../src/base/time.ts'
import { dueAt, slackOf, windowOf } from '../../src/conformance/script-time.ts'
import { errorOf, event, script } from './reading.ts'

describe('the layout of a script', () => {
  test('options, a first command without a time, events, a last command without a time', () => {
    const read = script('--mtu=1400 --strict_segments\n`setup`\n0 `first`\n+1 `second`\n`clean up`')
    expect(read.options.map(({ name, value }) => [name, value])).toEqual([
      ['mtu', '1400'],
      ['strict_segments', undefined],
    ])
    expect(read.init?.text).toBe('setup')
    expect(read.events).toHaveLength(2)
    expect(read.cleanup?.text).toBe('clean up')
  })

  test('line ends mean nothing: an event may span lines, and lines may hold several', () => {
    expect(script('0\n< S\n0:0(0)\nwin 1 +1 `a` +1 `b`').events).toHaveLength(3)
  })

  test.each([
    ['--ip_version=ipv4', 'ipv4'],
    ['--tolerance_usecs=4000', '4000'],
    ['--tolerance_percent=2.5', '2.5'],
    ['--local_ip=192.0.2.7', '192.0.2.7'],
    ['--local_ip=fd00::7', 'fd00::7'],
    ['--non_fatal=syscall,packet', 'syscall,packet'],
    ['--tcp_md5_secret="a b"', 'a b'],
    ['--define=CC="reno"', 'CC="reno"'],
    ['--define=C=`true`', 'C=`true`'],
    ['--define=N=12', 'N=12'],
  ])('%s', (text, value) => {
    expect(script(`${text}\n0 \`x\``).options[0]?.value).toBe(value)
  })

  test('an event knows its place and its source', () => {
    const read = script('0 `a`\n  +1 close(3) = 0 // end\n')
    const second = read.events[1]!
    expect(second.place).toEqual({ file: 'a.pkt', line: 2, column: 3 })
    expect(read.text.slice(second.start, second.end)).toBe('+1 close(3) = 0')
  })

  test('actions of all kinds', () => {
    const read = script(
      '0 `a` +0 f() = 0 +0 %{ pass }% +0 < . 1:1(0) win 1 +0 > . 1:1(0) +0 > icmp echo_reply',
    )
    expect(read.events.map(({ action }) => action.kind)).toEqual([
      'command',
      'call',
      'code',
      'packet',
      'packet',
      'packet',
    ])
  })
})

describe('times', () => {
  const packet = '> . 1:1(0)'

  test.each([
    ['0', { base: 'start', from: 0, to: 0, window: false }],
    ['+0', { base: 'previous', from: 0, to: 0, window: false }],
    ['*', { base: 'any', from: 0, to: NEVER, window: false }],
    ['0~.25', { base: 'start', from: 0, to: 250_000, window: true }],
    ['+0~+1.5', { base: 'previous', from: 0, to: 1_500_000, window: true }],
  ])('%s', (text, time) => {
    expect(event(`${text} ${packet}`).time).toEqual(time)
  })

  test('are kept in whole microseconds, rounded', () => {
    const { events } = script(`0 ${packet} +.001009 ${packet} +0.0000016 ${packet} +1234.5 ${packet}`)
    expect(events.map(({ time }) => time.from)).toEqual([0, 1009, 2, 1_234_500_000])
  })

  test.each([
    ['1 `x`', '1:1: expected time 0 for the first event, found 1.000000 s'],
    ['0 `x` 2 `y` 1.5 `z`', '1:13: expected a time not before 2.000000 s, found 1.500000'],
    [
      '0~1 `x`',
      '1:5: expected an outbound packet (`>`) after a window of time, found a command in back-quotes',
    ],
    ['* < . 1:1(0) win 1', '1:3: expected an outbound packet (`>`) after `*`, found `<`'],
    ['0 `x` 2~1 > . 1:1(0)', '1:9: expected an end of the window not before 2.000000 s, found `1`'],
    ['0 `x` +1~2 > . 1:1(0)', '1:10: expected `+` before the end of a relative window, found `2`'],
    ['0 `x` -1 `y`', '1:7: expected a time in seconds, not negative, found `-1`'],
    ['0 `x` + `y`', '1:9: expected a time in seconds, found a command in back-quotes'],
  ])('%s', (text, message) => {
    expect(errorOf(text)).toBe(`a.pkt:${message}`)
  })

  test('that are absolute may come after a relative one that goes further', () => {
    expect(script('0 `x` +5 `y` 3 `z`').events).toHaveLength(3)
  })
})

describe('when a packet may be seen', () => {
  const tolerance = { usecs: 4_000, percent: 12.5 }
  const time = (text: string) => script(`0 \`x\` ${text} > . 1:1(0)`).events[1]!.time

  test('the tolerance is the larger of the fixed one and the share of the gap', () => {
    expect(slackOf(10_000, tolerance)).toBe(4_000)
    expect(slackOf(100_000, tolerance)).toBe(12_500)
  })

  test('an exact time has it on both sides', () => {
    expect(windowOf(time('+1'), 2_000_000, 2_000_000, tolerance)).toEqual({
      earliest: 2_875_000,
      latest: 3_125_000,
    })
    expect(windowOf(time('1'), 0, 999_000, tolerance)).toEqual({ earliest: 996_000, latest: 1_004_000 })
  })

  test('a window has it at both ends', () => {
    expect(windowOf(time('+.1~+.2'), 0, 0, tolerance)).toEqual({ earliest: 87_500, latest: 212_500 })
  })

  test('any time is any time', () => {
    expect(windowOf(time('*'), 7, 7, tolerance).latest).toBe(NEVER)
    expect(dueAt(time('*'), 7)).toBe(7)
  })
})
