import { MILLISECOND } from '../base/time.ts'
import type { Demo } from '../daemon/demo.ts'
import { describeData, describeLink, describeTransition, progressOf, rowOf, seconds } from './demo-text.ts'

/** Progress is told so often. */
const TENTHS = 10

/** Runs the demo as fast as it goes and tells it line by line: for pipes and logs. */
export function tellDemo(demo: Demo, say: (line: string) => void): void {
  say(`tunstack demo: ${describeData(demo.options)}; link: ${describeLink(demo.options)}`)
  let told = 0
  let tenths = 0
  const tellTransitions = (): void => {
    for (; told < demo.transitions.length; told++) say(describeTransition(demo.transitions[told]!))
  }
  while (!demo.isOver && !demo.isEnded) {
    demo.step(10 * MILLISECOND)
    tellTransitions()
    const reached = Math.floor(progressOf(demo) * TENTHS)
    if (reached > tenths && reached < TENTHS) say(describeProgress(demo))
    tenths = reached
  }
  demo.finish()
  tellTransitions()
}

function describeProgress(demo: Demo): string {
  const { cwnd, wnd, flight, rtt, resent } = rowOf(demo.sender)
  const share = `${Math.floor(progressOf(demo) * 100)} %`.padStart(5)
  return `${seconds(demo.world.now).padStart(11)}  ${share}  cwnd ${cwnd}  snd_wnd ${wnd}  flight ${flight}  srtt ${rtt}  resent ${resent}`
}
