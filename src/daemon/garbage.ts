import { collectSoon } from '../device/process.ts'

/** V8 goes by what was allocated in the last five seconds; milliseconds. */
const QUIET = 8000

/**
 * What is called when much has become garbage: it is collected now, and again some seconds after the last call, since only a heap in which
 * little is allocated gives free memory back.
 */
export function collectTwice(collect = collectSoon): () => void {
  let again: NodeJS.Timeout | undefined
  return () => {
    collect()
    clearTimeout(again)
    again = setTimeout(collect, QUIET).unref()
  }
}
