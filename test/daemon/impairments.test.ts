import { expect, test } from 'vitest'
import { parseImpairments } from '../../src/daemon/impairments.ts'

test('probabilities are fractions, delays microseconds, rates bits a second', () => {
  expect(parseImpairments('loss=1%,delay=20ms,reorder=5%,duplicate=1%,corrupt=0.1%,rate=10mbit')).toEqual({
    loss: 0.01,
    reorder: 0.05,
    duplicate: 0.01,
    corrupt: 0.001,
    delay: 20_000,
    rate: 10_000_000,
  })
})

test('what is not named does not happen', () => {
  const none = { loss: 0, reorder: 0, duplicate: 0, corrupt: 0, delay: 0, rate: 0 }
  expect(parseImpairments('delay=250us')).toEqual({ ...none, delay: 250 })
  expect(parseImpairments('delay=1.5s, rate=64Kbit')).toEqual({ ...none, delay: 1_500_000, rate: 64_000 })
  expect(parseImpairments('loss=100%')).toEqual({ ...none, loss: 1 })
})

test.each([
  ['', "no impairment ''"],
  ['jitter=1ms', "no impairment 'jitter'"],
  ['toString=1%', "no impairment 'toString'"],
  ['loss', "'loss' is not NAME=VALUE"],
  ['loss=1%=2', "'loss=1%=2' is not NAME=VALUE"],
  ['loss=1%,loss=2%', "'loss' is given twice"],
  ['loss=101%', "'101%' is more than 100%"],
  ['loss=-1%', "'-1%' is not a number with a unit (%), as in 1%"],
  ['delay=20', "'20' is not a number with a unit (us, ms, s), as in 20ms"],
  ['delay=1h', "'1h' is not a number with a unit (us, ms, s), as in 20ms"],
  ['rate=10%', "'10%' is not a number with a unit (bit, kbit, mbit, gbit), as in 10mbit"],
])('%s is refused', (text, message) => {
  expect(() => parseImpairments(text)).toThrow(message)
})
