/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/utsname.h - names of the system: uname(2).
 */
#ifndef CORE_ABI_UTSNAME_H
#define CORE_ABI_UTSNAME_H

#include "core/abi/types.h"

struct lx_new_utsname {
    char sysname[65];
    char nodename[65];
    char release[65];
    char version[65];
    char machine[65];
    char domainname[65];
};
LX_SIZE_IS(struct lx_new_utsname, 390);

#endif /* CORE_ABI_UTSNAME_H */
