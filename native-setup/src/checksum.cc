#include "checksum.h"

#include <string.h>

namespace tunstack {

static inline uint64_t word32(const uint8_t* at) {
  uint32_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

uint32_t sumRange(const uint8_t* bytes, size_t length, size_t position) {
  uint64_t sums[8] = {};
  size_t i = 0;
  // 32-bit words into 64-bit sums: no carry to look after, and the compiler makes vectors of it.
  for (; i + 32 <= length; i += 32) {
    for (int lane = 0; lane < 8; lane++) sums[lane] += word32(bytes + i + 4 * lane);
  }
  uint64_t sum = 0;
  for (const uint64_t lane : sums) sum += lane;
  for (; i + 4 <= length; i += 4) sum += word32(bytes + i);
  if (i < length) {
    uint8_t rest[4] = {};
    memcpy(rest, bytes + i, length - i);
    sum += word32(rest);
  }
  const uint16_t folded = foldSum(sum);
  return (position & 1) != 0 ? __builtin_bswap16(folded) : folded;
}

}  // namespace tunstack
