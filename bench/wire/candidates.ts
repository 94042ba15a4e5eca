import { join } from 'node:path'
import { ROOT } from '../../test/support/netns.ts'
import { lacksLwip, type ProgramName, pathOf } from './native.ts'

/** The stack's address, and the kernel's. */
export const STACK = '10.66.0.2'
export const HOST = '10.66.0.1'
export const MASK_BITS = 16
const MASK = '255.255.0.0'

export const DEVICE = 'tun0'

/** What can be measured. */
export interface Candidate {
  key: string
  name: string
  /** The candidate that says how much of the possible this is. */
  reference?: string
  /** Who makes the device: the bench, the program itself, or nobody, since the other end is the kernel's own stack. */
  device: 'made' | 'own' | 'veth'
  usesOffload: boolean
  /** It gets faster while it runs. */
  isCompiledLate?: true
  /** Its memory is not its process's. */
  isInKernel?: true
  needs?: ProgramName
  /** Why it cannot be measured here, or undefined. */
  lacks?: () => string | undefined
  /** The command line; `folder` is for files that are gone afterwards. */
  words(folder: string): string[]
}

const tunstack = (folder: string, ...more: string[]): string[] => [
  process.execPath,
  join(ROOT, 'dist/cli/main.js'),
  'up',
  ...['--dev', DEVICE, '--address', `${STACK}/${MASK_BITS}`, '--host-address', HOST],
  ...['--control', join(folder, 'control.sock'), '--log-level', 'warn'],
  ...['--service', 'echo:7', '--service', 'discard:9', '--service', 'chargen:19'],
  ...more,
]

/** In the order of the table. */
export const CANDIDATES: readonly Candidate[] = [
  {
    key: 'tunstack',
    name: 'tunstack',
    reference: 'limits',
    device: 'own',
    usesOffload: true,
    isCompiledLate: true,
    words: (folder) => tunstack(folder),
  },
  {
    key: 'limits',
    name: 'C limit',
    device: 'made',
    usesOffload: true,
    needs: 'limits',
    words: () => [pathOf('limits'), DEVICE, '--offload'],
  },
  {
    key: 'tunstack-plain',
    name: 'tunstack --no-offload',
    reference: 'limits-plain',
    device: 'own',
    usesOffload: false,
    isCompiledLate: true,
    words: (folder) => tunstack(folder, '--no-offload'),
  },
  {
    key: 'limits-plain',
    name: 'C limit, no offload',
    device: 'made',
    usesOffload: false,
    needs: 'limits',
    words: () => [pathOf('limits'), DEVICE],
  },
  {
    key: 'lwip',
    name: 'lwIP',
    reference: 'limits-plain',
    device: 'made',
    usesOffload: false,
    needs: 'lwip',
    lacks: lacksLwip,
    words: () => [pathOf('lwip'), DEVICE, STACK, MASK, HOST],
  },
  {
    key: 'kernel',
    name: 'kernel, veth',
    device: 'veth',
    usesOffload: true,
    isInKernel: true,
    reference: 'limits',
    needs: 'serve',
    words: () => [pathOf('serve')],
  },
]
