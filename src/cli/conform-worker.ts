import { parentPort, workerData } from 'node:worker_threads'
import { conformFile, type FileOptions } from './conform-file.ts'

/** What a worker is given: the scripts of which it runs every `step`th from `first` on. */
export interface WorkerShare {
  readonly files: readonly string[]
  readonly first: number
  readonly step: number
  readonly options: FileOptions
}

const { files, first, step, options } = workerData as WorkerShare
for (let i = first; i < files.length; i += step) {
  parentPort!.postMessage({ index: i, verdict: conformFile(files[i]!, options) })
}
