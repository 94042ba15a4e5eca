// Imports point only inward, and the core has no clock, no chance and no operating system.
//
// usage: node tools/check-layers.mjs [ROOT]    (ROOT holds src; the current directory by default)
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { complaint, conclude, lineOf, sourceFiles, walk } from './source.mjs'

/** From the inside out; the folders of one ring never import each other. */
const RINGS = [
  ['base'],
  ['wire'],
  ['ip', 'icmp', 'udp', 'tcp'],
  ['stack'],
  ['device'],
  ['sim'],
  ['socket'],
  ['net', 'observe', 'conformance'],
  ['daemon', 'cli'],
]

/** The one exception within a ring: the command `up` starts the daemon, and never the other way round. */
const STARTS = { from: 'cli', to: 'daemon' }

const LAST_CORE_RING = RINGS.findIndex((ring) => ring.includes('socket'))

/** Where the core meets the machine: the TUN device with its options, the real clock, and the process (docs/decisions/0002). */
const MEETS_THE_MACHINE = new Set([
  'device/tun.ts',
  'device/tun-options.ts',
  'device/real-clock.ts',
  'device/process.ts',
])

/** Globals that would let time, chance or the operating system into the core. */
const AMBIENT = new Set([
  'Buffer',
  'Date',
  'NodeJS',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'console',
  'crypto',
  'fetch',
  'global',
  'globalThis',
  'performance',
  'process',
  'require',
  'setImmediate',
  'setInterval',
  'setTimeout',
])

const ringOf = (folder) => RINGS.findIndex((ring) => ring.includes(folder))

/** The folder of src that a path lies in; undefined for files of src itself. */
function folderOf(path) {
  const parts = path.split('/')
  return parts.length > 1 ? parts[0] : undefined
}

/** All module specifiers of a file: import, export from, import(), import type and import('...') types. */
function specifiersOf(file) {
  const found = []
  walk(file, (node) => {
    const specifier = specifierOf(node)
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) found.push(specifier)
  })
  return found
}

function specifierOf(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return node.arguments[0]
  if (ts.isExternalModuleReference(node)) return node.expression
  return undefined
}

/** What is wrong with an import of `specifier` in the file `path` (relative to src), or undefined. */
function judgeImport(path, specifier) {
  const folder = folderOf(path)
  const core = folder !== undefined && ringOf(folder) <= LAST_CORE_RING
  if (!specifier.startsWith('.')) return core ? judgePackage(path, folder, specifier) : undefined
  const target = relative('/', resolve('/', dirname(path), specifier))
  if (escapes(path, specifier)) {
    return MEETS_THE_MACHINE.has(path) ? undefined : `import of '${specifier}' leaves src`
  }
  if (!specifier.endsWith('.ts')) return `import of '${specifier}' must end in .ts`
  return judgeDirection(folder, folderOf(target), target)
}

function judgePackage(path, folder, specifier) {
  if (!specifier.startsWith('node:')) return `${folder} is core and imports no package ('${specifier}')`
  return MEETS_THE_MACHINE.has(path) ? undefined : `${folder} is core and imports no '${specifier}'`
}

function escapes(path, specifier) {
  return relative('src', join('src', dirname(path), specifier)).startsWith('..')
}

function judgeDirection(from, to, target) {
  if (from === undefined || from === to) return undefined
  if (to === undefined) return `${from} imports ${target}, which lies outside all folders`
  if (ringOf(to) === -1) return `${from} imports ${to}, which is in no ring (tools/check-layers.mjs)`
  if (from === STARTS.from && to === STARTS.to) return undefined
  if (ringOf(to) === ringOf(from)) return `${from} imports ${to}: folders of one ring do not know each other`
  return ringOf(to) > ringOf(from) ? `${from} imports ${to}: imports point inward` : undefined
}

/** Every use of an ambient global in a file, as [node, name]. A local binding of the same name is none. */
function ambientUses(file, checker) {
  const found = []
  walk(file, (node) => {
    if (!ts.isIdentifier(node)) return
    if (node.text === 'Math' && isFree(node, checker) && readsRandom(node)) found.push([node, 'Math.random'])
    if (AMBIENT.has(node.text) && isFree(node, checker)) found.push([node, node.text])
  })
  return found
}

/** Whether an identifier refers to something that no file of ours declares. */
function isFree(node, checker) {
  const parent = node.parent
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return false
  if (ts.isQualifiedName(parent) && parent.right === node) return false
  if (ts.isBindingElement(parent) && parent.propertyName === node) return false
  if ((ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) && parent.propertyName !== undefined) {
    return parent.propertyName === node && ts.isExportSpecifier(parent)
  }
  if (ts.isShorthandPropertyAssignment(parent)) return !checker.getShorthandAssignmentValueSymbol(parent)
  if (node.text === 'globalThis') return true // the compiler knows it without a library
  return !checker.getSymbolAtLocation(node)?.declarations?.length
}

function readsRandom(math) {
  const parent = math.parent
  if (ts.isPropertyAccessExpression(parent)) return parent.name.text === 'random'
  if (ts.isElementAccessExpression(parent)) return parent.argumentExpression.text === 'random'
  return ts.isVariableDeclaration(parent) && parent.initializer === math
}

function checkFile(root, file, checker) {
  const path = relative(join(root, 'src'), file.fileName)
  const folder = folderOf(path)
  const say = (node, text) => complaint(root, file.fileName, lineOf(node), text)
  if (folder !== undefined && ringOf(folder) === -1) {
    return [complaint(root, file.fileName, 1, `folder ${folder} is in no ring (tools/check-layers.mjs)`)]
  }
  const complaints = []
  for (const specifier of specifiersOf(file)) {
    const wrong = judgeImport(path, specifier.text)
    if (wrong !== undefined) complaints.push(say(specifier, wrong))
  }
  if (folder === undefined || ringOf(folder) > LAST_CORE_RING || MEETS_THE_MACHINE.has(path))
    return complaints
  for (const [node, name] of ambientUses(file, checker)) {
    complaints.push(say(node, `${folder} is core and uses no ${name}`))
  }
  return complaints
}

const root = resolve(process.argv[2] ?? '.')
const paths = sourceFiles(join(root, 'src'))
// Without libraries and without following imports, whatever no file declares is a global.
const program = ts.createProgram(paths, { noLib: true, noResolve: true, noEmit: true, types: [] })
const checker = program.getTypeChecker()
const complaints = program
  .getSourceFiles()
  .filter((file) => paths.includes(file.fileName))
  .flatMap((file) => checkFile(root, file, checker))
process.exitCode = conclude(complaints, `${paths.length} files, imports point inward`)
