/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/rseq.h - restartable sequences: rseq(2).
 */
#ifndef CORE_ABI_RSEQ_H
#define CORE_ABI_RSEQ_H

#include "core/abi/types.h"

#define LX_RSEQ_FLAG_UNREGISTER            1

/* cpu_id while no registration succeeded. */
#define LX_RSEQ_CPU_ID_UNINITIALIZED       UINT32_MAX
#define LX_RSEQ_CPU_ID_REGISTRATION_FAILED (UINT32_MAX - 1)

/* The area a thread shares; at 32 bytes, as rseq(2) demands. */
struct lx_rseq {
    uint32_t cpu_id_start;
    uint32_t cpu_id;
    uint64_t rseq_cs; /* address of a struct lx_rseq_cs, or 0 */
    uint32_t flags;
    uint32_t padding[3];
};
LX_SIZE_IS(struct lx_rseq, 32);

/* A critical section. */
struct lx_rseq_cs {
    uint32_t version;
    uint32_t flags;
    uint64_t start_ip;
    uint64_t post_commit_offset;
    uint64_t abort_ip;
};
LX_SIZE_IS(struct lx_rseq_cs, 32);

#define LX_RSEQ_ALIGN 32

#endif /* CORE_ABI_RSEQ_H */
