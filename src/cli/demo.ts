import { setTimeout as sleep } from 'node:timers/promises'
import { MILLISECOND } from '../base/time.ts'
import { Demo } from '../daemon/demo.ts'
import { type DemoWords, readDemoOptions } from '../daemon/demo-options.ts'
import { tellDemo } from './demo-lines.ts'
import { drawDemo } from './demo-screen.ts'
import { conclude } from './demo-text.ts'
import { Status } from './status.ts'

/** Milliseconds between two frames. */
const FRAME = 40

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const ERASE_REST = '\x1b[K'

/** Exit status after Ctrl-C, as shells have it. */
const INTERRUPTED = 130

/** Transfers data between two stacks in virtual time, and shows it; resolves with the exit status. */
export async function runDemo(words: DemoWords): Promise<number> {
  const demo = new Demo(readDemoOptions(words))
  if (process.stdout.isTTY && process.env.TERM !== 'dumb') {
    if (!(await showDemo(demo))) return INTERRUPTED
  } else {
    tellDemo(demo, (line) => process.stdout.write(`${line}\n`))
  }
  process.stdout.write(`${conclude(demo).join('\n')}\n`)
  return demo.isGood ? Status.Done : Status.Failed
}

/** Plays the demo in frames, each drawn over the one before. False when it was interrupted. */
async function showDemo(demo: Demo): Promise<boolean> {
  const { stdout } = process
  const { speed } = demo.options
  let isInterrupted = false
  let drawn = 0
  const draw = (): void => {
    const lines = drawDemo(demo, stdout.columns, stdout.rows)
    const up = drawn === 0 ? '' : `\x1b[${drawn}A\r`
    stdout.write(`${up}${lines.map((line) => `${line}${ERASE_REST}\n`).join('')}`)
    drawn = lines.length
  }
  const interrupt = (): void => {
    isInterrupted = true
  }
  process.once('SIGINT', interrupt)
  stdout.write(HIDE_CURSOR)
  try {
    while (!demo.isOver && !demo.isEnded && !isInterrupted) {
      draw()
      demo.step(speed === 0 ? 250 * MILLISECOND : speed * FRAME * MILLISECOND)
      await sleep(speed === 0 ? 0 : FRAME)
    }
    if (!isInterrupted) demo.finish()
    draw()
  } finally {
    stdout.write(SHOW_CURSOR)
    process.off('SIGINT', interrupt)
  }
  return !isInterrupted
}
