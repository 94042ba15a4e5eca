// hot path: once for every packet that is read without offload.
#include "gro.h"

#include <arpa/inet.h>
#include <string.h>

#include "checksum.h"

namespace tunstack {

/** An IPv4 header without options, and in it. */
constexpr size_t kIp = 20;
constexpr size_t kIpLength = 2;
constexpr size_t kIpFragment = 6;
constexpr size_t kIpChecksum = 10;
constexpr size_t kIpAddresses = 12;
constexpr uint16_t kMoreFragmentsOrOffset = 0x3fff;
constexpr uint8_t kTcp = 6;

/** In a TCP header, from the packet's first byte. */
constexpr size_t kSequence = kIp + 4;
constexpr size_t kAcknowledgement = kIp + 8;
constexpr size_t kFlagBits = kIp + 13;
constexpr size_t kWindow = kIp + 14;
constexpr size_t kChecksum = kIp + 16;
constexpr size_t kOptions = kIp + 20;
constexpr uint8_t kAck = 0x10;
constexpr uint8_t kPsh = 0x08;

/** The IP header's length field has 16 bits. */
constexpr size_t kLongest = 65535;

static uint16_t load16(const uint8_t* at) {
  uint16_t value;
  memcpy(&value, at, sizeof value);
  return ntohs(value);
}

static uint32_t load32(const uint8_t* at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return ntohl(value);
}

static void store16(uint8_t* at, uint16_t value) {
  value = htons(value);
  memcpy(at, &value, sizeof value);
}

static size_t headersOf(const uint8_t* packet) { return kIp + static_cast<size_t>(packet[kIp + 12] >> 4) * 4; }

/** The pseudo-header's sum, in the machine's byte order. */
static uint32_t pseudoHeader(const uint8_t* packet, size_t length) {
  return sumRange(packet + kIpAddresses, 8, 0) + htons(kTcp) + htons(static_cast<uint16_t>(length - kIp));
}

/** A whole TCP segment with text, and of the control bits ACK and perhaps PSH; its IP header is intact. */
static bool isPlain(const uint8_t* packet, size_t length) {
  if (length < kOptions || packet[0] != 0x45 || packet[9] != kTcp || load16(packet + kIpLength) != length) return false;
  if ((load16(packet + kIpFragment) & kMoreFragmentsOrOffset) != 0) return false;
  if ((packet[kFlagBits] & ~kPsh) != kAck || (packet[kIp + 12] & 0x0f) != 0) return false;
  const size_t headers = headersOf(packet);
  return headers >= kOptions && headers < length && sumRange(packet, kIp, 0) == 0xffff;
}

static bool isIntact(const uint8_t* packet, size_t length) {
  return foldSum(uint64_t{pseudoHeader(packet, length)} + sumRange(packet + kIp, length - kIp, 0)) == 0xffff;
}

/** Whether the headers differ only in what makes no difference to the receiver. Both are plain. */
static bool isOfOneStream(const uint8_t* first, const uint8_t* next, size_t headers) {
  return first[1] == next[1] && memcmp(first + kIpFragment, next + kIpFragment, 3) == 0 &&
         memcmp(first + kIpAddresses, next + kIpAddresses, kSequence - kIpAddresses) == 0 &&
         memcmp(first + kAcknowledgement, next + kAcknowledgement, 5) == 0 &&
         memcmp(first + kWindow, next + kWindow, 2) == 0 && memcmp(first + kOptions, next + kOptions, headers - kOptions) == 0;
}

/** Whether the row is a plain segment that is intact, by its own checksums or by the kernel's word. Marks it then. */
static bool examine(Memory memory, int32_t* row) {
  const uint8_t* packet = memory.bytes + row[kHead];
  const auto length = static_cast<size_t>(row[kHeadLength]);
  if ((row[kFlags] & ~kChecksumValid) != 0 || !isPlain(packet, length)) return false;
  if (row[kFlags] == 0 && isIntact(packet, length)) row[kFlags] = kChecksumValid;
  return row[kFlags] == kChecksumValid;
}

/** The headers of what has become `length` bytes long; its transport checksum is left to be completed. */
static void relabel(uint8_t* packet, size_t length) {
  store16(packet + kIpLength, static_cast<uint16_t>(length));
  memset(packet + kIpChecksum, 0, 2);
  const auto header = static_cast<uint16_t>(~sumRange(packet, kIp, 0));
  memcpy(packet + kIpChecksum, &header, sizeof header);
  const uint16_t pseudo = foldSum(pseudoHeader(packet, length));
  memcpy(packet + kChecksum, &pseudo, sizeof pseudo);
}

/** `row` has been examined. */
static bool append(Memory memory, int32_t* before, const int32_t* row) {
  const bool isTrain = before[kFlags] == (kNeedsChecksum | kGso);
  if (before[kFlags] != kChecksumValid && !isTrain) return false;
  uint8_t* first = memory.bytes + before[kHead];
  const uint8_t* next = memory.bytes + row[kHead];
  const auto length = static_cast<size_t>(before[kHeadLength]);
  if (!isPlain(first, length)) return false;  // the mark may be the kernel's, of a fragment, a reset, or another protocol
  const size_t headers = headersOf(first);
  if (headersOf(next) != headers) return false;
  const size_t sent = length - headers;
  const size_t text = static_cast<size_t>(row[kHeadLength]) - headers;
  const size_t size = isTrain ? static_cast<size_t>(before[kGsoSize]) : sent;
  if (text > size || sent % size != 0 || length + text > kLongest || (first[kFlagBits] & kPsh) != 0) return false;
  if (load32(first + kSequence) + static_cast<uint32_t>(sent) != load32(next + kSequence)) return false;
  if (!isOfOneStream(first, next, headers)) return false;
  first[kFlagBits] |= next[kFlagBits];
  memmove(first + length, next + headers, text);  // over the headers of `next`, where the two are neighbours
  before[kHeadLength] = static_cast<int32_t>(length + text);
  before[kFlags] = kNeedsChecksum | kGso;
  before[kGsoSize] = static_cast<int32_t>(size);
  before[kChecksumStart] = kIp;
  before[kChecksumOffset] = kChecksum - kIp;
  relabel(first, length + text);
  return true;
}

int joinLast(Memory memory, int32_t* rows, int count) {
  int32_t* last = rows + (count - 1) * kRow;
  const bool mayJoin = examine(memory, last);
  return mayJoin && count > 1 && append(memory, last - kRow, last) ? count - 1 : count;
}

}  // namespace tunstack
