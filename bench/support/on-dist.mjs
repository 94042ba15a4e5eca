// Runs the benches' TypeScript on the built code: `node --import ./bench/support/on-dist.mjs bench/heap.ts`.
import { register } from 'node:module'

register('./on-dist-hooks.mjs', import.meta.url)
