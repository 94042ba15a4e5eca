import { addon } from './tun.ts'

/** After this no program that any thread of the process starts gains privileges. Throws an Error with the errno's name as code. */
export const setNoNewPrivileges = (): void => addon().setNoNewPrivileges()

/**
 * Asks V8 to look for garbage in the background and to give the memory back. It would wait until more is allocated, which a thread that has
 * become idle never does.
 */
export const collectSoon = (): void => addon().collectSoon()

/** Tells the service manager, as sd_notify(3): `READY=1`, `STOPPING=1`, `STATUS=…`. False when there is none. */
export function notifyServiceManager(state: string): boolean {
  const socket = process.env.NOTIFY_SOCKET
  if (socket === undefined || socket === '') return false
  addon().notify(socket, state)
  return true
}
