// Firecrest — counts allocations of the process that it is linked into
// SPDX-License-Identifier: Apache-2.0
#ifndef FIRECREST_ALLOCATION_COUNTER_H
#define FIRECREST_ALLOCATION_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Allocations of the calling thread since it began. A realloc that is given memory counts as one.
uint64_t firecrest_thread_allocations(void);

/// Bytes of the heap that are in use, of all arenas and of all threads, with malloc's own headers.
uint64_t firecrest_heap_bytes(void);

/// CPU time of the calling thread, in nanoseconds.
uint64_t firecrest_thread_nanoseconds(void);

enum { FIRECREST_SIZE_CLASSES = 96 };

/// Starts to keep how many blocks of each size are alive; it costs an atomic addition for each allocation.
void firecrest_count_blocks(void);

/// Blocks of a size class that were allocated, less those that were freed, since the count began.
int64_t firecrest_blocks(int size_class);

/// The most bytes that a block of a size class takes, malloc's header included.
size_t firecrest_block_bytes(int size_class);

/// Starts or stops to collect the call stacks of allocations on the calling thread.
void firecrest_collect_stacks(bool on);

/// Writes the collected stacks, each as a line `COUNT ADDRESS ADDRESS …`, innermost first. An address is an offset into
/// the executable in hex, or the name of a function of a shared library.
void firecrest_write_stacks(int descriptor);

#endif
