import { expect, test } from 'vitest'
import { Rounds } from '../../src/base/rounds.ts'

interface Item {
  name: string
}

const items = ['a', 'b', 'c', 'd'].map((name): Item => ({ name }))

/** Serves the round to its end, `onEach` first. */
function serve(rounds: Rounds<Item>, onEach?: (item: Item) => void): string {
  let served = ''
  for (let item = rounds.take(); item !== undefined; item = rounds.take()) {
    onEach?.(item)
    served += item.name
  }
  return served
}

test('items are served in the order in which they came, once', () => {
  const rounds = new Rounds<Item>()
  expect(rounds.isEmpty).toBe(true)
  for (const item of items) rounds.add(item)
  expect(rounds.take()).toBeUndefined()
  rounds.begin()
  expect(serve(rounds)).toBe('abcd')
  expect(rounds.isEmpty).toBe(true)
  rounds.begin()
  expect(serve(rounds)).toBe('')
})

test('what is added while a round is served waits for the next one', () => {
  const rounds = new Rounds<Item>()
  rounds.add(items[0]!)
  for (let i = 0; i < 5; i++) {
    rounds.begin()
    expect(serve(rounds, (item) => rounds.add(item))).toBe('a')
    expect(rounds.isEmpty).toBe(false)
  }
})

test('a round that was left comes after what waits', () => {
  const rounds = new Rounds<Item>()
  for (const item of items.slice(0, 3)) rounds.add(item)
  rounds.begin()
  expect(rounds.take()).toBe(items[0])
  rounds.add(items[3]!)
  rounds.begin()
  expect(serve(rounds)).toBe('dbc')
})
