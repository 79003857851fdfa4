/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/personality.h - bits of personality(2).
 */
#ifndef CORE_ABI_PERSONALITY_H
#define CORE_ABI_PERSONALITY_H

#define LX_PER_MASK           0xffu
#define LX_PER_LINUX32        8u /* a 32-bit machine, by name */

#define LX_ADDR_NO_RANDOMIZE  0x0040000u
#define LX_MMAP_PAGE_ZERO     0x0100000u
#define LX_ADDR_COMPAT_LAYOUT 0x0200000u
#define LX_READ_IMPLIES_EXEC  0x0400000u

/* What a program of another user's does not inherit. */
#define LX_PER_CLEAR_ON_SETID \
    (LX_READ_IMPLIES_EXEC | LX_ADDR_NO_RANDOMIZE | LX_ADDR_COMPAT_LAYOUT | \
     LX_MMAP_PAGE_ZERO)

#endif /* CORE_ABI_PERSONALITY_H */
