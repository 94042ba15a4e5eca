// Lets plain Node run the sources as they are: `node --import ./test/support/typescript-loader.mjs`.
import { readFile } from 'node:fs/promises'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

let typescript

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
  typescript ??= (await import('typescript')).default
  const source = await readFile(fileURLToPath(url), 'utf8')
  const { ModuleKind, ScriptTarget } = typescript
  const compilerOptions = {
    target: ScriptTarget.ES2023,
    module: ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  }
  const { outputText } = typescript.transpileModule(source, { compilerOptions, fileName: fileURLToPath(url) })
  return { format: 'module', source: outputText, shortCircuit: true }
}

if (isMainThread) register(import.meta.url)
