/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/splice.h - flags of splice(2), tee(2), vmsplice(2).
 */
#ifndef CORE_ABI_SPLICE_H
#define CORE_ABI_SPLICE_H

#define LX_SPLICE_F_MOVE     1u
#define LX_SPLICE_F_NONBLOCK 2u
#define LX_SPLICE_F_MORE     4u
#define LX_SPLICE_F_GIFT     8u

#endif /* CORE_ABI_SPLICE_H */
