/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/oom.h - who has to go when a page fault finds no memory.
 *
 * The process with the most resident memory is killed, and with it all that
 * share its address space; never init or who shares with it. One victim at a
 * time: who needs memory waits until the victim has given up its own, for at
 * most OOM_PATIENCE_NS, as the victim may itself wait for what a waiter holds.
 * Who waits can be killed, and who is being killed has the reserve of memory
 * (core/mem/account.h) and waits no more.
 */
#ifndef CORE_PROC_OOM_H
#define CORE_PROC_OOM_H

#include "core/base/defs.h"

struct process;

enum {
    OOM_PATIENCE_NS = 1000000000, /* then another victim is chosen */
    OOM_NAP_NS = 100000000,       /* between two attempts of a fault */
    OOM_RETRIES_MAX = 4,    /* of a fault that fails although memory is free */
    OOM_ATTEMPTS_MAX = 1000 /* then the faulting process itself has to go */
};

C_DECLS_BEGIN

/* Once: faults that cannot be served come here. */
void oom_init_all(void);

/* process has let go of its address space. No lock is held. */
void oom_note_freed(struct process *process);

C_DECLS_END

#endif /* CORE_PROC_OOM_H */
