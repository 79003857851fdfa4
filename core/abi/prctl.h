/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/prctl.h - codes of arch_prctl(2) on x86-64.
 */
#ifndef CORE_ABI_PRCTL_H
#define CORE_ABI_PRCTL_H

#define LX_ARCH_SET_GS         0x1001
#define LX_ARCH_SET_FS         0x1002
#define LX_ARCH_GET_FS         0x1003
#define LX_ARCH_GET_GS         0x1004
#define LX_ARCH_GET_CPUID      0x1011
#define LX_ARCH_SET_CPUID      0x1012
#define LX_ARCH_GET_XCOMP_SUPP 0x1021
#define LX_ARCH_GET_XCOMP_PERM 0x1022
#define LX_ARCH_REQ_XCOMP_PERM 0x1023
#define LX_ARCH_MAP_VDSO_64    0x2003

#endif /* CORE_ABI_PRCTL_H */
