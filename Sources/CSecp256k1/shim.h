// C for Swift: libsecp256k1 with public key recovery, and an erasure that no optimiser removes.
#pragma once
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stddef.h>

// glibc 2.25; declared here because the header shows it only to _DEFAULT_SOURCE.
extern void explicit_bzero(void *memory, size_t count);
static inline void uncross_erase(void *memory, size_t count) { explicit_bzero(memory, count); }
