// What `typescript-loader.mjs` registers; Node runs it in a thread of its own.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

let strip

/** Rolldown comes with vitest and starts in a tenth of the time; TypeScript is what we depend on. */
async function stripper() {
  try {
    const { transform } = await import('rolldown/experimental')
    const options = { target: 'es2023', typescript: { onlyRemoveTypeImports: true } }
    return async (path, source) => (await transform(path, source, options)).code
  } catch {
    const { default: ts } = await import('typescript')
    const options = {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    }
    return (path, source) =>
      ts.transpileModule(source, { compilerOptions: options, fileName: path }).outputText
  }
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
  strip ??= stripper()
  const path = fileURLToPath(url)
  const source = await (await strip)(path, await readFile(path, 'utf8'))
  return { format: 'module', source, shortCircuit: true }
}
