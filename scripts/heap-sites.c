// Firecrest — preloaded into a server: remembers who allocated each live block, and lists them when asked
// SPDX-License-Identifier: Apache-2.0

// Built and driven by scripts/measure-heap. A thread reads file names from the FIFO that HEAP_SITES names and writes, for
// each, one line a live block: bytes taken from malloc, first word, type descriptor, return addresses from the innermost.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FRAMES = 22, SKIP = 2, SLOTS = 1 << 21, SITES = 1 << 18 };
struct site { int depth; void *frames[FRAMES]; };
struct block { uintptr_t address; uint32_t site; };
static struct site sites[SITES];  // 0: none
static struct block blocks[SLOTS];  // address 0: free, 1: was used
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread int busy;

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static size_t slot_of(uintptr_t address) { return (address >> 4) * 0x9E3779B97F4A7C15ull >> (64 - 21); }

static uint32_t site_of(void **frames, int depth) {
    uint64_t hash = 1469598103934665603ull;
    for (int i = 0; i < depth; i++) hash = (hash ^ (uintptr_t)frames[i]) * 1099511628211ull;
    for (uint32_t at = 1 + hash % (SITES - 1), tries = 0; tries < SITES; tries++, at = at + 1 < SITES ? at + 1 : 1) {
        if (sites[at].depth == depth && !memcmp(sites[at].frames, frames, depth * sizeof *frames)) return at;
        if (sites[at].depth) continue;
        memcpy(sites[at].frames, frames, depth * sizeof *frames);
        sites[at].depth = depth;
        return at;
    }
    return 0;
}

static void *added(void *pointer) {
    if (!pointer || busy) return pointer;
    busy = 1;
    void *frames[FRAMES + SKIP];
    int depth = backtrace(frames, FRAMES + SKIP) - SKIP;
    pthread_mutex_lock(&lock);
    size_t at = slot_of((uintptr_t)pointer);
    for (int tries = 0; tries < SLOTS; tries++, at = (at + 1) & (SLOTS - 1)) {
        if (blocks[at].address > 1) continue;
        blocks[at] = (struct block){(uintptr_t)pointer, depth > 0 ? site_of(frames + SKIP, depth) : 0};
        break;
    }
    pthread_mutex_unlock(&lock);
    busy = 0;
    return pointer;
}

static void removed(void *pointer) {
    if (!pointer) return;
    pthread_mutex_lock(&lock);
    size_t at = slot_of((uintptr_t)pointer);
    for (int tries = 0; tries < SLOTS && blocks[at].address; tries++, at = (at + 1) & (SLOTS - 1)) {
        if (blocks[at].address != (uintptr_t)pointer) continue;
        blocks[at].address = 1;
        break;
    }
    pthread_mutex_unlock(&lock);
}

void *malloc(size_t size) { return added(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return added(__libc_calloc(count, size)); }
void *memalign(size_t alignment, size_t size) { return added(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return added(__libc_memalign(alignment, size)); }
int posix_memalign(void **result, size_t alignment, size_t size) {
    *result = added(__libc_memalign(alignment, size));
    return *result ? 0 : 12;
}
void *realloc(void *old, size_t size) {
    removed(old);
    return added(__libc_realloc(old, size));
}
void free(void *pointer) {
    removed(pointer);
    __libc_free(pointer);
}

static uintptr_t word(uintptr_t address) {
    uintptr_t value = 0;
    struct iovec here = {&value, sizeof value}, there = {(void *)address, sizeof value};
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == sizeof value ? value : 0;
}

static void list(const char *path) {
    FILE *file = fopen(path, "w");
    if (!file) return;
    pthread_mutex_lock(&lock);
    for (size_t at = 0; at < SLOTS; at++) {
        if (blocks[at].address < 2) continue;
        uintptr_t first = *(uintptr_t *)blocks[at].address;
        // A Swift object begins with its metadata; that of a class has its type's descriptor in the sixth word.
        uintptr_t descriptor = first > 4096 && !(first & 7) && word(first) == 0 ? word(first + 40) : 0;
        fprintf(file, "%zu %lx %lx", malloc_usable_size((void *)blocks[at].address) + 8, first, descriptor);
        const struct site *site = &sites[blocks[at].site];
        for (int i = 0; i < site->depth; i++) fprintf(file, " %lx", (uintptr_t)site->frames[i]);
        fputc('\n', file);
    }
    pthread_mutex_unlock(&lock);
    fprintf(file, "end\n");
    fclose(file);
}

static void *serve(void *path) {
    busy = 1;
    char line[4096];
    while (1) {
        FILE *fifo = fopen(path, "r");
        if (!fifo) return NULL;
        while (fgets(line, sizeof line, fifo)) {
            line[strcspn(line, "\n")] = 0;
            list(line);
        }
        fclose(fifo);
    }
}

__attribute__((constructor)) static void begin(void) {
    char *path = getenv("HEAP_SITES");
    pthread_t thread;
    if (path) pthread_create(&thread, NULL, serve, path);
}
