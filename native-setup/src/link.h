#pragma once
#include <linux/if_link.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>

namespace tunstack {

/** What the kernel knows of an interface. */
struct LinkState {
  int index = 0;
  uint32_t flags = 0;
  uint32_t mtu = 0;
  uint32_t queueLength = 0;
  char name[IFNAMSIZ] = {};
  /** Of a TUN device: four bytes come before each packet. */
  bool hasPacketInformation = false;
  rtnl_link_stats64 statistics = {};
};

/** An IPv4 address of an interface, the kernel's end. Addresses in network byte order. */
struct LinkAddress {
  uint32_t local = 0;
  /** The other end of a point-to-point link, or `local`. */
  uint32_t peer = 0;
  uint8_t prefix = 0;
};

/** Settings of an interface; negative: unchanged. */
struct LinkSettings {
  int64_t mtu = -1;
  int64_t queueLength = -1;
  int up = -1;
};

/** A netlink socket in the network namespace of a device. Its calls return 0 or an errno and fill `syscall` and `reason`. */
class Route {
 public:
  Route() = default;
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;
  ~Route() { close(); }

  /** `tun`: the open device whose namespace is meant. `groups`: RTMGRP_ bits to listen to. */
  int open(int tun, uint32_t groups);
  void close();
  int fd() const { return fd_; }

  int findLink(const char* name, LinkState* state);
  int getLink(int index, LinkState* state);
  int setLink(int index, const LinkSettings& settings);
  int addAddress(int index, const LinkAddress& address);
  int removeAddress(int index, const LinkAddress& address);
  /** Fills up to `capacity` addresses and sets `count`. */
  int addresses(int index, LinkAddress* list, int capacity, int* count);

  /** Reads everything that was announced; true when some of it concerns the interface, by index or by name. */
  bool drain(int index, const char* name);

  /** Of the last failure. */
  const char* syscall = "";
  /** What the kernel said about it, or an empty string. */
  char reason[128] = {};

 private:
  using Visit = void (*)(const void* message, void* context);
  int getLinkBy(int index, const char* name, LinkState* state);
  int changeAddress(int type, int flags, int index, const LinkAddress& address);
  int transact(void* request, const char* what, Visit visit, void* context);
  int receive(uint32_t sequence, bool isDump, Visit visit, void* context, bool* isDone);
  int readError(const void* message);

  int fd_ = -1;
  uint32_t sequence_ = 0;
};

}  // namespace tunstack
