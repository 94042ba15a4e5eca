import { describe, expect, test } from 'vitest'
import type { CodeValue } from '../../src/conformance/code-ast.ts'
import { AssertionFailure, runCodeBlock } from '../../src/conformance/code-block.ts'
import { codeConstants } from '../../src/conformance/code-constants.ts'
import { parseCode } from '../../src/conformance/code-parser.ts'
import { ScriptError } from '../../src/conformance/script-error.ts'
import { errorOf, script } from './reading.ts'

const PLACE = { file: 'a.pkt', line: 1, column: 1 }

function run(
  text: string,
  variables: Record<string, CodeValue> = {},
): { values: Map<string, CodeValue>; printed: string[] } {
  const values = new Map(Object.entries(variables))
  const printed: string[] = []
  runCodeBlock(parseCode(text, PLACE), values, (line) => printed.push(line))
  return { values, printed }
}

const evaluated = (expression: string, variables: Record<string, CodeValue> = {}): CodeValue | undefined =>
  run(`result = ${expression}`, variables).values.get('result')

function failureOf(text: string, variables: Record<string, CodeValue> = {}): ScriptError {
  try {
    run(text, variables)
  } catch (error) {
    if (error instanceof ScriptError) return error
    throw error
  }
  throw new Error('the block ran without an error')
}

describe('expressions', () => {
  test.each<[string, CodeValue]>([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['7 - 2 - 1', 4],
    ['7 / 2', 3.5],
    ['7 // 2', 3],
    ['-7 // 2', -4],
    ['-7 % 5', 3],
    ['0x10 + 010', 26],
    ['1.5e3', 1500],
    ['6 & 3 | 8', 10],
    ['5 ^ 1', 4],
    ['~5', -6],
    ['1 << 40', 2 ** 40],
    ['0xffffffff & 0xf0000000', 0xf0000000],
    ['256 >> 4', 16],
    ['1 == 1.0', true],
    ['1 < 2 < 3', true],
    ['1 < 3 < 2', false],
    ['3 > 2 >= 2 != 1', true],
    ['2 <= 2 >= 2', true],
    ['2 < 2 or 2 > 2', false],
    ['3 <= 2 or 2 >= 3', false],
    ['"a" < "b" > "a"', true],
    ['not 1 == 2', true],
    ['1 and 2', 2],
    ['0 or 3', 3],
    ['0 and undefined_name', 0],
    ['1 or undefined_name', 1],
    ['1 if 2 > 3 else 4', 4],
    ['2 in (1, 2)', true],
    ['2 not in (1, 2)', false],
    ['(1, 2) == (1, 2)', true],
    ['min(3, 1, 2) + max(1, 2) + abs(-4)', 7],
    ['int(7 / 2)', 3],
    ['len("abc") + len((1,))', 4],
    ['"a" \'b\' + "c"', 'abc'],
    ['None == None', true],
    ['True + True', 2],
    [
      "'%d of %s, %x, %5.2f, %-3d|, %03d, %%' % (1, 'b', 255, 1.005, 7, -7)",
      '1 of b, ff,  1.00, 7  |, -07, %',
    ],
    ["'rtt=%d' % 12.9", 'rtt=12'],
    ["'%r %s' % ('a', (1, 'b'))", "'a' (1, 'b')"],
  ])('%s', (expression, expected) => {
    expect(evaluated(expression)).toEqual(expected)
  })

  test.each([
    ['1 +', 'expected an expression, found the end of the line'],
    ['missing', 'expected a variable that has a value, found `missing`'],
    ['1 + "a"', "expected operands that `+` takes, found 1 and 'a'"],
    ['1 / 0', 'expected a divisor other than 0, found 0'],
    ['1 % 0', 'expected a divisor other than 0, found 0'],
    ['1.5 & 1', 'expected an integer, found 1.5'],
    ['1 << 5000', 'expected a shift from 0 to 1000, found 5000'],
    ['open("x")', 'expected print, min, max, abs, int, str or len, found `open`'],
    ["'%d' % (1, 2)", 'expected 1 values for the format, found 2'],
    ["'%d %d' % 1", 'expected a value for each conversion of the format, found 1'],
    ["'%99999999999d' % 1", 'expected a width of at most 1000, found 99999999999'],
    ["'%d' % 'a'", "expected a number for `%d`, found 'a'"],
    ['min()', 'expected at least one value, found none'],
    ['1 < "a"', "expected operands that `<` takes, found 1 and 'a'"],
    ['1 in 2', 'expected a tuple or a string after `in`, found 2'],
    ['lambda: 1', 'expected an expression, found `lambda`'],
    ['f(1', 'expected `)` or `,`, found the end of the line'],
    ['1 ? 2', 'expected code, found `?`'],
  ])('%s', (expression, message) => {
    expect(failureOf(`result = ${expression}`).message).toContain(message)
  })
})

describe('statements', () => {
  test('assignments and what they keep', () => {
    const { values } = run('a = 1; b = a + 1\na += 10\nb *= 3; b -= 1;\nc = a, b')
    expect(Object.fromEntries(values)).toEqual({ a: 11, b: 5, c: [11, 5] })
  })

  test('a later block sees what an earlier one assigned', () => {
    const variables = new Map<string, CodeValue>([['tcpi_snd_cwnd', 10]])
    runCodeBlock(parseCode('cwnd = tcpi_snd_cwnd', PLACE), variables)
    variables.set('tcpi_snd_cwnd', 12)
    runCodeBlock(parseCode('cwnd += 2; assert cwnd == tcpi_snd_cwnd', PLACE), variables)
    expect(variables.get('cwnd')).toBe(12)
  })

  test('print writes its values with blanks between', () => {
    expect(run("print('a', 1, None, (1, 'x'))\nprint()").printed).toEqual(["a 1 None (1, 'x')", ''])
  })

  test('comments, blank lines, continued lines, brackets over lines', () => {
    const { values } = run('# first\n\na = 1 + \\\n    2 # three\nb = (a +\n1)\n  \n# last')
    expect([values.get('a'), values.get('b')]).toEqual([3, 4])
  })

  test('a line that continues into nothing', () => {
    expect(run('a = 1;\\\n').values.get('a')).toBe(1)
  })

  test.each([
    ['if x > 1: r = "big"; s = 1', 'big'],
    ['if x > 5: r = "big"\nelse: r = "small"', 'small'],
    ['if x > 5:\n  r = "big"\nelif x > 2:\n  r = "middle"\nelse:\n  r = "small"', 'middle'],
    ['if x:\n\tif x > 5:\n\t\tr = "a"\n\tr = "b"\n\tpass\n', 'b'],
    ['\n    if x == 3:\n        r = "in"\n    s = 1', 'in'],
  ])('%j', (text, expected) => {
    expect(run(text, { x: 3 }).values.get('r')).toBe(expected)
  })

  test.each([
    ['a = 1\n  b = 2', '2:3: expected an expression, found an indentation'],
    ['if 1:\nb = 2', '2:1: expected an indented line, found `b`'],
    ['if 1:\n    b = 2\n  c = 3', '3:3: expected the indentation of a line above, found another'],
    ['if 1 b = 2', '1:6: expected `:`, found `b`'],
    ['a = 1 b', '1:7: expected the end of the statement, found `b`'],
    ['1 = 2', '1:1: expected a name to assign to, found an expression'],
    ['for i in x: pass', '1:1: expected an expression, found `for`'],
    ['assert', '1:7: expected an expression, found the end of the line'],
    ['a = ($)', '1:6: expected code, found `$`'],
  ])('%j', (text, message) => {
    expect(failureOf(text).message).toBe(`a.pkt:${message}`)
  })

  test('nesting and length have bounds', () => {
    expect(failureOf(`a = ${'('.repeat(100_000)}`).message).toContain('at most 64 levels of nesting')
    expect(failureOf(`a = ${'- '.repeat(100_000)}1`).message).toContain('at most 64 levels of nesting')
    expect(failureOf(`a = 1${' + 1'.repeat(100_000)}`).message).toContain('at most 500 operators')
  })
})

describe('assertions', () => {
  test('that hold say nothing', () => {
    expect(() => run('assert 15000 <= rtt <= 25000, "rtt=%d" % rtt', { rtt: 20_000 })).not.toThrow()
  })

  test('that fail give place, text, the values of their names and the message', () => {
    const failure = failureOf("pass\n  \nassert a == b and a < 9, 'a was %d' % a", { a: 3, b: 4 })
    expect(failure).toBeInstanceOf(AssertionFailure)
    expect(failure.message).toBe('a.pkt:3:1: expected a == b and a < 9, found a = 3, b = 4 (a was 3)')
  })

  test('without names or message', () => {
    expect(failureOf('assert 1 == 2').message).toBe('a.pkt:1:1: expected 1 == 2, found that it is false')
  })

  test('inside a script are placed in the script', () => {
    const [, inline, below] = script('0 `x`\n+0 %{ assert a == 1 }%\n+0 %{\nassert a == 1\n}%').events
    const failure = (event: typeof inline): string => {
      if (event?.action.kind !== 'code') throw new Error('no code')
      const { block } = event.action
      try {
        runCodeBlock(block, new Map([['a', 2]]))
      } catch (error) {
        return (error as Error).message
      }
      return ''
    }
    expect(failure(inline)).toBe('a.pkt:2:7: expected a == 1, found a = 2')
    expect(failure(below)).toBe('a.pkt:4:1: expected a == 1, found a = 2')
  })

  test('that cannot be read are an error of the script', () => {
    expect(errorOf('0 %{ assert a = = 1 }%')).toBe('a.pkt:1:15: expected the end of the statement, found `=`')
  })
})

describe('constants', () => {
  const constants = codeConstants()

  test.each([
    ['TCP_ESTABLISHED', 1],
    ['TCP_TIME_WAIT', 6],
    ['TCP_CLOSING', 11],
    ['TCPI_SYN_RECEIVED', 3],
    ['TCPI_FIN_WAIT_2', 5],
    ['TCPI_CLOSED', 7],
    ['TCP_CA_Open', 0],
    ['TCP_CA_Loss', 4],
    ['TCPI_OPT_TIMESTAMPS', 1],
    ['TCPI_OPT_SYN_DATA', 32],
    ['TCP_INFINITE_SSTHRESH', 0x7fffffff],
  ])('%s', (name, value) => {
    expect(constants.get(name)).toBe(value)
  })

  test('may be assigned to, as scripts do', () => {
    runCodeBlock(parseCode('TCP_INFINITE_SSTHRESH = 5', PLACE), constants)
    expect(constants.get('TCP_INFINITE_SSTHRESH')).toBe(5)
  })
})
