/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/epoll.h - epoll(7).
 */
#ifndef CORE_ABI_EPOLL_H
#define CORE_ABI_EPOLL_H

#include "core/abi/types.h"

#define LX_EPOLL_CTL_ADD  1
#define LX_EPOLL_CTL_DEL  2
#define LX_EPOLL_CTL_MOD  3

/* EPOLL_CLOEXEC of epoll_create1(2) */
#define LX_EPOLL_CLOEXEC  0x80000u

/* Beside those of poll(2), which have the same values. */
#define LX_EPOLLEXCLUSIVE 0x10000000u
#define LX_EPOLLWAKEUP    0x20000000u
#define LX_EPOLLONESHOT   0x40000000u
#define LX_EPOLLET        0x80000000u

struct lx_epoll_event {
    uint32_t events;
    uint64_t data;
} __attribute__((packed));
LX_SIZE_IS(struct lx_epoll_event, 12);

#endif /* CORE_ABI_EPOLL_H */
