import { fstatSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { SECOND } from '../base/time.ts'
import { formatAddress } from '../wire/address.ts'
import type { DaemonConfig } from './config.ts'
import { ControlServer } from './control.ts'
import { createStack } from './create-stack.ts'
import { lockDevice } from './device-lock.ts'
import { DaemonError, UsageError } from './errors.ts'
import { createLogger, type Logger } from './logging.ts'
import { removePidFile, writePidFile } from './pid-file.ts'
import { type Account, dropPrivileges, findAccount, giveTo } from './privileges.ts'
import { createQueuedStack } from './queued-stack.ts'
import { announceReady, tellServiceManager } from './ready.ts'
import type { ServedStack } from './served-stack.ts'
import { StopRequests } from './stop-requests.ts'
import { Undo } from './undo.ts'

/** How long connections may take to close in order. */
const GRACE = 5 * SECOND

/** Something that runs beside the daemon and ends it, such as a shell. */
export interface Session {
  /** Resolves with the reason why it ended. */
  readonly ended: Promise<string>
  end(): void
}

/** What the daemon is made of, where a test or a caller has its own. */
export interface DaemonParts {
  createStack?: (config: DaemonConfig, log: Logger) => Promise<ServedStack>
  log?: Logger
  stop?: StopRequests
  /** Begun when the daemon is ready. */
  startSession?: (config: DaemonConfig) => Session
}

/**
 * Serves until it is asked to stop. Resolves with the exit status: 0 asked to stop, 1 failed. Throws UsageError, and DaemonError when
 * it cannot begin (with logs in JSON that is a record of the log instead).
 */
export async function runDaemon(config: DaemonConfig, parts: DaemonParts = {}): Promise<number> {
  const log = parts.log ?? createLogger(config)
  const stop = parts.stop ?? listenToSignals()
  const undo = new Undo(log)
  try {
    const stack = await bringUp(config, parts.createStack ?? creatorFor(config), log, undo)
    announceReady({ ...config, dev: stack.dev })
    tellServiceManager('READY=1', log)
    const session = parts.startSession?.(config)
    if (session !== undefined) undo.add('end the session', () => session.end())
    return await serve(stack, stop, session, log)
  } catch (error) {
    if (!(error instanceof DaemonError) || config.logFormat === 'text') throw error
    log.fatal({ code: error.code, hint: error.hint }, error.message)
    return 1
  } finally {
    await undo.run()
    log.flush()
  }
}

/** With one queue everything happens in this thread. */
const creatorFor = ({ queues }: DaemonConfig): NonNullable<DaemonParts['createStack']> =>
  queues === 1 ? (config, log) => createStack(config, log) : createQueuedStack

/** The handlers stay to the process's end: the second half of a doubled Ctrl-C may come late. */
function listenToSignals(): StopRequests {
  const stop = new StopRequests(() => performance.now())
  stop.listen()
  return stop
}

/** Takes everything that serving needs, and gives up what only that needed. */
async function bringUp(
  config: DaemonConfig,
  create: NonNullable<DaemonParts['createStack']>,
  log: Logger,
  undo: Undo,
): Promise<ServedStack> {
  const account = config.user === undefined ? undefined : findAccount(config.user)
  requireOpen('--ready-fd', config.readyFd)
  requireOpen('--tun-fd', config.tunFd)
  const lock = await lockDevice(config.dev)
  undo.add('release the lock', () => lock.release())
  const stack = await create(config, log)
  undo.add('let the device go', () => stack.abort())
  const control = await ControlServer.listen(config.control, stack.verbs)
  undo.add('close the control socket', () => control.close())
  const { pidFile } = config
  if (pidFile !== undefined) {
    writePidFile(pidFile)
    undo.add('remove the pid file', () => removePidFile(pidFile))
  }
  const owned = [...control.owned, ...stack.files, ...(pidFile === undefined ? [] : [pidFile])]
  if (account !== undefined) become(account, owned, stack, log)
  stack.start()
  log.info({ address: formatAddress(config.address.address), mtu: config.mtu }, `serving on ${stack.dev}`)
  return stack
}

function become(account: Account, owned: string[], stack: ServedStack, log: Logger): void {
  giveTo(account, owned)
  dropPrivileges(account, () => stack.forbidNewPrivileges())
  log.info({ user: account.name, uid: account.uid, gid: account.gid }, 'gave up privileges')
}

function requireOpen(option: string, fd: number | undefined): void {
  if (fd === undefined) return
  try {
    fstatSync(fd)
  } catch {
    throw new UsageError(`${option}: descriptor ${fd} is not open`)
  }
}

/** Waits for the reason to end, and ends in order; at once when somebody insists. */
async function serve(
  stack: ServedStack,
  stop: StopRequests,
  session: Session | undefined,
  log: Logger,
): Promise<number> {
  const reasons = [stop.orderly, stack.failed]
  const reason = await Promise.race(session === undefined ? reasons : [...reasons, session.ended])
  if (reason instanceof Error) {
    log.fatal({ err: reason }, 'cannot serve any longer')
    return 1
  }
  log.info({ reason }, 'stopping')
  tellServiceManager('STOPPING=1', log)
  await Promise.race([stack.close(GRACE), stop.forced])
  log.info('stopped')
  return 0
}
