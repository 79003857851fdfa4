/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/audit.c - contract in audit.h.
 */
#include "core/mem/audit.h"

#include "core/base/log.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"

static uint64_t noted_frames; /* free; written by audit_note() alone */

static void drain(void)
{
    cache_drain_all();
    page_drain_all();
}

void audit_note(uint64_t lent)
{
    drain();
    cache_note_all();
    noted_frames = page_free_count() + lent;
}

bool audit_holds(void)
{
    drain();
    return page_free_count() == noted_frames && cache_compare_all(false);
}

void audit_report(void)
{
    uint64_t frames;

    drain();
    frames = page_free_count();
    if (frames != noted_frames)
        log_error("%llu frames are free, and were %llu",
                  (unsigned long long)frames, (unsigned long long)noted_frames);
    (void)cache_compare_all(true);
}
