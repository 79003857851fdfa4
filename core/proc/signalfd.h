/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/signalfd.h - signals that are read (signalfd(2)).
 *
 * What a read takes and poll sees is what is pending for the thread that asks.
 * Who waits for it waits in the queue of that thread's process; an instance of
 * epoll(7) hangs in that of the process that registered the file.
 */
#ifndef CORE_PROC_SIGNALFD_H
#define CORE_PROC_SIGNALFD_H

#include "core/proc/signal.h"

struct file;
struct pid;

C_DECLS_BEGIN

/* Once, after the caches. */
void signalfd_init_all(void);

/* signalfd4(2) by the running thread: a file for the signals of set; flags is
 * LX_SFD_NONBLOCK or 0. 0, -ENFILE, -ENOMEM. May sleep. */
MUST_USE int signalfd_create(signal_set set, unsigned flags, struct file **out);

bool signalfd_is_one(const struct file *file);

/* The same call on a file that is one. */
void signalfd_change(struct file *file, signal_set set);

C_DECLS_END

#endif /* CORE_PROC_SIGNALFD_H */
