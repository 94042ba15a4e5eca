// No file of src over 400 lines, no function over 60.
//
// usage: node tools/check-sizes.mjs [--report] [ROOT]    (ROOT holds src; the current directory by default)
import { join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { complaint, conclude, lineOf, parse, sourceFiles, walk } from './source.mjs'

const FILE_LINES = 400
const FUNCTION_LINES = 60

function linesOf(file) {
  const text = file.text
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

/** A function's size: the lines its body touches, braces included. */
function bodyLines(body) {
  const file = body.getSourceFile()
  const lineAt = (position) => file.getLineAndCharacterOfPosition(position).line
  return lineAt(body.getEnd()) - lineAt(body.getStart(file)) + 1
}

function nameOf(node) {
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  if (ts.isClassStaticBlockDeclaration(node)) return 'static block'
  if (node.name !== undefined) return node.name.getText()
  const parent = node.parent
  if (
    ts.isVariableDeclaration(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isPropertyDeclaration(parent)
  ) {
    return parent.name.getText()
  }
  return 'anonymous function'
}

/** Every function with a body in a file: `{ path, line, name, lines }`. */
function functionsOf(file) {
  const found = []
  walk(file, (node) => {
    if (!ts.isFunctionLike(node) && !ts.isClassStaticBlockDeclaration(node)) return
    if (node.body === undefined) return
    found.push({ path: file.fileName, line: lineOf(node), name: nameOf(node), lines: bodyLines(node.body) })
  })
  return found
}

const median = (sorted) => sorted[Math.floor(sorted.length / 2)] ?? 0

function summary(what, items, limit, describe) {
  const sorted = [...items].sort((a, b) => a.lines - b.lines)
  const largest = sorted.at(-1)
  const numbers = sorted.map((item) => item.lines)
  const tail = largest === undefined ? '' : ` (${describe(largest)})`
  return `${what}: ${items.length}, median ${median(numbers)} lines, max ${numbers.at(-1) ?? 0} of ${limit}${tail}`
}

const options = process.argv.slice(2)
const root = resolve(options.find((option) => !option.startsWith('--')) ?? '.')
const trees = sourceFiles(join(root, 'src')).map(parse)
const files = trees.map((file) => ({ path: file.fileName, lines: linesOf(file) }))
const functions = trees.flatMap(functionsOf)

const complaints = [
  ...files
    .filter((file) => file.lines > FILE_LINES)
    .map((file) =>
      complaint(root, file.path, FILE_LINES + 1, `file has ${file.lines} lines, limit ${FILE_LINES}`),
    ),
  ...functions
    .filter((each) => each.lines > FUNCTION_LINES)
    .map((each) =>
      complaint(root, each.path, each.line, `${each.name} has ${each.lines} lines, limit ${FUNCTION_LINES}`),
    ),
]

if (options.includes('--report')) {
  console.log(summary('files', files, FILE_LINES, (file) => relative(root, file.path)))
  console.log(
    summary(
      'functions',
      functions,
      FUNCTION_LINES,
      (each) => `${each.name}, ${relative(root, each.path)}:${each.line}`,
    ),
  )
}
process.exitCode = conclude(
  complaints,
  `${files.length} files and ${functions.length} functions within their sizes`,
)
