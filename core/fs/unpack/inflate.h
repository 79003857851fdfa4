/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/inflate.h - the gzip decoder.
 *
 * Semantics: RFC 1952 (gzip 4.3) over RFC 1951 (DEFLATE 1.3). The header's
 * flags are obeyed (FHCRC is verified), CRC32 and ISIZE are verified.
 *
 * Lifetime: the caller gives inflate_state_size() bytes of memory, aligned to
 * 8, and may free them as soon as the call has returned. Nothing is allocated.
 */
#ifndef CORE_FS_UNPACK_INFLATE_H
#define CORE_FS_UNPACK_INFLATE_H

#include "core/fs/unpack/source.h"

C_DECLS_BEGIN

/* Bytes of memory that inflate_gzip() works in. */
size_t inflate_state_size(void);

/*
 * Decodes one gzip member from in, which stands at its magic, to out; then in
 * stands right behind it. Returns 0, or with the reason noted in in:
 *   -EINVAL   bytes that are no gzip member
 *   -ENODATA  the source ends inside the member
 *   -EBADMSG  CRC32, ISIZE or the header's CRC does not fit
 *   else what the source or out failed with.
 * out may have got bytes of a member that proves bad later.
 */
MUST_USE int inflate_gzip(void *state, struct unpack_input *in,
                          struct unpack_sink *out);

C_DECLS_END

#endif /* CORE_FS_UNPACK_INFLATE_H */
