#pragma once
#include <stddef.h>
#include <stdint.h>

#include "ring.h"

namespace tunstack {

/** A row of PacketTable (src/base/packet-table.ts). */
enum Column {
  kHead,
  kHeadLength,
  kFirst,
  kFirstLength,
  kSecond,
  kSecondLength,
  kFlags,
  kGsoSize,
  kChecksumStart,
  kChecksumOffset,
  kRow,
};

/** PacketFlag. */
enum Flag { kNeedsChecksum = 1, kChecksumValid = 2, kGso = 4 };

/** Bytes, and where they end. */
struct Memory {
  uint8_t* bytes = nullptr;
  size_t size = 0;
};

/** Rows of integers, and how many there are. */
struct Rows {
  int32_t* rows = nullptr;
  int capacity = 0;
};

/** The virtio header, in the machine's byte order. Linux's own <linux/virtio_net.h> is not C++ in every release. */
struct VirtioHeader {
  static constexpr uint8_t kNeedsChecksum = 1;
  static constexpr uint8_t kDataValid = 2;
  static constexpr uint8_t kGsoTcpV4 = 1;
  static constexpr uint8_t kGsoUdp = 5;
  static constexpr uint8_t kGsoEcn = 0x80;

  uint8_t flags;
  uint8_t gsoType;
  uint16_t headerLength;
  uint16_t gsoSize;
  uint16_t checksumStart;
  uint16_t checksumOffset;
};

/** What the kernel puts before a packet: 4 bytes of packet information unless IFF_NO_PI, then the virtio header. */
struct Prefix {
  int information = 0;
  int header = 0;
  int size() const { return information + header; }
};

/** Largest virtio header that is read and written. */
constexpr int kLargestHeader = 12;

/** Largest packet that is read; IPv4 has no larger one. */
constexpr size_t kLargestPacket = 65536;

struct BatchResult {
  /** Packets read, or written. */
  int count = 0;
  /** The errno that ended it (EAGAIN: nothing is left to read), or of the last packet that was not written, or 0. */
  int error = 0;
  /** A row that points outside the memory, or -1. */
  int badRow = -1;
};

/**
 * Reads packets into the slab, one after the other, until the rows or the slab are full or nothing is left. With
 * `makesTrains` segments that follow each other become one (gro.h).
 */
BatchResult readBatch(int fd, Prefix prefix, Memory memory, size_t slab, size_t slabSize, Rows rows, bool makesTrains);

/**
 * Writes the packets of the first `count` rows, each gathered from its ranges. With `leaveChecksums` the kernel
 * completes what is marked kNeedsChecksum, else it is done here.
 */
BatchResult writeBatch(int fd, Prefix prefix, Memory memory, Rows rows, int count, bool leaveChecksums);

/** The same without offload, many packets a system call while the ring can be had. */
BatchResult writeBatch(int fd, Prefix prefix, Memory memory, Rows rows, int count, Ring& ring);

/** Whether the row's ranges lie in the memory and its checksum field in its head. */
bool isSound(Memory memory, const int32_t* row);

/** Completes the transport checksum of a sound row. */
void completeChecksum(Memory memory, const int32_t* row);

}  // namespace tunstack
