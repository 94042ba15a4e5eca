/** Bytes that do not repeat at any power of two, so that a block in the wrong place is seen. */
export function noise(length: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4))
  let word = 0x9e3779b9
  for (let i = 0; i < words.length; i++) {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    words[i] = word
  }
  return Buffer.from(words.buffer, 0, length)
}
