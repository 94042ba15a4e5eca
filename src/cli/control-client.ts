import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { CONTROL_VARIABLE, controlPathOf, RUN_FOLDER } from '../daemon/control-path.ts'
import type { ControlRequest, ControlResponse } from '../daemon/control-protocol.ts'
import { codeOf, DaemonError, messageOf } from '../daemon/errors.ts'

/** How long the daemon may be silent, milliseconds. */
const PATIENCE = 10_000

/** Where a client finds its daemon: as asked for, else the only one there is, else that of tun0. */
export function findControl(asked: { control?: string; dev?: string }): string {
  if (asked.control !== undefined) return asked.control
  if (asked.dev !== undefined) return controlPathOf(asked.dev)
  const usual = controlPathOf('tun0')
  const sockets = process.env[CONTROL_VARIABLE] ? [] : listSockets()
  const [only] = sockets
  return sockets.length === 1 && only !== undefined ? join(RUN_FOLDER, only) : usual
}

function listSockets(): string[] {
  try {
    return readdirSync(RUN_FOLDER).filter((name) => name.endsWith('.sock'))
  } catch {
    return []
  }
}

/** Asks the daemon at `path`; resolves with the verb's result. Throws DaemonError. */
export async function ask(path: string, verb: string, args: unknown): Promise<unknown> {
  const request: ControlRequest = { verb, args }
  const response = readResponse(await exchange(path, `${JSON.stringify(request)}\n`), path)
  if (response.ok) return response.result
  throw new DaemonError('EREFUSED', response.error)
}

/** Sends one line and receives one. */
function exchange(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    const socket = connect(path).setTimeout(PATIENCE)
    socket.on('connect', () => socket.write(line))
    socket.on('data', (piece) => {
      pieces.push(piece)
      if (piece.includes(0x0a)) socket.destroy()
    })
    socket.on('timeout', () =>
      socket.destroy(new DaemonError('ETIMEDOUT', `the daemon at ${path} does not answer`)),
    )
    socket.on('error', (error) => reject(error instanceof DaemonError ? error : connectFailure(error, path)))
    socket.on('close', () => resolve(Buffer.concat(pieces).toString('utf8')))
  })
}

function connectFailure(error: unknown, path: string): DaemonError {
  const code = codeOf(error)
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    const hint = 'start it with `tunstack up`, or name its socket with --control PATH'
    return new DaemonError('ENODAEMON', `no daemon is running at ${path}`, hint)
  }
  if (code === 'EACCES') {
    return new DaemonError(
      code,
      `you may not talk to the daemon at ${path}`,
      'its owner and its group may; try sudo',
    )
  }
  return new DaemonError(code, `cannot talk to the daemon at ${path}: ${messageOf(error)}`)
}

function readResponse(text: string, path: string): ControlResponse {
  if (!text.endsWith('\n'))
    throw new DaemonError('ECONNRESET', `the daemon at ${path} ended the conversation`)
  try {
    return JSON.parse(text) as ControlResponse
  } catch {
    throw new DaemonError('EPROTO', `what answers at ${path} is not a tunstack daemon`)
  }
}
