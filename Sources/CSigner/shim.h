// C for Swift: the calls of Linux that Swift cannot make, since they are variadic or GNU's.
#pragma once
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

// glibc 2.25; declared here because the header shows it only to _DEFAULT_SOURCE.
extern void explicit_bzero(void *memory, size_t count);
static inline void uncross_signer_erase(void *memory, size_t count) {
  explicit_bzero(memory, count);
}

// No core dump of this process, and no debugger of the same user attached to it.
static inline int uncross_signer_forbid_dumps(void) {
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return -1;
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// Who is at the other end of a unix socket; struct ucred is shown only to _GNU_SOURCE.
static inline int uncross_signer_peer_user(int descriptor, uint32_t *user) {
  struct { int32_t process; uint32_t user, group; } peer;
  socklen_t size = sizeof peer;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
  if (size != sizeof peer) return -1;
  *user = peer.user;
  return 0;
}
