// Firecrest — the system's zlib, for RFC 7692: the two initialisers, which are macros that Swift cannot see.
// SPDX-License-Identifier: Apache-2.0
#ifndef FIRECREST_ZLIB_SHIM_H
#define FIRECREST_ZLIB_SHIM_H

#include <zlib.h>

// Raw deflate (negative window bits, zlib.h), as RFC 7692 §7.2 asks for.

static inline int firecrest_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, -window_bits);
}

static inline int firecrest_deflate_init(z_stream *stream, int level, int window_bits, int mem_level) {
    return deflateInit2(stream, level, Z_DEFLATED, -window_bits, mem_level, Z_DEFAULT_STRATEGY);
}

#endif
