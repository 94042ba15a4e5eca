import type { CaptureWriter } from '../device/capture.ts'
import { SystemCalls } from '../socket/system-calls.ts'
import type { CommandAction, Script, ScriptEvent } from './ast.ts'
import { CallEvents } from './call-events.ts'
import type { CodeValue } from './code-ast.ts'
import { runCodeBlock } from './code-block.ts'
import { codeConstants } from './code-constants.ts'
import { runCommand } from './commands/commands.ts'
import { CounterWatch } from './counter-watch.ts'
import { Mismatch } from './failure.ts'
import { Machine } from './machine.ts'
import { PacketEvents } from './packet-events.ts'
import { PacketLog, showBytes } from './packet-log.ts'
import { type Failure, failureOf } from './report.ts'
import { dueAt, slackOf, windowOf } from './script-time.ts'
import { applyOptions, defaultSettings, type Settings } from './settings.ts'
import { tcpInfoVariables } from './tcp-info.ts'
import { FIRST_REMOTE_PORT, UnderTest } from './under-test.ts'

export interface RunOptions {
  /** Of the command line: they win over the script's. */
  readonly overrides?: readonly { readonly name: string; readonly value: string | undefined }[]
  readonly capture?: CaptureWriter | undefined
  /** Receives the lines that code blocks print. */
  readonly print?: (line: string) => void
}

/** What became of a script. */
export interface Verdict {
  readonly file: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly failure: Failure | undefined
  /** Why it was skipped. */
  readonly reason: string | undefined
  /** Failures that the script says are not fatal. */
  readonly warnings: readonly Failure[]
  /** Virtual time that it took, microseconds. */
  readonly elapsed: number
}

/** Runs a script against a fresh stack, in virtual time. Throws nothing: whatever goes wrong is the verdict. */
export function runScript(script: Script, options: RunOptions = {}): Verdict {
  const settings = defaultSettings()
  const verdict = { file: script.file, failure: undefined, reason: undefined, warnings: [], elapsed: 0 }
  try {
    applyOptions(settings, script.options)
    const place = { file: 'the command line', line: 1, column: 1 }
    applyOptions(
      settings,
      (options.overrides ?? []).map((option) => ({ ...option, place })),
    )
    if (settings.skip !== undefined) return { ...verdict, outcome: 'skipped', reason: settings.skip }
    const run = new Run(script, settings, options)
    const failure = run.run()
    const { warnings, machine } = run
    const outcome = failure === undefined ? 'passed' : 'failed'
    machine.release()
    return { ...verdict, outcome, failure, warnings, elapsed: machine.elapsed }
  } catch (error) {
    return { ...verdict, outcome: 'failed', failure: failureOf(error, script, undefined, [], []) }
  }
}

/** An event that is over: when it was due, and when it really ended, on the script's clock. */
interface Past {
  readonly due: number
  readonly finished: number
  readonly isInbound: boolean
}

const START: Past = { due: 0, finished: 0, isInbound: false }

/** One script on its machine. */
class Run {
  readonly machine: Machine
  readonly warnings: Failure[] = []
  readonly #script: Script
  readonly #settings: Settings
  readonly #underTest: UnderTest
  readonly #packets: PacketEvents
  readonly #calls: CallEvents
  readonly #log = new PacketLog()
  readonly #counters: CounterWatch
  readonly #variables: Map<string, CodeValue> = codeConstants()
  readonly #print: (line: string) => void
  #event: ScriptEvent | undefined

  constructor(script: Script, settings: Settings, options: RunOptions) {
    this.#script = script
    this.#settings = settings
    this.#print = options.print ?? (() => {})
    this.machine = new Machine({
      address: settings.localAddress,
      prefix: 16,
      mtu: settings.mtu,
      segmentationOffload: settings.offload,
      profile: settings.profile,
      seed: seedOf(script.file),
      capture: options.capture,
      flow: {
        localPort: settings.localPort,
        remote: settings.remoteAddress,
        remotePort: FIRST_REMOTE_PORT,
      },
    })
    this.#counters = new CounterWatch(this.machine.stack.counters)
    this.#underTest = new UnderTest(settings)
    this.#packets = new PacketEvents(this.machine, this.#underTest, settings, this.#log)
    this.#calls = new CallEvents({
      machine: this.machine,
      underTest: this.#underTest,
      settings,
      calls: new SystemCalls(this.machine.sockets),
    })
  }

  /** Undefined when all went as the script says. */
  run(): Failure | undefined {
    const failure = this.#guard(() => this.#events())
    const cleanup = this.#guard(() => {
      if (this.#script.cleanup !== undefined) this.#command(this.#script.cleanup)
    })
    return failure ?? cleanup
  }

  #events(): void {
    const { init, events } = this.#script
    if (init !== undefined) this.#command(init)
    this.machine.turn()
    let past = START
    for (const event of events) past = this.#play(event, past)
    this.#calls.finish()
    this.#calls.settle()
    if (this.#settings.strict) this.#expectNothing(this.machine.elapsed + 1)
  }

  #play(event: ScriptEvent, past: Past): Past {
    this.#event = event
    this.#counters.mark()
    const { action, time } = event
    const isInbound = action.kind === 'packet' && action.packet.direction === 'inbound'
    const base = time.base === 'start' ? 0 : isInbound && past.isInbound ? past.due : past.finished
    const due = dueAt(time, base)
    try {
      if (action.kind === 'packet' && !isInbound) {
        this.#packets.expect(action, windowOf(time, base, past.due, this.#settings.tolerance))
      } else {
        this.#act(event, due, base, past)
      }
    } catch (error) {
      if (!this.#isForgiven(error)) throw error
      this.warnings.push(this.#failure(error))
    }
    return { due, finished: this.machine.elapsed, isInbound }
  }

  #act({ action }: ScriptEvent, due: number, base: number, past: Past): void {
    const { machine } = this
    if (action.kind === 'call') this.#calls.finish()
    machine.run(machine.start + due)
    this.#calls.settle()
    if (this.#settings.strict) this.#expectNothing(due - slackOf(due - past.due, this.#settings.tolerance))
    switch (action.kind) {
      case 'packet':
        this.#packets.send(action)
        break
      case 'call':
        this.#calls.make(action, due, action.until === undefined || base === 0 ? 0 : base)
        break
      case 'command':
        this.#command(action)
        break
      case 'code':
        tcpInfoVariables(this.#variables, this.#underTest)
        runCodeBlock(action.block, this.#variables, this.#print)
    }
    machine.turn()
    this.#calls.settle()
  }

  #command(command: CommandAction): void {
    runCommand(command, { machine: this.machine })
  }

  /** With `--strict`: nothing that was sent before `time` may be left. */
  #expectNothing(time: number): void {
    const bytes = this.#packets.unexpected(time)
    if (bytes === undefined) return
    const place = this.#event?.place ?? { file: this.#script.file, line: 1, column: 1 }
    throw new Mismatch(
      'packet',
      place,
      'a packet was sent that no event before this one expects',
      undefined,
      showBytes(bytes, this.#underTest.current),
    )
  }

  #isForgiven(error: unknown): boolean {
    if (!(error instanceof Mismatch) || error.kind === 'command') return false
    return this.#settings.nonFatal.has(error.kind === 'packet' ? 'packet' : 'syscall')
  }

  #guard(act: () => void): Failure | undefined {
    try {
      act()
      return undefined
    } catch (error) {
      return this.#failure(error)
    }
  }

  #failure(error: unknown): Failure {
    return failureOf(error, this.#script, this.#event, this.#log.lines(), this.#counters.moved())
  }
}

/** Runs repeat exactly, and differ from file to file. */
function seedOf(file: string): number {
  let seed = 17
  for (let i = 0; i < file.length; i++) seed = (Math.imul(seed, 31) + file.charCodeAt(i)) | 0
  return seed
}
