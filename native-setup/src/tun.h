#pragma once
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdint.h>

#include "batch.h"

namespace tunstack {

/** How a device is opened. */
struct TunSettings {
  /** The device's name, a pattern with %d, or empty: the kernel chooses. */
  char name[64] = {};
  /** A descriptor to adopt, or -1. It belongs to the device once that is open; when anything fails it stays the caller's. */
  int fd = -1;
  bool multiQueue = false;
  /** -1: leave it as it is. */
  int persist = -1;
  int64_t owner = -1;
  int64_t group = -1;
  /** TUN_F_ bits, or 0. */
  uint32_t offload = 0;
};

/** The descriptor of a TUN device. Calls return 0 or an errno and fill `syscall`. */
class TunFile {
 public:
  TunFile() = default;
  TunFile(const TunFile&) = delete;
  TunFile& operator=(const TunFile&) = delete;
  ~TunFile() { close(); }

  int open(const TunSettings& settings);
  void close();
  /** Forgets the descriptor, which stays open. */
  void letGo() { fd_ = -1; }
  /** Attaches again to a device of this name, after ours was deleted. The descriptor stays. */
  int attach();
  /** Reads the name and the flags; EBADFD when the device was deleted. */
  int inspect();
  /** An errno when the kernel does not take all of these bits; offloads are off then. EOPNOTSUPP: there is no virtio header. */
  int setOffload(uint32_t bits);
  /** An adopted device was opened without IFF_NO_PI: four bytes come before each packet. */
  void expectPacketInformation() { prefix_.information = sizeof(tun_pi); }

  int fd() const { return fd_; }
  const char* name() const { return name_; }
  Prefix prefix() const { return prefix_; }
  uint32_t offload() const { return offload_; }
  bool isMultiQueue() const { return (flags_ & IFF_MULTI_QUEUE) != 0; }

  const char* syscall = "";
  /** What to do about the last failure, or null. */
  const char* hint = nullptr;

 private:
  int create(const TunSettings& settings);
  int adopt(const TunSettings& settings);
  int configure(const TunSettings& settings);
  int resetStale();
  int control(unsigned long request, const char* what, void* argument);
  int control(unsigned long request, const char* what, unsigned long argument);

  int fd_ = -1;
  int flags_ = 0;
  char name_[IFNAMSIZ] = {};
  Prefix prefix_;
  uint32_t offload_ = 0;
};

}  // namespace tunstack
