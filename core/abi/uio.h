/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/uio.h - vectors of buffers: readv(2), writev(2).
 */
#ifndef CORE_ABI_UIO_H
#define CORE_ABI_UIO_H

#include "core/abi/types.h"

#define LX_UIO_MAXIOV 1024 /* vectors in one call */

struct lx_iovec {
    uint64_t iov_base; /* address in user memory */
    uint64_t iov_len;
};
LX_SIZE_IS(struct lx_iovec, 16);

/* preadv2(2) */
#define LX_RWF_HIPRI  0x01u
#define LX_RWF_DSYNC  0x02u
#define LX_RWF_SYNC   0x04u
#define LX_RWF_NOWAIT 0x08u
#define LX_RWF_APPEND 0x10u

#endif /* CORE_ABI_UIO_H */
