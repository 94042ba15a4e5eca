import { fail, type Place } from '../script-error.ts'

/** One program with its arguments. */
export interface ShellCommand {
  readonly words: readonly string[]
  /** The file that its output goes to. */
  readonly output: string | undefined
}

/** Programs of which each reads what the one before has written. */
export interface Pipeline {
  readonly commands: readonly ShellCommand[]
  /** Runs only after a success, or only after a failure, of the one before. */
  readonly after: 'any' | 'success' | 'failure'
}

const TOKEN =
  /\s*(?:(\n)|(#[^\n]*)|(\|\||&&|[|;&])|((?:[0-9]?>>?|<)(?:&[0-9])?)|((?:[^\s"'\\|&;<>]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'[^']*')+))/y

/**
 * Reads shell text as far as scripts need it: words with quotes, `|`, `;`, `&&`, `||`, line ends, comments, redirections. Nothing is expanded
 * but `$((...))`.
 *
 * Errors: ScriptError at `place` for what this is not.
 */
export function parseShell(text: string, place: Place): Pipeline[] {
  return new ShellParser(text.replaceAll('\\\n', ' ').replaceAll(/[ \t]+(?=\n)/g, ''), place).run()
}

class ShellParser {
  readonly #text: string
  readonly #place: Place
  #at = 0
  #pipelines: Pipeline[] = []
  #commands: ShellCommand[] = []
  #words: string[] = []
  #output: string | undefined
  #after: Pipeline['after'] = 'any'

  constructor(text: string, place: Place) {
    this.#text = text
    this.#place = place
  }

  run(): Pipeline[] {
    for (let token = this.#next(); token !== undefined; token = this.#next()) this.#take(token)
    this.#endPipeline('any')
    return this.#pipelines
  }

  #take(token: {
    operator?: string | undefined
    redirection?: string | undefined
    word?: string | undefined
  }): void {
    const { operator, redirection, word } = token
    if (word !== undefined) this.#words.push(unquote(word))
    else if (redirection !== undefined) this.#redirect(redirection)
    else if (operator === '|') this.#endCommand()
    else this.#endPipeline(operator === '&&' ? 'success' : operator === '||' ? 'failure' : 'any')
  }

  /** Standard output to a file is noted; errors, and joining the two, mean nothing here. */
  #redirect(redirection: string): void {
    if (redirection.includes('&')) return
    const target = this.#next()?.word
    if (target === undefined) fail(this.#place, `a file after \`${redirection}\``, 'none')
    if (redirection === '>' || redirection === '>>' || redirection.startsWith('1'))
      this.#output = unquote(target)
  }

  #endCommand(): void {
    if (this.#words.length === 0) return
    this.#commands.push({ words: this.#words, output: this.#output })
    this.#words = []
    this.#output = undefined
  }

  #endPipeline(next: Pipeline['after']): void {
    this.#endCommand()
    if (this.#commands.length === 0) return
    this.#pipelines.push({ commands: this.#commands, after: this.#after })
    this.#commands = []
    this.#after = next
  }

  #next():
    | { operator?: string | undefined; redirection?: string | undefined; word?: string | undefined }
    | undefined {
    if (this.#text.slice(this.#at).trim() === '') return undefined
    const lineEnd = /[^\S\n]*\n/y
    lineEnd.lastIndex = this.#at
    if (lineEnd.test(this.#text)) {
      this.#at = lineEnd.lastIndex
      return { operator: ';' }
    }
    TOKEN.lastIndex = this.#at
    const match = TOKEN.exec(this.#text)
    if (match === null)
      fail(this.#place, 'a command of the shell', `\`${this.#text.slice(this.#at, this.#at + 20)}\``)
    this.#at = TOKEN.lastIndex
    const [, newline, comment, operator, redirection, word] = match
    if (comment !== undefined) return this.#next()
    return { operator: newline === undefined ? operator : ';', redirection, word }
  }
}

/** Without quotes and backslashes; `$((a*b))` is worked out. */
function unquote(word: string): string {
  const plain = word.replaceAll(
    /\\([\s\S])|"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'/g,
    (_, escaped, double, single) =>
      escaped !== undefined
        ? escaped
        : double !== undefined
          ? double.replaceAll(/\\([\s\S])/g, '$1')
          : single,
  )
  return plain.replaceAll(/\$\(\(([0-9*+ ]+)\)\)/g, (_, sum: string) => String(evaluate(sum)))
}

/** Sums of products of integers. */
const evaluate = (text: string): number =>
  text.split('+').reduce((sum, product) => sum + product.split('*').reduce((p, n) => p * Number(n), 1), 0)
