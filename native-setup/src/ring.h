#pragma once
#include <linux/io_uring.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

namespace tunstack {

/**
 * An io_uring for writes that complete at once: many packets for one system call.
 *
 * Every entry is marked RWF_NOWAIT, so that the kernel writes it during submit() or says EAGAIN: none is left to a
 * kernel thread, and the entries are written in their order. Used by one thread.
 */
class Ring {
 public:
  /** Entries of one system call: as many as a turn's output has rows. */
  static constexpr unsigned kEntries = 256;

  Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { close(); }

  /** Whether entries can be added. The first call makes the ring; one that has failed stays so. */
  bool isReady() { return fd_ >= 0 || (error_ == 0 && open()); }
  /** Why there is no ring any more (ENOSYS, EPERM: the kernel has none for us), or 0. */
  int error() const { return error_; }
  /** May be repeated. */
  void close();

  /** Adds an entry, kEntries at most until submit(). The pieces must stay until then. */
  void add(int fd, const iovec* pieces, int count);
  /** Has the kernel write what was added. */
  void submit();
  /** Whether the entry, counted from 0 in the last submit(), was written. */
  bool isWritten(unsigned entry) const { return results_[entry] >= 0; }

 private:
  bool open();
  bool map(const io_uring_params& parameters);
  bool fail(int error);
  unsigned reap();

  int fd_ = -1;
  int error_ = 0;
  void* rings_ = nullptr;
  size_t ringsSize_ = 0;
  io_uring_sqe* entries_ = nullptr;
  size_t entriesSize_ = 0;
  unsigned* submissionHead_ = nullptr;
  unsigned* submissionTail_ = nullptr;
  unsigned submissionMask_ = 0;
  unsigned* completionHead_ = nullptr;
  unsigned* completionTail_ = nullptr;
  unsigned completionMask_ = 0;
  const io_uring_cqe* completions_ = nullptr;
  unsigned added_ = 0;
  int32_t results_[kEntries];
};

}  // namespace tunstack
