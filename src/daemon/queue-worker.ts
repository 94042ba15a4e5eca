import { parentPort, workerData } from 'node:worker_threads'
import { createStack } from './create-stack.ts'
import { Cursors } from './cursors.ts'
import { codeOf, DaemonError, messageOf, UsageError } from './errors.ts'
import { createForwarder } from './logging.ts'
import type { QueueCalls, QueueMessage, QueueRequest, QueueTask } from './queue-messages.ts'
import type { RunningStack } from './running-stack.ts'

/** The thread of one queue: a stack of its own, and the services on it. */

const { config, queue } = workerData as QueueTask
const port = parentPort!
const say = (message: QueueMessage): void => port.postMessage(message)
const log = createForwarder(config, (record) => say({ kind: 'log', record }))

function serve(stack: RunningStack): void {
  const cursors = new Cursors()
  const calls: QueueCalls = {
    start: () => stack.start(),
    collect: (view, args) => cursors.begin(stack.collect(view, args)),
    more: (cursor) => cursors.more(cursor),
    leave: (cursor) => cursors.leave(cursor),
    close: async (grace) => {
      await stack.close(grace)
      port.unref()
    },
  }
  port.on('message', async ({ id, call, args }: QueueRequest) => {
    try {
      const act = calls[call] as (...args: readonly unknown[]) => unknown
      say({ kind: 'answer', id, result: await act(...args) })
    } catch (error) {
      say({ kind: 'answer', id, error: messageOf(error) })
    }
  })
  say({ kind: 'opened', dev: stack.dev })
}

try {
  serve(await createStack(config, log, queue))
} catch (error) {
  const isUsage = error instanceof UsageError
  const hint = error instanceof DaemonError ? error.hint : undefined
  say({ kind: 'failed', isUsage, code: codeOf(error), message: messageOf(error), hint })
}
