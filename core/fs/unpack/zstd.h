/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/zstd.h - the Zstandard decoder.
 *
 * Semantics: RFC 8878. Windows up to ZSTD_WINDOW_MAX, what section 3.1.1.1.2
 * recommends every decoder to have and `zstd -19` stays within; no
 * dictionaries. The content's size and checksum are verified where a frame
 * has them.
 *
 * Lifetime: the caller gives zstd_state_size() bytes of memory, aligned to 8,
 * that zstd_begin() and zstd_decode() share, and to the latter a window of the
 * size the former told. He may free both when a call failed or the frame is
 * done. Nothing is allocated.
 */
#ifndef CORE_FS_UNPACK_ZSTD_H
#define CORE_FS_UNPACK_ZSTD_H

#include "core/fs/unpack/source.h"

enum {
    ZSTD_WINDOW_MAX = 8 << 20,
    ZSTD_MAGIC_SIZE = 4,
    /* Skippable frames begin with one of 16 magics: compare without the low
     * four bits (RFC 8878, 3.1.2). */
    ZSTD_MAGIC_SKIPPABLE = 0x184d2a50
};

#define ZSTD_MAGIC UINT32_C(0xfd2fb528)

C_DECLS_BEGIN

/* Bytes of memory that a frame's decoding works in, its window aside. */
size_t zstd_state_size(void);

/*
 * Reads a frame's header from in, which stands at its magic. Sets *window to
 * the bytes that zstd_decode() needs, > 0 and at most ZSTD_WINDOW_MAX. Returns
 * 0, or with the reason noted in in: -EINVAL   no frame, a damaged header, or a
 * dictionary is asked for -EFBIG    its window is larger than ZSTD_WINDOW_MAX
 *   -ENODATA  the source ends inside the header
 *   else what the source failed with.
 */
MUST_USE int zstd_begin(void *state, struct unpack_input *in, size_t *window);

/*
 * Decodes the frame that zstd_begin() began to out; then in stands right
 * behind it. Returns 0, or with the reason noted in in:
 *   -EINVAL   bytes that are no frame
 *   -ENODATA  the source ends inside the frame
 *   -EBADMSG  the content's checksum or size does not fit
 *   else what the source or out failed with.
 * out may have got bytes of a frame that proves bad later.
 */
MUST_USE int zstd_decode(void *state, void *window, struct unpack_sink *out);

/* Passes over the skippable frame at in. Returns 0, -EINVAL when none is
 * there, -ENODATA, or what the source failed with. */
MUST_USE int zstd_skip(struct unpack_input *in);

C_DECLS_END

#endif /* CORE_FS_UNPACK_ZSTD_H */
