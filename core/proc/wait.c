/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/wait.c - contract in wait.h.
 *
 * The condition waited for does the work: it looks at all children under the
 * tree's lock and takes what it finds.
 */
#include "core/proc/wait.h"

#include "core/abi/errno.h"
#include "core/abi/wait.h"
#include "core/id/nsset.h"
#include "core/id/user.h"
#include "core/proc/process_impl.h"
#include "core/proc/usage.h"

struct search {
    struct task *self;
    const struct wait_request *request;
    struct pid *pid; /* of the process or group; NULL: nobody has it */
    struct wait_result *out;
    int result;
};

static bool fits(const struct search *search, const struct process *child)
{
    unsigned options = search->request->options;
    bool is_clone = child->exit_signal != LX_SIGCHLD;

    if (search->request->which == WAIT_PID && child->pid != search->pid)
        return false;
    if (search->request->which == WAIT_GROUP && child->group != search->pid)
        return false;
    if ((options & LX_WNOTHREAD) != 0 && child->creator != search->self)
        return false;
    return (options & LX_WALL) != 0 || is_clone == ((options & LX_WCLONE) != 0);
}

static void fill(struct search *search, struct process *child, int code,
                 int status)
{
    struct wait_result *out = search->out;

    out->number = pid_nr(child->pid, search->self->ns->pid);
    out->uid = process_uid(child);
    out->code = code;
    out->status = status;
    out->usage = child->usage;
    usage_add(&out->usage, &child->child_usage);
    search->result = 1;
}

static void take_zombie(struct search *search, struct process *child)
{
    int word = child->exit_status, code = LX_CLD_EXITED, status;

    status = word >> 8 & 0xff;
    if ((word & 0x7f) != 0) {
        code = (word & LX_W_CORE_DUMPED) != 0 ? LX_CLD_DUMPED : LX_CLD_KILLED;
        status = word & 0x7f;
    }
    fill(search, child, code, status);
    search->out->word = word;
    if ((search->request->options & LX_WNOWAIT) != 0)
        return;
    usage_add(&search->self->process->child_usage, &search->out->usage);
    process_reap(child);
}

static void take_report(struct search *search, struct process *child)
{
    if (child->report == REPORT_STOPPED) {
        fill(search, child, LX_CLD_STOPPED, (int)child->report_signal);
        search->out->word = LX_W_STOPPED((int)child->report_signal);
    } else {
        fill(search, child, LX_CLD_CONTINUED, LX_SIGCONT);
        search->out->word = LX_W_CONTINUED;
    }
    if ((search->request->options & LX_WNOWAIT) == 0)
        child->report = REPORT_NONE;
}

/* Takes what child has to tell and search asks for; returns whether it did. */
static bool take(struct search *search, struct process *child)
{
    unsigned options = search->request->options;

    if (child->state == PROCESS_ZOMBIE) {
        if ((options & LX_WEXITED) == 0)
            return false;
        take_zombie(search, child);
        return true;
    }
    process_update_report(child);
    if ((child->report == REPORT_STOPPED && (options & LX_WSTOPPED) != 0) ||
        (child->report == REPORT_CONTINUED && (options & LX_WCONTINUED) != 0)) {
        take_report(search, child);
        return true;
    }
    return false;
}

/* Could child, which has nothing to tell now, do so later? A zombie cannot
 * stop or go on any more. */
static bool may_tell(const struct search *search, const struct process *child)
{
    return child->state == PROCESS_ALIVE ||
           (search->request->options & LX_WEXITED) != 0;
}

static bool look(void *arg)
{
    struct search *search = arg;
    unsigned saved = process_tree_lock();
    bool is_hopeless = true, is_done = false;

    list_for_each_safe(node, &search->self->process->children)
    {
        struct process *child = list_entry(node, struct process, sibling);

        if (!fits(search, child))
            continue;
        is_done = take(search, child);
        if (is_done)
            break;
        is_hopeless = is_hopeless && !may_tell(search, child);
    }
    if (!is_done && is_hopeless) {
        search->result = -ECHILD;
        is_done = true;
    }
    process_tree_unlock(saved);
    return is_done;
}

static struct pid *find_pid(struct task *self,
                            const struct wait_request *request)
{
    struct pid *pid = NULL;
    unsigned saved;

    if (request->which == WAIT_ALL)
        return NULL;
    if (request->which == WAIT_PID || request->number != 0)
        return pid_find(self->ns->pid, request->number);
    saved = process_tree_lock();
    pid = self->process->group;
    pid_get(pid);
    process_tree_unlock(saved);
    return pid;
}

/* Looks, and unless LX_WNOHANG waits. */
static int wait_for(struct search *search)
{
    int error = 0;

    if ((search->request->options & LX_WNOHANG) != 0)
        (void)look(search);
    else
        error = waitq_wait_interruptible(&search->self->process->waiters, look,
                                         search, WAIT_FOREVER);
    return error != 0 ? error : search->result;
}

int process_wait(struct task *self, const struct wait_request *request,
                 struct wait_result *out)
{
    struct search search = {.self = self, .request = request, .out = out};
    int result;

    search.pid = find_pid(self, request);
    if (search.pid == NULL && request->which != WAIT_ALL)
        return -ECHILD;
    result = wait_for(&search);
    if (search.pid != NULL)
        pid_put(search.pid);
    return result;
}

int process_wait_pid(struct task *self, struct pid *pid, unsigned options,
                     struct wait_result *out)
{
    struct wait_request request = {.which = WAIT_PID, .options = options};
    struct search search = {
        .self = self, .request = &request, .pid = pid, .out = out};

    return wait_for(&search);
}
