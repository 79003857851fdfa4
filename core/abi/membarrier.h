/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/membarrier.h - commands of membarrier(2).
 */
#ifndef CORE_ABI_MEMBARRIER_H
#define CORE_ABI_MEMBARRIER_H

#define LX_MEMBARRIER_CMD_QUERY                                0
#define LX_MEMBARRIER_CMD_GLOBAL                               0x001
#define LX_MEMBARRIER_CMD_GLOBAL_EXPEDITED                     0x002
#define LX_MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED            0x004
#define LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED                    0x008
#define LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED           0x010
#define LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE          0x020
#define LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE 0x040
#define LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ               0x080
#define LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ      0x100
#define LX_MEMBARRIER_CMD_GET_REGISTRATIONS                    0x200

#define LX_MEMBARRIER_CMD_FLAG_CPU                             1

#endif /* CORE_ABI_MEMBARRIER_H */
