// What the RFC map is made of: requirements, where code, tests and scripts cite them, and deviations.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { parse, sourceFiles } from './source.mjs'

/** The RFC whose requirements have ids of their own; those of others are cited by section. */
export const NUMBERED = '9293'

const ID = /\b(?:MUST|SHLD|MAY|REC)-\d+\b/g
/** `RFC 5961 §3.2`, `[RFC6298 §5.1 §5.2]`, `RFC 792 Echo`: the number, and what stands behind. */
const CITATION =
  /\bRFC ?(\d+)(?:((?:[,;]?(?: and| or| to)? ?§\s?\d+(?:\.\d+)*)+)| ([A-Z][a-z]+(?: [A-Z][a-z]+)*))/g
const SECTION = /\d+(?:\.\d+)*/g

/** The requirements of each RFC by its number, in the order of numbers: `{ id, level, sections, text, rfc }`. */
export function readRequirements(root) {
  const folder = join(root, 'docs/rfc')
  const names = readdirSync(folder).filter((name) => /^rfc\d+\.tsv$/.test(name))
  const numbers = names.map((name) => name.slice(3, -4)).sort((a, b) => a - b)
  return new Map(numbers.map((rfc) => [rfc, readList(join(folder, `rfc${rfc}.tsv`), rfc)]))
}

function readList(path, rfc) {
  const [header, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n')
  if (header !== 'id\tlevel\tsection\trequirement')
    throw new Error(`${path}: the first line names the columns`)
  return lines.map((line, i) => {
    const [id, level, section, text, ...rest] = line.split('\t')
    if (text === undefined || rest.length > 0) throw new Error(`${path}:${i + 2}: four columns`)
    return { id, level, sections: section.split(', '), text, rfc }
  })
}

/**
 * What a text cites, as keys: `MUST-13` for ids (a range `MUST-51 to MUST-53` is all of it), `RFC 5961 §3.2` for sections,
 * `RFC 792 Echo` for those that have names only.
 */
export function citationsOf(text) {
  const flat = text.replaceAll(/\s*\n[ \t]*(?:\*|\/\/|#)?[ \t]*/g, ' ')
  const keys = new Set()
  for (const [id] of flat.matchAll(ID)) keys.add(id)
  for (const [, kind, from, to] of flat.matchAll(/\b([A-Z]+)-(\d+) to [A-Z]+-(\d+)/g)) {
    for (let n = Number(from); n <= Number(to); n++) keys.add(`${kind}-${n}`)
  }
  for (const [, rfc, sections, words] of flat.matchAll(CITATION)) {
    if (words !== undefined) keys.add(`RFC ${rfc} ${words}`)
    else for (const section of sectionsOf(sections)) keys.add(`RFC ${rfc} §${section}`)
  }
  return keys
}

/** `§3.2.2.1 to §3.2.2.3` is three of them. */
function sectionsOf(text) {
  const sections = [...text.matchAll(SECTION)].map(([section]) => section)
  for (const [, parent, from, last, to] of text.matchAll(/§([\d.]*\.)(\d+) to §([\d.]*\.)(\d+)/g)) {
    for (let n = Number(from) + 1; last === parent && n < Number(to); n++) sections.push(`${parent}${n}`)
  }
  return sections
}

/** The keys under which a requirement is cited. */
export function keysOf({ id, sections, rfc }) {
  if (rfc === NUMBERED) return [id]
  return sections.map((section) => `RFC ${rfc} ${/^\d/.test(section) ? '§' : ''}${section}`)
}

/** Which files of src cite each key: a Map from keys to paths relative to src. */
export function readCode(root) {
  const src = join(root, 'src')
  const cited = new Map()
  for (const path of sourceFiles(src)) {
    for (const key of citationsOf(readFileSync(path, 'utf8'))) add(cited, key, relative(src, path))
  }
  return cited
}

/**
 * Everything that shows something: `{ path, title, keys, isScript, matches }`, where `path` is relative to test, and `matches` tells whether
 * a result of a test run (file, titles from the outside in) belongs to it.
 */
export function readTests(root) {
  const test = join(root, 'test')
  const tests = sourceFiles(test)
    .filter((path) => path.endsWith('.test.ts') && !relative(test, path).startsWith('soak/'))
    .flatMap((path) => testsOf(path, relative(test, path)))
  return [...tests, ...readScripts(join(test, 'conformance'))]
}

/** The tests and groups of a file whose own title cites something. */
function testsOf(path, name) {
  const found = []
  const visit = (node, groups) => {
    const titled = ts.isCallExpression(node) ? titleOf(node) : undefined
    if (titled?.isSkipped) return
    const titles = titled === undefined ? groups : [...groups, titled.title]
    if (titled !== undefined) {
      const keys = citationsOf(titled.title)
      if (keys.size > 0) found.push({ path: name, title: titled.title, keys, matches: matcher(name, titles) })
    }
    ts.forEachChild(node, (child) => visit(child, titles))
  }
  visit(parse(path), [])
  return found
}

/** `test('…')`, `describe.each(…)('…')`: the title, and whether it is left out. Undefined for other calls. */
function titleOf(call) {
  const [first] = call.arguments
  if (first === undefined || !(ts.isStringLiteralLike(first) || ts.isTemplateExpression(first)))
    return undefined
  const callee = call.expression.getText()
  if (!/^(?:test|it|describe)\b/.test(callee)) return undefined
  const title = ts.isStringLiteralLike(first) ? first.text : first.getText().slice(1, -1)
  return { title, isSkipped: /^\w+\.(?:skip|todo)\b(?!If)/.test(callee) }
}

/** Results whose titles begin with `titles`, where what is filled in (`%s`, `$name`, `${…}`) may be anything. */
function matcher(path, titles) {
  const patterns = titles.map((title) => {
    const literal = title.replaceAll(/[.*+?^()|[\]\\{}]/g, '\\$&')
    return new RegExp(`^${literal.replaceAll(/%[a-z%]|\$\\\{.*?\\\}|\$[a-z][\w.]*/g, '.*')}$`, 's')
  })
  return (file, ran) => file === path && patterns.every((pattern, i) => pattern.test(ran[i] ?? ''))
}

/** Scripts: the first comment is the title, and all comments cite. */
function readScripts(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pkt'))
    .sort()
    .map((name) => {
      const comments = readFileSync(join(folder, name), 'utf8').match(/^\s*(?:\/\/|#).*$/gm) ?? []
      const title = comments[0]?.replace(/^\s*(?:\/\/|#)\s*/, '') ?? ''
      const matches = (_, ran) => ran.at(-1).endsWith(`(${name})`)
      return {
        path: `conformance/${name}`,
        title,
        keys: citationsOf(comments.join('\n')),
        isScript: true,
        matches,
      }
    })
}

/** Which deviations cite each key: a Map to `{ what, why }` of the table in docs/deviations.md. */
export function readDeviations(root) {
  const path = join(root, 'docs/deviations.md')
  const found = new Map()
  if (!existsSync(path)) return found
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const [, requirement, , what, why] = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
    if (why === undefined || why === '' || /^-+$/.test(why)) continue
    for (const key of citationsOf(requirement)) add(found, key, { what, why })
  }
  return found
}

/** The results of a vitest run (`--reporter=json`): `{ file, titles, passed }`, files relative to test. */
export function readReport(root, path) {
  const { testResults } = JSON.parse(readFileSync(path, 'utf8'))
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ ancestorTitles, title, status }) => ({
        file: relative(join(root, 'test'), name),
        titles: [...ancestorTitles, title],
        passed: status === 'passed',
      })),
  )
}

function add(map, key, value) {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else if (!values.includes(value)) values.push(value)
}
