// hot path: one system call for many packets.
#include "ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// Linux 5.18, 6.0 and 6.1; the headers may be older than the kernel.
#ifndef IORING_SETUP_SUBMIT_ALL
#define IORING_SETUP_SUBMIT_ALL (1U << 7)
#endif
#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#endif

namespace tunstack {

/** No completion has come. */
constexpr int32_t kNothing = -EINPROGRESS;

bool Ring::fail(int error) {
  close();
  error_ = error;
  return false;
}

bool Ring::open() {
  io_uring_params parameters = {};
  parameters.flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  const long fd = ::syscall(SYS_io_uring_setup, kEntries, &parameters);  // the descriptor is closed by exec
  if (fd < 0) return fail(errno);
  fd_ = static_cast<int>(fd);
  return map(parameters);
}

bool Ring::map(const io_uring_params& parameters) {
  const size_t submissions = parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned);
  const size_t completions = parameters.cq_off.cqes + parameters.cq_entries * sizeof(io_uring_cqe);
  const int protection = PROT_READ | PROT_WRITE;
  const int flags = MAP_SHARED | MAP_POPULATE;
  ringsSize_ = submissions > completions ? submissions : completions;
  rings_ = ::mmap(nullptr, ringsSize_, protection, flags, fd_, IORING_OFF_SQ_RING);
  if (rings_ == MAP_FAILED) return fail(errno);
  entriesSize_ = parameters.sq_entries * sizeof(io_uring_sqe);
  void* entries = ::mmap(nullptr, entriesSize_, protection, flags, fd_, IORING_OFF_SQES);
  if (entries == MAP_FAILED) return fail(errno);
  entries_ = static_cast<io_uring_sqe*>(entries);
  // A child between fork and exec has no business here.
  ::madvise(rings_, ringsSize_, MADV_DONTFORK);
  ::madvise(entries_, entriesSize_, MADV_DONTFORK);

  auto* base = static_cast<uint8_t*>(rings_);
  const auto at = [base](unsigned offset) { return reinterpret_cast<unsigned*>(base + offset); };
  submissionHead_ = at(parameters.sq_off.head);
  submissionTail_ = at(parameters.sq_off.tail);
  submissionMask_ = *at(parameters.sq_off.ring_mask);
  completionHead_ = at(parameters.cq_off.head);
  completionTail_ = at(parameters.cq_off.tail);
  completionMask_ = *at(parameters.cq_off.ring_mask);
  completions_ = reinterpret_cast<io_uring_cqe*>(base + parameters.cq_off.cqes);
  unsigned* order = at(parameters.sq_off.array);
  for (unsigned i = 0; i < parameters.sq_entries; i++) order[i] = i;
  return true;
}

void Ring::close() {
  if (entries_ != nullptr) ::munmap(entries_, entriesSize_);
  if (rings_ != nullptr && rings_ != MAP_FAILED) ::munmap(rings_, ringsSize_);
  if (fd_ >= 0) ::close(fd_);
  entries_ = nullptr;
  rings_ = nullptr;
  fd_ = -1;
  added_ = 0;
}

void Ring::add(int fd, const iovec* pieces, int count) {
  io_uring_sqe* entry = &entries_[(*submissionTail_ + added_) & submissionMask_];
  memset(entry, 0, sizeof *entry);
  entry->opcode = IORING_OP_WRITEV;
  entry->fd = fd;
  entry->off = static_cast<uint64_t>(-1);
  entry->addr = reinterpret_cast<uintptr_t>(pieces);
  entry->len = static_cast<uint32_t>(count);
  entry->rw_flags = RWF_NOWAIT;
  entry->user_data = added_;
  results_[added_++] = kNothing;
}

/** Takes all completions; returns how many. */
unsigned Ring::reap() {
  const unsigned tail = __atomic_load_n(completionTail_, __ATOMIC_ACQUIRE);
  const unsigned first = *completionHead_;
  for (unsigned head = first; head != tail; head++) {
    const io_uring_cqe& completion = completions_[head & completionMask_];
    if (completion.user_data < kEntries) results_[completion.user_data] = completion.res;
  }
  __atomic_store_n(completionHead_, tail, __ATOMIC_RELEASE);
  return tail - first;
}

void Ring::submit() {
  const unsigned count = added_;
  const unsigned head = *submissionTail_;
  added_ = 0;
  __atomic_store_n(submissionTail_, head + count, __ATOMIC_RELEASE);
  const long taken = ::syscall(SYS_io_uring_enter, fd_, count, 0U, 0U, nullptr, size_t{0});
  const int error = taken < 0 ? errno : 0;
  const unsigned done = reap();
  if (taken == static_cast<long>(count) && done == count && results_[0] != -EOPNOTSUPP) return;
  // Out of memory for a moment: what was not taken is taken back.
  if (error == EAGAIN || error == EINTR || (error == 0 && done == static_cast<unsigned long>(taken) && done < count)) {
    __atomic_store_n(submissionTail_, __atomic_load_n(submissionHead_, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
    return;
  }
  // Linux before 6.4 cannot promise that a TUN device does not wait (EOPNOTSUPP); anything else should not be.
  fail(error != 0 ? error : done == count ? EOPNOTSUPP : EPROTO);
}

}  // namespace tunstack
