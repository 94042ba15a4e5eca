#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS _IO('T', 227)
#endif

namespace tunstack {

/** A request to netlink: a message, its body and its attributes. */
template <typename Body>
struct Request {
  nlmsghdr header;
  Body body;
  char attributes[256];

  Request(int type, int flags) {
    memset(this, 0, sizeof *this);
    header.nlmsg_len = NLMSG_LENGTH(sizeof(Body));
    header.nlmsg_type = static_cast<uint16_t>(type);
    header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  }

  void add(int type, const void* value, size_t size) {
    auto* attribute = reinterpret_cast<rtattr*>(reinterpret_cast<char*>(this) + NLMSG_ALIGN(header.nlmsg_len));
    attribute->rta_type = static_cast<uint16_t>(type);
    attribute->rta_len = static_cast<uint16_t>(RTA_LENGTH(size));
    memcpy(RTA_DATA(attribute), value, size);
    header.nlmsg_len = static_cast<uint32_t>(NLMSG_ALIGN(header.nlmsg_len) + RTA_ALIGN(attribute->rta_len));
  }
};

template <typename Visitor>
static void eachAttribute(const void* first, int length, Visitor visit) {
  for (auto* at = static_cast<const rtattr*>(first); RTA_OK(at, length); at = RTA_NEXT(at, length)) visit(at);
}

/** Copies an attribute's value, as much of it as there is room for and as there is. */
static void copyValue(void* to, size_t size, const rtattr* attribute) {
  const size_t length = RTA_PAYLOAD(attribute);
  memcpy(to, RTA_DATA(attribute), length < size ? length : size);
}

static int openSocket(uint32_t groups) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (groups != 0 ? SOCK_NONBLOCK : 0), NETLINK_ROUTE);
  if (fd < 0) return -errno;
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    ::close(fd);
    return -error;
  }
  const int on = 1;
  const timeval limit = {1, 0};
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return fd;
}

/** A descriptor of the device's network namespace when it is not ours and may be known, else -1. */
static int foreignNamespace(int tun) {
  const int theirs = ::ioctl(tun, TUNGETDEVNETNS);
  if (theirs < 0) return -1;
  struct stat own, other;
  if (::stat("/proc/thread-self/ns/net", &own) == 0 && ::fstat(theirs, &other) == 0 && own.st_ino != other.st_ino) {
    return theirs;
  }
  ::close(theirs);
  return -1;
}

// A passed descriptor may belong to a device of another namespace, where our names and indexes mean other interfaces.
// Namespaces are the thread's, so it goes there, opens the socket and comes back.
int Route::open(int tun, uint32_t groups) {
  close();
  syscall = "socket";
  const int theirs = foreignNamespace(tun);
  if (theirs < 0) {
    fd_ = openSocket(groups);
  } else {
    const int home = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home < 0 || ::setns(theirs, CLONE_NEWNET) != 0) {
      syscall = "setns";
      fd_ = -errno;
    } else {
      fd_ = openSocket(groups);
      if (::setns(home, CLONE_NEWNET) != 0) abort();
    }
    if (home >= 0) ::close(home);
    ::close(theirs);
  }
  if (fd_ >= 0) return 0;
  const int error = -fd_;
  fd_ = -1;
  return error;
}

void Route::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

/** The errno in an NLMSG_ERROR (0: an acknowledgement); keeps the kernel's explanation. */
int Route::readError(const void* message) {
  const auto* header = static_cast<const nlmsghdr*>(message);
  const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(header));
  if (error->error == 0 || (header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return -error->error;
  size_t skip = sizeof(nlmsgerr);
  if ((header->nlmsg_flags & NLM_F_CAPPED) == 0) skip += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(nlmsghdr);
  const char* first = static_cast<const char*>(NLMSG_DATA(header)) + skip;
  const int length = static_cast<int>(header->nlmsg_len - NLMSG_HDRLEN - skip);
  eachAttribute(first, length, [this](const rtattr* attribute) {
    if (attribute->rta_type == NLMSGERR_ATTR_MSG) copyValue(reason, sizeof reason - 1, attribute);
  });
  return -error->error;
}

/** Receives one datagram of answers. */
int Route::receive(uint32_t sequence, bool isDump, Visit visit, void* context, bool* isDone) {
  alignas(nlmsghdr) char buffer[32768];
  const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
  if (got < 0) return errno == EINTR ? 0 : errno;
  int left = static_cast<int>(got);
  for (auto* header = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
    if (header->nlmsg_seq != sequence) continue;
    if (header->nlmsg_type == NLMSG_ERROR) {
      *isDone = true;
      return readError(header);
    }
    if (header->nlmsg_type == NLMSG_DONE) {
      *isDone = true;
      return 0;
    }
    if (visit != nullptr) visit(header, context);
    if (!isDump && visit != nullptr) *isDone = true;
  }
  return 0;
}

int Route::transact(void* request, const char* what, Visit visit, void* context) {
  syscall = what;
  memset(reason, 0, sizeof reason);
  if (fd_ < 0) return ENOTCONN;
  auto* header = static_cast<nlmsghdr*>(request);
  header->nlmsg_seq = ++sequence_;
  sockaddr_nl kernel = {};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd_, header, header->nlmsg_len, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0) return errno;
  const bool isDump = (header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
  bool isDone = false;
  int error = 0;
  while (!isDone && error == 0) error = receive(sequence_, isDump, visit, context, &isDone);
  return error;
}

/** Visits what is nested in an attribute. */
template <typename Visitor>
static void eachNested(const rtattr* attribute, int type, Visitor visit) {
  if ((attribute->rta_type & NLA_TYPE_MASK) != type) return;
  eachAttribute(RTA_DATA(attribute), static_cast<int>(RTA_PAYLOAD(attribute)), visit);
}

static void readPacketInformation(const rtattr* attribute, LinkState* state) {
  eachNested(attribute, IFLA_LINKINFO, [state](const rtattr* info) {
    eachNested(info, IFLA_INFO_DATA, [state](const rtattr* data) {
      if (data->rta_type == IFLA_TUN_PI) copyValue(&state->hasPacketInformation, sizeof(bool), data);
    });
  });
}

static void readLink(const void* message, void* context) {
  const auto* header = static_cast<const nlmsghdr*>(message);
  if (header->nlmsg_type != RTM_NEWLINK) return;
  const auto* body = static_cast<const ifinfomsg*>(NLMSG_DATA(header));
  auto* state = static_cast<LinkState*>(context);
  state->index = body->ifi_index;
  state->flags = body->ifi_flags;
  eachAttribute(IFLA_RTA(body), static_cast<int>(IFLA_PAYLOAD(header)), [state](const rtattr* attribute) {
    if (attribute->rta_type == IFLA_MTU) copyValue(&state->mtu, sizeof state->mtu, attribute);
    if (attribute->rta_type == IFLA_TXQLEN) copyValue(&state->queueLength, sizeof state->queueLength, attribute);
    if (attribute->rta_type == IFLA_IFNAME) copyValue(state->name, sizeof state->name - 1, attribute);
    readPacketInformation(attribute, state);
    if (attribute->rta_type == IFLA_STATS64) copyValue(&state->statistics, sizeof state->statistics, attribute);
  });
}

int Route::getLinkBy(int index, const char* name, LinkState* state) {
  Request<ifinfomsg> request(RTM_GETLINK, 0);
  request.body.ifi_index = index;
  if (name != nullptr) request.add(IFLA_IFNAME, name, strlen(name) + 1);
  *state = LinkState();
  return transact(&request, "RTM_GETLINK", readLink, state);
}

int Route::findLink(const char* name, LinkState* state) { return getLinkBy(0, name, state); }

int Route::getLink(int index, LinkState* state) { return getLinkBy(index, nullptr, state); }

int Route::setLink(int index, const LinkSettings& settings) {
  Request<ifinfomsg> request(RTM_NEWLINK, NLM_F_ACK);
  request.body.ifi_index = index;
  if (settings.up >= 0) {
    request.body.ifi_change = IFF_UP;
    request.body.ifi_flags = settings.up != 0 ? IFF_UP : 0;
  }
  const uint32_t mtu = static_cast<uint32_t>(settings.mtu);
  const uint32_t queueLength = static_cast<uint32_t>(settings.queueLength);
  if (settings.mtu >= 0) request.add(IFLA_MTU, &mtu, sizeof mtu);
  if (settings.queueLength >= 0) request.add(IFLA_TXQLEN, &queueLength, sizeof queueLength);
  return transact(&request, "RTM_NEWLINK", nullptr, nullptr);
}

int Route::changeAddress(int type, int flags, int index, const LinkAddress& address) {
  Request<ifaddrmsg> request(type, NLM_F_ACK | flags);
  request.body.ifa_family = AF_INET;
  request.body.ifa_prefixlen = address.prefix;
  request.body.ifa_index = static_cast<uint32_t>(index);
  request.add(IFA_LOCAL, &address.local, sizeof address.local);
  request.add(IFA_ADDRESS, &address.peer, sizeof address.peer);
  return transact(&request, type == RTM_NEWADDR ? "RTM_NEWADDR" : "RTM_DELADDR", nullptr, nullptr);
}

int Route::addAddress(int index, const LinkAddress& address) {
  return changeAddress(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index, address);
}

int Route::removeAddress(int index, const LinkAddress& address) { return changeAddress(RTM_DELADDR, 0, index, address); }

struct AddressList {
  int index;
  LinkAddress* list;
  int capacity;
  int count;
};

static void readAddress(const void* message, void* context) {
  const auto* header = static_cast<const nlmsghdr*>(message);
  const auto* body = static_cast<const ifaddrmsg*>(NLMSG_DATA(header));
  auto* found = static_cast<AddressList*>(context);
  if (header->nlmsg_type != RTM_NEWADDR || body->ifa_family != AF_INET) return;
  if (static_cast<int>(body->ifa_index) != found->index || found->count == found->capacity) return;
  LinkAddress& address = found->list[found->count++];
  address.prefix = body->ifa_prefixlen;
  eachAttribute(IFA_RTA(body), static_cast<int>(IFA_PAYLOAD(header)), [&address](const rtattr* attribute) {
    if (attribute->rta_type == IFA_LOCAL) copyValue(&address.local, sizeof address.local, attribute);
    if (attribute->rta_type == IFA_ADDRESS) copyValue(&address.peer, sizeof address.peer, attribute);
  });
}

int Route::addresses(int index, LinkAddress* list, int capacity, int* count) {
  Request<ifaddrmsg> request(RTM_GETADDR, NLM_F_DUMP);
  request.body.ifa_family = AF_INET;
  AddressList found = {index, list, capacity, 0};
  const int error = transact(&request, "RTM_GETADDR", readAddress, &found);
  *count = found.count;
  return error;
}

bool Route::drain(int index, const char* name) {
  bool concerns = false;
  alignas(nlmsghdr) char buffer[32768];
  for (;;) {
    const ssize_t got = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    // ENOBUFS: announcements were lost; they may have been about us.
    if (got < 0 && errno == ENOBUFS) {
      concerns = true;
      continue;
    }
    if (got <= 0) return concerns;
    int left = static_cast<int>(got);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK) continue;
      LinkState state;
      const auto* body = static_cast<const ifinfomsg*>(NLMSG_DATA(header));
      if (header->nlmsg_type == RTM_NEWLINK) readLink(header, &state);
      if (body->ifi_index == index || strcmp(state.name, name) == 0) concerns = true;
    }
  }
}

}  // namespace tunstack
