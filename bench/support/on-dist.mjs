// Runs the benches' TypeScript on the built code: `node --import ./bench/support/on-dist.mjs bench/heap.ts`.
//
// BENCH_FLAGS holds flags of V8 to try out.
import { register } from 'node:module'
import { setFlagsFromString } from 'node:v8'

for (const flag of process.env.BENCH_FLAGS?.split(' ') ?? []) setFlagsFromString(flag)
register('./on-dist-hooks.mjs', import.meta.url)
