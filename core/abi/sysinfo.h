/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/sysinfo.h - the machine's memory and load: sysinfo(2); process
 * times: times(2).
 */
#ifndef CORE_ABI_SYSINFO_H
#define CORE_ABI_SYSINFO_H

#include "core/abi/types.h"

struct lx_sysinfo {
    int64_t uptime;
    uint64_t loads[3];
    uint64_t totalram;
    uint64_t freeram;
    uint64_t sharedram;
    uint64_t bufferram;
    uint64_t totalswap;
    uint64_t freeswap;
    uint16_t procs;
    uint16_t pad;
    uint64_t totalhigh;
    uint64_t freehigh;
    uint32_t mem_unit;
};
LX_SIZE_IS(struct lx_sysinfo, 112);

/* In units of 1/100 second. */
struct lx_tms {
    int64_t tms_utime;
    int64_t tms_stime;
    int64_t tms_cutime;
    int64_t tms_cstime;
};
LX_SIZE_IS(struct lx_tms, 32);

#endif /* CORE_ABI_SYSINFO_H */
