#pragma once
#include <stddef.h>
#include <stdint.h>

namespace tunstack {

/**
 * RFC 1071 sum of a range in the machine's byte order, folded to 16 bits. `position` is how many bytes of the message
 * come before the range: at an odd one the range's bytes change places (RFC 1071 §2 B).
 */
uint32_t sumRange(const uint8_t* bytes, size_t length, size_t position);

/** A sum of 16-bit sums, folded to 16 bits. */
inline uint16_t foldSum(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

}  // namespace tunstack
