// Firecrest — stands in front of glibc's malloc and counts
// SPDX-License-Identifier: Apache-2.0

// Symbols of an executable come before those of its shared libraries, so these are called by everything in the process.
// Memory is glibc's as ever: what is allocated here may be freed there.

#define _GNU_SOURCE
#include "allocation_counter.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static __thread uint64_t thread_allocations;
static __thread bool collects_stacks;
static _Atomic bool counts_blocks;
static _Atomic int64_t blocks[FIRECREST_SIZE_CLASSES];

static void collect_stack(void);

// Sizes as malloc rounds them: steps of 16 up to 1 KiB, doublings beyond.
static int size_class(size_t bytes) {
    if (bytes <= 1024) return (int)((bytes + 15) / 16);
    int doublings = 64 - __builtin_clzl((bytes - 1) >> 10);
    return 64 + (doublings < FIRECREST_SIZE_CLASSES - 65 ? doublings : FIRECREST_SIZE_CLASSES - 65);
}

size_t firecrest_block_bytes(int class) {
    return class <= 64 ? (size_t)class * 16 : (size_t)1024 << (class - 64);
}

static inline void count_block(void *block, int64_t change) {
    if (block && atomic_load_explicit(&counts_blocks, memory_order_relaxed)) {
        int class = size_class(malloc_usable_size(block) + sizeof(size_t));
        atomic_fetch_add_explicit(&blocks[class], change, memory_order_relaxed);
    }
}

static inline void *allocated(void *block) {
    thread_allocations += 1;
    count_block(block, 1);
    if (__builtin_expect(collects_stacks, false)) collect_stack();
    return block;
}

void *malloc(size_t size) { return allocated(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return allocated(__libc_calloc(count, size)); }
void *memalign(size_t alignment, size_t size) { return allocated(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return allocated(__libc_memalign(alignment, size)); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *block = allocated(memory);
    return 0;
}

void *realloc(void *block, size_t size) {
    count_block(block, -1);
    return allocated(__libc_realloc(block, size));
}

void free(void *block) {
    count_block(block, -1);
    __libc_free(block);
}

uint64_t firecrest_thread_allocations(void) { return thread_allocations; }

uint64_t firecrest_heap_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

uint64_t firecrest_thread_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void firecrest_count_blocks(void) { atomic_store(&counts_blocks, true); }

int64_t firecrest_blocks(int class) {
    return class >= 0 && class < FIRECREST_SIZE_CLASSES ? atomic_load(&blocks[class]) : 0;
}

// MARK: stacks

enum { DEPTH = 32, STACKS = 4096 };

struct stack {
    uint64_t count;
    int depth;
    void *frames[DEPTH];
};

// One thread collects at a time: the one loop that is measured.
static struct stack stacks[STACKS];

static void collect_stack(void) {
    collects_stacks = false; // backtrace() allocates when it is called first
    struct stack found = {.count = 1};
    found.depth = backtrace(found.frames, DEPTH);
    uint64_t hash = 14695981039346656037u;
    for (int i = 0; i < found.depth; i++) hash = (hash ^ (uint64_t)found.frames[i]) * 1099511628211u;
    for (int probe = 0; probe < STACKS; probe++) {
        struct stack *place = &stacks[(hash + (uint64_t)probe) % STACKS];
        if (place->count == 0) {
            *place = found;
            break;
        }
        if (place->depth == found.depth &&
            memcmp(place->frames, found.frames, sizeof(void *) * (size_t)found.depth) == 0) {
            place->count += 1;
            break;
        }
    }
    collects_stacks = true;
}

void firecrest_collect_stacks(bool on) { collects_stacks = on; }

static int first_object(struct dl_phdr_info *info, size_t size, void *base) {
    (void)size;
    *(uintptr_t *)base = info->dlpi_addr;
    return 1;
}

void firecrest_write_stacks(int descriptor) {
    uintptr_t base = 0;
    Dl_info executable = {0}, place;
    dl_iterate_phdr(first_object, &base);
    dladdr((void *)&firecrest_write_stacks, &executable);
    for (int i = 0; i < STACKS; i++) {
        if (stacks[i].count == 0) continue;
        dprintf(descriptor, "%llu", (unsigned long long)stacks[i].count);
        // The first two are the collector and the function that it is called from.
        for (int j = 1; j < stacks[i].depth; j++) {
            void *frame = stacks[i].frames[j];
            if (dladdr(frame, &place) && place.dli_fbase != executable.dli_fbase)
                dprintf(descriptor, " %s", place.dli_sname ? place.dli_sname : "?");
            else // one less: the call, not what comes after it
                dprintf(descriptor, " %#lx", (unsigned long)((uintptr_t)frame - base - 1));
        }
        dprintf(descriptor, "\n");
    }
}
