// A TUN device by its name, for the programs that answer on it.
#ifndef TUN_H
#define TUN_H

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/** Opens a device that is there. With `offload` each packet has a `struct virtio_net_hdr` before it, and segments may have 64 KB. */
static int open_tun(const char *name, int offload) {
  struct ifreq wanted = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  int size = sizeof(struct virtio_net_hdr), fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (offload) wanted.ifr_flags |= IFF_VNET_HDR;
  strncpy(wanted.ifr_name, name, IFNAMSIZ - 1);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &wanted) < 0 || (offload && ioctl(fd, TUNSETVNETHDRSZ, &size) < 0) ||
      ioctl(fd, TUNSETOFFLOAD, offload ? TUN_F_CSUM | TUN_F_TSO4 : 0) < 0) {
    perror(name);
    exit(1);
  }
  return fd;
}

#endif
