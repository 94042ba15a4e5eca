import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { release } from 'node:os'
import { run } from './netns.ts'

/** Whether the process has an io_uring. */
export function hasRing(pid: number | undefined): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).includes('io_uring')
    } catch {
      return false // closed meanwhile
    }
  })
}

/** System calls, by numbers that all architectures share. */
export const IO_URING_SETUP = 425
export const IO_URING_ENTER = 426

/** Has the kernel refuse one system call with an errno, as containers do (seccomp), and becomes the program of its arguments. */
const REFUSING = `
import ctypes, os, struct, sys
call, error = int(sys.argv[1]), int(sys.argv[2])
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, call), (0x06, 0, 0, 0x50000 | error), (0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *step) for step in steps))
program = struct.pack('HxxxxxxP', len(steps), ctypes.addressof(code))
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0
assert prctl(22, 2, program, 0, 0) == 0, os.strerror(ctypes.get_errno())
os.execvp(sys.argv[3], sys.argv[3:])
`

/** Words in front of a command line under which a system call fails with this errno. */
export const refusing = (call: number, errno: number): string[] => [
  'python3',
  '-c',
  REFUSING,
  String(call),
  String(errno),
]

/** Whether this kernel has io_uring for us, and promises not to wait for a TUN device (Linux 6.4). */
export function canHaveRing(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  if (major < 6 || (major === 6 && minor < 4)) return false
  // Refused: EPERM or ENOSYS. Allowed: EFAULT, since it gets no parameters.
  const probe = `import ctypes; c = ctypes.CDLL(None, use_errno=True); c.syscall(${IO_URING_SETUP}, 1, None); print(ctypes.get_errno())`
  return run(['python3', '-c', probe]).stdout.trim() === '14' && readDisabled() === '0'
}

function readDisabled(): string {
  try {
    return readFileSync('/proc/sys/kernel/io_uring_disabled', 'utf8').trim()
  } catch {
    return '0' // before Linux 6.6
  }
}
