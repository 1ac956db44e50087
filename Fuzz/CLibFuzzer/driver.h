// Firecrest — the one function of libFuzzer that a program of ours calls
// SPDX-License-Identifier: Apache-2.0

#include <stddef.h>
#include <stdint.h>

// compiler-rt, FuzzerDriver.cpp; linked in by -sanitize=fuzzer.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
