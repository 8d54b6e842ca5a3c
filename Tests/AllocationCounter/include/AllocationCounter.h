// Counts a thread's allocations: the test executable's malloc family goes before libc's.
#pragma once
/// Allocations of the calling thread since the program's start.
unsigned long allocation_count(void);
