/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/prctl.h - codes of prctl(2), and of arch_prctl(2) on x86-64.
 */
#ifndef CORE_ABI_PRCTL_H
#define CORE_ABI_PRCTL_H

#define LX_ARCH_SET_GS              0x1001
#define LX_ARCH_SET_FS              0x1002
#define LX_ARCH_GET_FS              0x1003
#define LX_ARCH_GET_GS              0x1004
#define LX_ARCH_GET_CPUID           0x1011
#define LX_ARCH_SET_CPUID           0x1012
#define LX_ARCH_GET_XCOMP_SUPP      0x1021
#define LX_ARCH_GET_XCOMP_PERM      0x1022
#define LX_ARCH_REQ_XCOMP_PERM      0x1023
#define LX_ARCH_MAP_VDSO_64         0x2003

#define LX_PR_SET_PDEATHSIG         1
#define LX_PR_GET_PDEATHSIG         2
#define LX_PR_GET_DUMPABLE          3
#define LX_PR_SET_DUMPABLE          4
#define LX_PR_GET_KEEPCAPS          7
#define LX_PR_SET_KEEPCAPS          8
#define LX_PR_GET_TIMING            13
#define LX_PR_SET_TIMING            14
#define LX_PR_TIMING_STATISTICAL    0
#define LX_PR_SET_NAME              15
#define LX_PR_GET_NAME              16
#define LX_PR_GET_SECCOMP           21
#define LX_PR_CAPBSET_READ          23
#define LX_PR_CAPBSET_DROP          24
#define LX_PR_GET_TSC               25
#define LX_PR_TSC_ENABLE            1
#define LX_PR_GET_SECUREBITS        27
#define LX_PR_SET_TIMERSLACK        29
#define LX_PR_GET_TIMERSLACK        30
#define LX_PR_SET_CHILD_SUBREAPER   36
#define LX_PR_GET_CHILD_SUBREAPER   37
#define LX_PR_SET_NO_NEW_PRIVS      38
#define LX_PR_GET_NO_NEW_PRIVS      39
#define LX_PR_GET_TID_ADDRESS       40
#define LX_PR_SET_THP_DISABLE       41
#define LX_PR_GET_THP_DISABLE       42
#define LX_PR_CAP_AMBIENT           47

#define LX_PR_CAP_AMBIENT_IS_SET    1
#define LX_PR_CAP_AMBIENT_RAISE     2
#define LX_PR_CAP_AMBIENT_LOWER     3
#define LX_PR_CAP_AMBIENT_CLEAR_ALL 4

/* Of PR_GET_SECUREBITS: what PR_SET_KEEPCAPS sets. */
#define LX_SECBIT_KEEP_CAPS         0x10

#endif /* CORE_ABI_PRCTL_H */
