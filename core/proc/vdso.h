/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/vdso.h - the vDSO in every program (vdso(7)).
 *
 * The machine gives the image and keeps the page below it up to date
 * (hal_clock_vdso()); here they are the pages of one object, which exec maps.
 * The image is a private mapping like a program's text: mprotect(2) may make
 * it writable, and writing copies; the page below can only be read. Both may
 * be unmapped and moved.
 *
 * Lifetime: made at boot, stays.
 */
#ifndef CORE_PROC_VDSO_H
#define CORE_PROC_VDSO_H

#include "core/base/defs.h"
#include "hal/types.h"

struct aspace;

C_DECLS_BEGIN

/* Once, before the first program: 0 or -ENOMEM. */
MUST_USE int vdso_init_all(void);

/* Maps it where there is room and sets *image to where its ELF header lies:
 * AT_SYSINFO_EHDR of getauxval(3). 0 or -ENOMEM. May sleep. */
MUST_USE int vdso_map(struct aspace *as, uaddr_t *image);

C_DECLS_END

#endif /* CORE_PROC_VDSO_H */
