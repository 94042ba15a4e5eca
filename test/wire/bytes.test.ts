import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as bytes from '../../src/wire/bytes.ts'

test('[RFC791 appendix B] integers are big-endian, at any offset, and nothing beside them changes', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(5), (value, at) => {
      const p = new Uint8Array(12).fill(0xa5)
      const view = new DataView(p.buffer)
      bytes.put32(p, at, value)
      expect(view.getInt32(at)).toBe(value)
      expect(bytes.i32(p, at)).toBe(value)
      expect(bytes.u32(p, at)).toBe(value >>> 0)
      expect(bytes.u16(p, at)).toBe(value >>> 16)
      expect(bytes.u8(p, at)).toBe(value >>> 24)
      bytes.put16(p, at, value & 0xffff)
      expect(view.getUint16(at)).toBe(value & 0xffff)
      bytes.put8(p, at, value & 0xff)
      expect(view.getUint8(at)).toBe(value & 0xff)
      expect([...p.subarray(0, at), ...p.subarray(at + 4)].every((b) => b === 0xa5)).toBe(true)
    }),
  )
})

test('put32 takes uint32 values too', () => {
  const p = new Uint8Array(4)
  bytes.put32(p, 0, 0xfffffffe)
  expect(bytes.i32(p, 0)).toBe(-2)
})
