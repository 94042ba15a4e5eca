import { describe, expect, test } from 'vitest'
import { Lexer } from '../../src/conformance/lexer.ts'
import type { Token } from '../../src/conformance/tokens.ts'
import { errorOf, script } from './reading.ts'

function tokens(text: string, definitions: Record<string, string> = {}): Token[] {
  const lexer = new Lexer('a.pkt', text, new Map(Object.entries(definitions)))
  const found: Token[] = []
  for (let token = lexer.next(); token.kind !== 'end'; token = lexer.next()) found.push(token)
  return found
}

const kinds = (text: string, definitions: Record<string, string> = {}): string =>
  tokens(text, definitions)
    .map(({ kind, text: content }) => `${kind}:${content}`)
    .join(' ')

describe('tokens: the longest match wins', () => {
  test.each([
    ['12 -3', 'integer:12 integer:-3'],
    ['0x1F', 'hex:0x1F'],
    ['1.25 .5 -.5', 'float:1.25 float:.5 float:-.5'],
    ['+.1', 'symbol:+ float:.1'],
    ['1.', 'integer:1 symbol:.'],
    ['ab12c 12ab', 'word:ab12c word:12ab'],
    ['0x1G', 'word:0x1G'],
    ['192.0.2.1', 'address:192.0.2.1'],
    ['fd00::1', 'address:fd00::1'],
    ['0...0.5', 'integer:0 ellipsis:... float:0.5'],
    ['...0.5', 'ellipsis:... float:0.5'],
    ['1.00...6.00', 'float:1.00 ellipsis:... float:6.00'],
    ['<...>', 'symbol:< ellipsis:... symbol:>'],
    ['0:0(0)', 'integer:0 symbol:: integer:0 symbol:( integer:0 symbol:)'],
    ['S.', 'word:S symbol:.'],
    ['P.5', 'word:P float:.5'],
    ['--mtu=9', 'option:mtu symbol:= integer:9'],
    ['gen-254 exp-FO', 'word:gen-254 word:exp-FO'],
    ['"a\\"b" `c\\`d`', 'string:a\\"b command:c\\`d'],
    ['%{ x } % }%', 'code: x } % '],
    ['a|b', 'word:a symbol:| word:b'],
  ])('%s', (text, expected) => {
    expect(kinds(text)).toBe(expected)
  })

  test('a text of several lines keeps line and column of each token', () => {
    expect(tokens('a\n  b `c\nd` e').map(({ place }) => [place.line, place.column])).toEqual([
      [1, 1],
      [2, 3],
      [2, 5],
      [3, 4],
    ])
  })
})

describe('comments', () => {
  test('of both kinds are space, with an end of file for an end of line', () => {
    expect(kinds('a // b\nc /* d\n e */ f // g')).toBe('word:a word:c word:f')
  })

  test('that do not end are an error where they begin', () => {
    expect(errorOf('0 `x` /* no end')).toBe('a.pkt:1:7: expected a closing `*/`, found the end of the file')
  })
})

describe('symbols given with -D', () => {
  test('replace a word by a string, a command, a number or a word', () => {
    const given = { A: '"text"', B: '`ls`', C: '12', D: '0x1f', E: 'other', F: '-4' }
    expect(kinds('A B C D E F', given)).toBe(
      'string:text command:ls integer:12 hex:0x1f word:other integer:-4',
    )
  })

  test('do not replace words with a place of their own, nor parts of words', () => {
    expect(kinds('win xA', { win: '3', A: '4' })).toBe('word:win word:xA')
  })

  test('are defined by an option for all that follows, and the command line wins', () => {
    const text = '--define=N=5\n--define=T="reno"\n0 f(N, T, N) = 0'
    const values = (definitions: Record<string, string>) =>
      script(text, definitions).events.flatMap(({ action }) =>
        action.kind === 'call'
          ? action.arguments.map((value) => ('value' in value ? value.value : value.kind))
          : [],
      )
    expect(values({})).toEqual([5, 'reno', 5])
    expect(values({ N: '7' })).toEqual([7, 'reno', 7])
  })
})

describe('#ifdef', () => {
  const text = 'a\n#ifdef NAME\nb `\n#endif\nc'

  test('skips its text unread when the name is not defined', () => {
    expect(kinds(text)).toBe('word:a word:c')
  })

  test('keeps it when the name is defined, with whatever value', () => {
    expect(kinds(text.replace('`', ''), { NAME: '' })).toBe('word:a word:b word:c')
  })

  test('by an option of the script', () => {
    const conditional = '--define=NAME=1\n0 `a`\n#ifdef NAME\n+1 `b`\n#endif\n+1 `c`'
    expect(script(conditional).events).toHaveLength(3)
    expect(script(conditional.replace('=NAME', '=OTHER')).events).toHaveLength(2)
  })

  test.each([
    ['0 `a`\n#ifdef X\n', 'a.pkt:2:1: expected an `#endif`, found the end of the file'],
    ['--define=X=1\n0 `a`\n#ifdef X\n', 'a.pkt:3:1: expected an `#endif`, found the end of the file'],
    ['0 `a`\n#endif', 'a.pkt:2:1: expected the time of an event or the end of the file, found `#`'],
    [
      '--define=X=1\n0 `a`\n#ifdef X\n#ifdef X\n#endif\n#endif',
      'a.pkt:4:1: expected an `#endif` before the next `#ifdef`, found `#ifdef`',
    ],
  ])('has one level and an end: %j', (source, message) => {
    expect(errorOf(source)).toBe(message)
  })
})
