// hot path: a system call per packet, and nothing else that costs.
#include "batch.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "checksum.h"
#include "gro.h"

namespace tunstack {

/** Where the checksum lies in a UDP header. */
constexpr int32_t kUdpChecksum = 6;

/** Fewer packets are written as fast one by one. */
constexpr int kWorthARing = 4;

/** Packets begin at a cache line. */
constexpr size_t kAlignment = 64;

static void describe(const uint8_t* header, size_t length, int32_t* row) {
  VirtioHeader virtio;
  memcpy(&virtio, header, sizeof virtio);
  const size_t field = size_t{virtio.checksumStart} + virtio.checksumOffset + 2;
  int32_t flags = 0;
  if ((virtio.flags & VirtioHeader::kNeedsChecksum) != 0 && field <= length) {
    flags |= kNeedsChecksum;
    row[kChecksumStart] = virtio.checksumStart;
    row[kChecksumOffset] = virtio.checksumOffset;
  }
  if ((virtio.flags & VirtioHeader::kDataValid) != 0) flags |= kChecksumValid;
  const int gsoType = virtio.gsoType & ~VirtioHeader::kGsoEcn;
  if ((gsoType == VirtioHeader::kGsoTcpV4 || gsoType == VirtioHeader::kGsoUdp) && virtio.gsoSize != 0) {
    flags |= kGso;
    row[kGsoSize] = virtio.gsoSize;
  }
  row[kFlags] = flags;
}

/** Packets that are read before the stack sees the first, when trains leave rows for more: their bytes should still be in the cache. */
constexpr int kMostPackets = 256;

BatchResult readBatch(int fd, Prefix prefix, Memory memory, size_t slab, size_t slabSize, Rows rows, bool makesTrains) {
  BatchResult result;
  int packets = 0;
  const size_t end = slab + slabSize;
  const size_t skip = static_cast<size_t>(prefix.size());
  size_t at = slab;
  while (result.count < rows.capacity && packets < kMostPackets) {
    const size_t packet = (at + skip + kAlignment - 1) & ~(kAlignment - 1);
    if (packet + kLargestPacket > end) return result;
    const ssize_t got = ::read(fd, memory.bytes + packet - skip, skip + kLargestPacket);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      result.error = got < 0 ? errno : EAGAIN;
      return result;
    }
    if (static_cast<size_t>(got) <= skip) continue;
    const size_t length = static_cast<size_t>(got) - skip;
    int32_t* row = rows.rows + result.count++ * kRow;
    memset(row, 0, kRow * sizeof *row);
    row[kHead] = static_cast<int32_t>(packet);
    row[kHeadLength] = static_cast<int32_t>(length);
    if (prefix.header != 0) describe(memory.bytes + packet - prefix.header, length, row);
    packets++;
    if (makesTrains) result.count = joinLast(memory, rows.rows, result.count);
    const int32_t* last = rows.rows + (result.count - 1) * kRow;
    at = static_cast<size_t>(last[kHead]) + static_cast<size_t>(last[kHeadLength]);
  }
  return result;
}

static bool isWithin(Memory memory, int32_t offset, int32_t length) {
  return length == 0 || (offset >= 0 && length > 0 && static_cast<size_t>(offset) + length <= memory.size);
}

bool isSound(Memory memory, const int32_t* row) {
  if (!isWithin(memory, row[kHead], row[kHeadLength]) || !isWithin(memory, row[kFirst], row[kFirstLength]) ||
      !isWithin(memory, row[kSecond], row[kSecondLength])) {
    return false;
  }
  if ((row[kFlags] & kNeedsChecksum) == 0) return true;
  const int64_t field = int64_t{row[kChecksumStart]} + row[kChecksumOffset];
  return row[kChecksumStart] >= 0 && row[kChecksumOffset] >= 0 && field + 2 <= row[kHeadLength];
}

void completeChecksum(Memory memory, const int32_t* row) {
  const size_t start = static_cast<size_t>(row[kChecksumStart]);
  uint8_t* head = memory.bytes + row[kHead];
  size_t position = static_cast<size_t>(row[kHeadLength]) - start;
  uint64_t sum = sumRange(head + start, position, 0);
  if (row[kFirstLength] > 0) sum += sumRange(memory.bytes + row[kFirst], row[kFirstLength], position);
  position += row[kFirstLength];
  if (row[kSecondLength] > 0) sum += sumRange(memory.bytes + row[kSecond], row[kSecondLength], position);
  const uint16_t checksum = static_cast<uint16_t>(~foldSum(sum));
  // Zero means "none" in UDP, and all ones are the same number (RFC 768). Elsewhere zero is zero, as RFC 1624 has it.
  const uint16_t written = checksum == 0 && row[kChecksumOffset] == kUdpChecksum ? 0xffff : checksum;
  memcpy(head + start + row[kChecksumOffset], &written, sizeof written);
}

static void fillHeader(VirtioHeader& virtio, const int32_t* row) {
  if ((row[kFlags] & kNeedsChecksum) != 0) {
    virtio.flags = VirtioHeader::kNeedsChecksum;
    virtio.checksumStart = static_cast<uint16_t>(row[kChecksumStart]);
    virtio.checksumOffset = static_cast<uint16_t>(row[kChecksumOffset]);
  }
  if ((row[kFlags] & kGso) != 0) {
    virtio.gsoType = VirtioHeader::kGsoTcpV4;
    virtio.gsoSize = static_cast<uint16_t>(row[kGsoSize]);
    virtio.headerLength = static_cast<uint16_t>(row[kHeadLength]);
  }
}

/** A packet as it is handed to the kernel. */
struct Gathered {
  tun_pi information;
  VirtioHeader header[2];  // of which `prefix.header` bytes are written: 10, or 12
  iovec pieces[5];
  int count;
};

static void gather(Gathered& out, Prefix prefix, Memory memory, const int32_t* row, bool leaveChecksums) {
  out.count = 0;
  if (prefix.information != 0) {
    out.information = {0, htons(ETH_P_IP)};
    out.pieces[out.count++] = {&out.information, sizeof out.information};
  }
  // A super-segment's checksums can only be made by whoever cuts it.
  const bool isLeft = prefix.header != 0 && (leaveChecksums || (row[kFlags] & kGso) != 0);
  if (!isLeft && (row[kFlags] & kNeedsChecksum) != 0) completeChecksum(memory, row);
  if (prefix.header != 0) {
    memset(out.header, 0, sizeof out.header);
    if (isLeft) fillHeader(out.header[0], row);
    out.pieces[out.count++] = {out.header, static_cast<size_t>(prefix.header)};
  }
  for (int column = kHead; column <= kSecond; column += 2) {
    if (row[column + 1] == 0) continue;
    out.pieces[out.count++] = {memory.bytes + row[column], static_cast<size_t>(row[column + 1])};
  }
}

/** Writes one packet. Returns whether the next is worth a try. */
static bool writePacket(int fd, const Gathered& packet, BatchResult& result) {
  ssize_t written;
  do {
    written = ::writev(fd, packet.pieces, packet.count);
  } while (written < 0 && errno == EINTR);
  if (written >= 0) {
    result.count++;
    return true;
  }
  result.error = errno;
  // Down, deleted, or taken away: the rest would fare no better.
  return errno != EIO && errno != EBADFD && errno != EBADF;
}

BatchResult writeBatch(int fd, Prefix prefix, Memory memory, Rows rows, int count, bool leaveChecksums) {
  BatchResult result;
  Gathered packet;
  for (int i = 0; i < count; i++) {
    const int32_t* row = rows.rows + i * kRow;
    if (!isSound(memory, row)) {
      result.badRow = i;
      continue;
    }
    gather(packet, prefix, memory, row, leaveChecksums);
    if (!writePacket(fd, packet, result)) break;
  }
  return result;
}

/** Writes packets by one call, and by one each what that has not written. Returns whether the next are worth a try. */
static bool writeTogether(Ring& ring, int fd, const Gathered* packets, int count, BatchResult& result) {
  const bool hasRing = count >= kWorthARing && ring.isReady();
  if (hasRing) {
    for (int i = 0; i < count; i++) ring.add(fd, packets[i].pieces, packets[i].count);
    ring.submit();
  }
  for (int i = 0; i < count; i++) {
    if (hasRing && ring.isWritten(i)) result.count++;
    else if (!writePacket(fd, packets[i], result)) return false;
  }
  return true;
}

BatchResult writeBatch(int fd, Prefix prefix, Memory memory, Rows rows, int count, Ring& ring) {
  BatchResult result;
  Gathered packets[Ring::kEntries];
  int gathered = 0;
  for (int i = 0; i < count; i++) {
    const int32_t* row = rows.rows + i * kRow;
    if (isSound(memory, row)) gather(packets[gathered++], prefix, memory, row, false);
    else result.badRow = i;
    if (gathered < static_cast<int>(Ring::kEntries) && i < count - 1) continue;
    if (!writeTogether(ring, fd, packets, gathered, result)) break;
    gathered = 0;
  }
  return result;
}

}  // namespace tunstack
