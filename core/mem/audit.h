/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/audit.h - does what was allocated come back?
 *
 * audit_note() remembers how many frames are free and how many objects of each
 * cache live, audit_holds() compares. Both empty magazines and lists first, so
 * they are exact while nobody else allocates or frees. One thread uses them.
 */
#ifndef CORE_MEM_AUDIT_H
#define CORE_MEM_AUDIT_H

#include "core/base/defs.h"

C_DECLS_BEGIN

/* lent: of the frames not free now, how many will come back. Any context. */
void audit_note(uint64_t lent);

/* So many more frames will be free than were noted. Any context. */
void audit_expect(uint64_t frames);

/* Is everything as it was noted? Any context. */
bool audit_holds(void);

/* Log lines: for each cache and for the frames, if they differ, and for some of
 * the runs that are new. Any context. */
void audit_report(void);

C_DECLS_END

#endif /* CORE_MEM_AUDIT_H */
