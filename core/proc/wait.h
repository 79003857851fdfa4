/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/wait.h - waiting for children (wait4(2), waitid(2)).
 */
#ifndef CORE_PROC_WAIT_H
#define CORE_PROC_WAIT_H

#include "core/abi/types.h"
#include "core/proc/process.h"

struct pid;

enum wait_which { WAIT_ALL, WAIT_PID, WAIT_GROUP };

struct wait_request {
    enum wait_which which;
    int number;       /* of the process or group */
    unsigned options; /* LX_W*; WNOHANG is heeded here */
};

/* What was found. */
struct wait_result {
    int number;
    lx_uid_t uid;
    int code;   /* LX_CLD_* */
    int status; /* as waitid(2) gives it: exit status or signal */
    int word;   /* as wait4(2) gives it */
    struct usage usage;
};

C_DECLS_BEGIN

/*
 * Waits for a child of self, the running thread, that fits. 1: found, *out is
 * filled, and a zombie is reaped unless LX_WNOWAIT; 0: LX_WNOHANG and none is
 * ready; -ECHILD: no child could ever fit; -EINTR: a signal came.
 */
MUST_USE int process_wait(struct task *self, const struct wait_request *request,
                          struct wait_result *out);

/* The same for the child whose pid that is, and which the caller keeps. */
MUST_USE int process_wait_pid(struct task *self, struct pid *pid,
                              unsigned options, struct wait_result *out);

C_DECLS_END

#endif /* CORE_PROC_WAIT_H */
