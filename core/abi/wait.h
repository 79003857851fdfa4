/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/wait.h - waiting for children: wait4(2), waitid(2).
 */
#ifndef CORE_ABI_WAIT_H
#define CORE_ABI_WAIT_H

#define LX_WNOHANG         0x00000001u
#define LX_WUNTRACED       0x00000002u
#define LX_WSTOPPED        0x00000002u
#define LX_WEXITED         0x00000004u
#define LX_WCONTINUED      0x00000008u
#define LX_WNOWAIT         0x01000000u
#define LX_WNOTHREAD       0x20000000u
#define LX_WALL            0x40000000u
#define LX_WCLONE          0x80000000u

#define LX_P_ALL           0
#define LX_P_PID           1
#define LX_P_PGID          2
#define LX_P_PIDFD         3

/* The status word that wait4(2) stores. */
#define LX_W_EXITED(code)  (((code)&0xff) << 8)
#define LX_W_SIGNALED(sig) ((sig)&0x7f)
#define LX_W_CORE_DUMPED   0x80
#define LX_W_STOPPED(sig)  ((((sig)&0xff) << 8) | 0x7f)
#define LX_W_CONTINUED     0xffff

#endif /* CORE_ABI_WAIT_H */
