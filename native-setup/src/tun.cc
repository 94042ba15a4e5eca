#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef TUNSETSTEERINGEBPF
#define TUNSETSTEERINGEBPF _IOR('T', 224, int)
#endif
#ifndef TUNSETFILTEREBPF
#define TUNSETFILTEREBPF _IOR('T', 225, int)
#endif
#ifndef TUNSETCARRIER
#define TUNSETCARRIER _IOW('T', 226, int)
#endif

namespace tunstack {

static const char* hintForOpen(int error) {
  switch (error) {
    case ENOENT:
      return "/dev/net/tun is missing: `modprobe tun`, and in a container pass it on (`--device /dev/net/tun`)";
    case ENODEV:
    case ENXIO:
      return "/dev/net/tun has no driver behind it: `modprobe tun`";
    case EACCES:
    case EPERM:
      return "the mode of /dev/net/tun does not let this user in: run as root, or `chmod 0666 /dev/net/tun`";
    default:
      return nullptr;
  }
}

static const char* hintForAttach(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return "this needs CAP_NET_ADMIN: run as root, or let root make it: `ip tuntap add dev NAME mode tun user USER`";
    case EBUSY:
      return "another program has this device open: stop it, or choose another name";
    case EINVAL:
      return "an interface of that name exists with other flags (TAP, multi-queue or not), is no TUN device, "
             "or the name is not valid: `ip -d link show`";
    case ENAMETOOLONG:
      return "the name of an interface has at most 15 characters";
    default:
      return nullptr;
  }
}

int TunFile::control(unsigned long request, const char* what, void* argument) {
  syscall = what;
  return ::ioctl(fd_, request, argument) < 0 ? errno : 0;
}

int TunFile::control(unsigned long request, const char* what, unsigned long argument) {
  syscall = what;
  return ::ioctl(fd_, request, argument) < 0 ? errno : 0;
}

int TunFile::open(const TunSettings& settings) {
  int error = settings.fd >= 0 ? adopt(settings) : create(settings);
  if (error == 0) error = configure(settings);
  if (error == 0) return 0;
  if (settings.fd >= 0) letGo();
  else close();
  return error;
}

void TunFile::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

int TunFile::create(const TunSettings& settings) {
  if (strlen(settings.name) >= IFNAMSIZ) {
    syscall = "TUNSETIFF";
    hint = hintForAttach(ENAMETOOLONG);
    return ENAMETOOLONG;
  }
  strncpy(name_, settings.name, IFNAMSIZ - 1);
  syscall = "open";
  fd_ = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd_ < 0) {
    hint = hintForOpen(errno);
    return errno;
  }
  flags_ = IFF_TUN | IFF_VNET_HDR | (settings.multiQueue ? IFF_MULTI_QUEUE : 0);
  return attach();
}

int TunFile::attach() {
  ifreq request = {};
  memcpy(request.ifr_name, name_, IFNAMSIZ);
  request.ifr_flags = static_cast<short>(flags_ | IFF_NO_PI);
  const int error = control(TUNSETIFF, "TUNSETIFF", &request);
  hint = hintForAttach(error);
  if (error != 0) return error;
  const int known = inspect();
  return known != 0 ? known : resetStale();
}

int TunFile::adopt(const TunSettings& settings) {
  fd_ = settings.fd;
  const int error = inspect();
  if (error != 0) {
    hint = "the passed descriptor is not an open TUN device";
    return error;
  }
  if ((flags_ & IFF_TUN) == 0) {
    hint = "the passed descriptor is a TAP device: it carries Ethernet frames";
    return EINVAL;
  }
  syscall = "fcntl";
  const int status = ::fcntl(fd_, F_GETFL);
  if (status < 0 || ::fcntl(fd_, F_SETFL, status | O_NONBLOCK) < 0 || ::fcntl(fd_, F_SETFD, FD_CLOEXEC) < 0) return errno;
  return resetStale();
}

int TunFile::inspect() {
  ifreq request = {};
  const int error = control(TUNGETIFF, "TUNGETIFF", &request);
  if (error != 0) return error;
  memcpy(name_, request.ifr_name, IFNAMSIZ);
  name_[IFNAMSIZ - 1] = '\0';
  // IFF_NO_PI cannot be read here: the kernel says IFF_NOFILTER by the same bit.
  flags_ = static_cast<unsigned short>(request.ifr_flags) & (IFF_TUN | IFF_TAP | IFF_VNET_HDR | IFF_MULTI_QUEUE);
  return 0;
}

// A persistent device keeps what its last user set: the header's size and byte order, the filter, the send buffer.
int TunFile::resetStale() {
  prefix_ = Prefix();
  if ((flags_ & IFF_VNET_HDR) != 0) {
    int size = sizeof(VirtioHeader);
    int error = control(TUNSETVNETHDRSZ, "TUNSETVNETHDRSZ", &size);
    if (error == 0) error = control(TUNGETVNETHDRSZ, "TUNGETVNETHDRSZ", &size);
    if (error != 0) return error;
    if (size > kLargestHeader) return EINVAL;
    prefix_.header = size;
    int off = 0;
    // Absent in kernels that were built without other byte orders; native order is what they have.
    control(TUNSETVNETLE, "TUNSETVNETLE", &off);
    control(TUNSETVNETBE, "TUNSETVNETBE", &off);
  }
  int none = -1, on = 1, unlimited = INT_MAX;
  control(TUNSETSTEERINGEBPF, "TUNSETSTEERINGEBPF", &none);
  control(TUNSETFILTEREBPF, "TUNSETFILTEREBPF", &none);
  control(TUNSETCARRIER, "TUNSETCARRIER", &on);
  control(TUNSETSNDBUF, "TUNSETSNDBUF", &unlimited);
  return 0;
}

int TunFile::configure(const TunSettings& settings) {
  hint = "the device's owner, group and persistence are set by root";
  if (settings.owner >= 0) {
    const int error = control(TUNSETOWNER, "TUNSETOWNER", static_cast<unsigned long>(settings.owner));
    if (error != 0) return error;
  }
  if (settings.group >= 0) {
    const int error = control(TUNSETGROUP, "TUNSETGROUP", static_cast<unsigned long>(settings.group));
    if (error != 0) return error;
  }
  setOffload(settings.offload);
  hint = nullptr;
  return settings.persist < 0 ? 0 : control(TUNSETPERSIST, "TUNSETPERSIST", settings.persist != 0 ? 1UL : 0UL);
}

// Without the header the kernel would still hand over unfinished checksums, with nothing to say so.
int TunFile::setOffload(uint32_t bits) {
  offload_ = 0;
  const bool isPossible = bits == 0 || prefix_.header != 0;
  const int error = isPossible ? control(TUNSETOFFLOAD, "TUNSETOFFLOAD", static_cast<unsigned long>(bits)) : EOPNOTSUPP;
  if (error == 0) offload_ = bits;
  else control(TUNSETOFFLOAD, "TUNSETOFFLOAD", 0UL);
  return error;
}

}  // namespace tunstack
