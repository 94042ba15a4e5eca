import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Subjects are loaded by Node itself, on the code in dist: what vitest transforms reaches every import through a getter. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('.', import.meta.url)),
    benchmark: { include: ['*.bench.ts'] },
    pool: 'forks',
    execArgv: ['--import', fileURLToPath(new URL('support/on-dist.mjs', import.meta.url))],
    server: { deps: { external: [/\/bench\/(subjects|support)\//] } },
    fileParallelism: false,
  },
})
