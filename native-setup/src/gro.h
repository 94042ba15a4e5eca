#pragma once
#include "batch.h"

namespace tunstack {

/**
 * Generic receive offload: looks at the last of `count` rows, which lies behind the others in the memory, and appends it to the
 * one before when both are parts of one stream and nothing is lost by it. Returns how many rows are left: `count`, or one less.
 *
 * What results is what a kernel with segmentation offload would have handed over: one segment with NEEDS_CSUM and the
 * size of its parts. They are in order and full but for the last, both checksums of each were found right, and their headers differ in nothing
 * but lengths, identification, checksums, and PSH, which ends a train. A segment that stays alone but was found right is marked
 * kChecksumValid.
 */
int joinLast(Memory memory, int32_t* rows, int count);

}  // namespace tunstack
