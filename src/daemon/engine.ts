import { setFlagsFromString } from 'node:v8'

/**
 * Lets V8 inline all of a segment's way through the stack: its own limit (920 bytes of bytecode a function) cuts it at
 * places that change with every edit. To be called before the code is hot.
 */
export function tuneEngine(): void {
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=4000')
}
