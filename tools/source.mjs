// What the checks share: finding source files, parsing them, and saying where something is wrong.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'

/** Paths of all `.ts` files under `folder`, sorted; an absent folder has none. */
export function sourceFiles(folder) {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .sort()
}

/** The syntax tree of a file, with parent links. */
export function parse(path) {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2023, true)
}

/** Calls `visit` with every node below `node`, and with itself. */
export function walk(node, visit) {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

/** Line of a node's first token, counted from 1. */
export function lineOf(node) {
  const file = node.getSourceFile()
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}

/** One complaint, in the form that editors can jump to. */
export function complaint(root, path, line, text) {
  return `${relative(root, path)}:${line}: ${text}`
}

/** Prints the complaints, or the good news, and returns the exit status. */
export function conclude(complaints, good) {
  for (const line of complaints) console.error(line)
  if (complaints.length === 0) console.log(good)
  return complaints.length === 0 ? 0 : 1
}
