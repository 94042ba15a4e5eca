import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { conformFile, type FileOptions, type TimedVerdict } from './conform-file.ts'
import type { WorkerShare } from './conform-worker.ts'

/** Runs the scripts, in `jobs` threads, and hands over the verdicts in the order of the files. */
export async function conformFiles(
  files: readonly string[],
  options: FileOptions,
  jobs: number,
  take: (verdict: TimedVerdict) => void,
): Promise<void> {
  const count = Math.min(jobs, files.length)
  if (count <= 1) {
    for (const file of files) take(conformFile(file, options))
    return
  }
  const inOrder = new InOrder(take)
  const shares = Array.from(
    { length: count },
    (_, first): WorkerShare => ({ files, first, step: count, options }),
  )
  await Promise.all(shares.map((share) => runShare(share, inOrder)))
}

/** Verdicts that come in any order. */
class InOrder {
  readonly #take: (verdict: TimedVerdict) => void
  readonly #waiting = new Map<number, TimedVerdict>()
  #next = 0

  constructor(take: (verdict: TimedVerdict) => void) {
    this.#take = take
  }

  add(index: number, verdict: TimedVerdict): void {
    this.#waiting.set(index, verdict)
    for (
      let ready = this.#waiting.get(this.#next);
      ready !== undefined;
      ready = this.#waiting.get(this.#next)
    ) {
      this.#waiting.delete(this.#next++)
      this.#take(ready)
    }
  }
}

function runShare(share: WorkerShare, inOrder: InOrder): Promise<void> {
  const file = fileURLToPath(new URL(`conform-worker${extname(import.meta.url)}`, import.meta.url))
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { workerData: share })
    worker.on('message', ({ index, verdict }: { index: number; verdict: TimedVerdict }) =>
      inOrder.add(index, verdict),
    )
    worker.on('error', reject)
    worker.on('exit', () => resolve())
  })
}
