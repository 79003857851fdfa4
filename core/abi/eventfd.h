/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/eventfd.h - what becomes a descriptor: eventfd(2),
 * timerfd_create(2), signalfd(2), pidfd_open(2).
 */
#ifndef CORE_ABI_EVENTFD_H
#define CORE_ABI_EVENTFD_H

#include "core/abi/types.h"

#define LX_EFD_SEMAPHORE           0x00001u
#define LX_EFD_NONBLOCK            0x00800u
#define LX_EFD_CLOEXEC             0x80000u

#define LX_TFD_NONBLOCK            0x00800u
#define LX_TFD_CLOEXEC             0x80000u
#define LX_TFD_TIMER_ABSTIME       0x1u
#define LX_TFD_TIMER_CANCEL_ON_SET 0x2u

#define LX_SFD_NONBLOCK            0x00800u
#define LX_SFD_CLOEXEC             0x80000u

#define LX_PIDFD_NONBLOCK          0x00800u

/* What a read of signalfd(2) gives for each signal. */
struct lx_signalfd_siginfo {
    uint32_t ssi_signo;
    int32_t ssi_errno;
    int32_t ssi_code;
    uint32_t ssi_pid;
    uint32_t ssi_uid;
    int32_t ssi_fd;
    uint32_t ssi_tid;
    uint32_t ssi_band;
    uint32_t ssi_overrun;
    uint32_t ssi_trapno;
    int32_t ssi_status;
    int32_t ssi_int;
    uint64_t ssi_ptr;
    uint64_t ssi_utime;
    uint64_t ssi_stime;
    uint64_t ssi_addr;
    uint16_t ssi_addr_lsb;
    uint16_t pad2;
    int32_t ssi_syscall;
    uint64_t ssi_call_addr;
    uint32_t ssi_arch;
    uint8_t pad[28];
};
LX_SIZE_IS(struct lx_signalfd_siginfo, 128);

#endif /* CORE_ABI_EVENTFD_H */
