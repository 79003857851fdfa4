/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/dispatch.c - contract in dispatch.h.
 */
#include "core/syscall/dispatch.h"

#include "core/abi/errno.h"
#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/proc/process.h"
#include "core/sched/thread.h"
#include "core/sync/percpu.h"
#include "core/syscall/calls.h"
#include "core/syscall/strace.h"
#include "core/vm/aspace.h"
#include "core/vm/uaccess.h"
#include "hal/check.h"
#include "hal/platform.h"
#include "hal/user.h"

typedef int64_t call_handler(struct thread *self, const uint64_t *args);

static call_handler *const handlers[SYSCALL_SLOTS] = {
#include "core/syscall/table.inc"
};

/* Set at boot, then constant. */
static struct {
    bool is_on;
    struct strace_filter filter;
} trace;

static bool is_watched; /* traced, or failed by a plan; set at boot */

int trace_enable(const char *text)
{
    int error =
        strace_filter_parse(&trace.filter, str_equal(text, "1") ? "" : text);

    if (error == 0)
        trace.is_on = is_watched = true;
    return error;
}

/* The call that the running thread makes; none in an interrupt, which only
 * comes upon it. */
static struct fault_call *current_call(void)
{
    const struct thread *self;

    if (cpu_in_interrupt())
        return NULL;
    self = thread_current();
    return self != NULL ? self->call : NULL; /* none yet at boot */
}

int dispatch_set_faults(const char *plan)
{
    int error;

    fault_set_current(current_call);
    error = fault_plan_parse(plan);
    if (error == 0 && fault_is_by_call())
        is_watched = true;
    return error;
}

static size_t peek_user(void *to, uaddr_t from, size_t size)
{
    return copy_in_some(task_current()->process->as, to, from, size);
}

static void write_line(char *line, size_t size)
{
    line[min_size(size, STRACE_LINE_MAX - 2)] = '\n';
    hal_log_write(line, min_size(size, STRACE_LINE_MAX - 2) + 1);
}

/* Renders into memory of its own: kernel stacks are small. */
static void show_call(struct thread *self, uint64_t number,
                      const uint64_t *args, bool returned, int64_t result)
{
    struct strace_record record = {
        .pid = task_number(self->task),
        .number = number,
        .returned = returned,
        .result = result,
    };
    char *line = kmem_alloc(STRACE_LINE_MAX, MEM_WAIT, NULL);

    if (line == NULL) {
        log_warning("strace: no memory for a line");
        return;
    }
    mem_copy(record.args, args, sizeof(record.args));
    write_line(line,
               strace_render(line, STRACE_LINE_MAX - 1, &record, peek_user));
    kmem_free(line, STRACE_LINE_MAX);
}

void trace_end(struct thread *self)
{
    char line[STRACE_LINE_MIN + 1];
    size_t size;

    if (!trace.is_on)
        return;
    size = strace_render_end(line, sizeof(line) - 1, task_number(self->task),
                             task_exit_status(self->task));
    line[size] = '\n';
    hal_log_write(line, size + 1);
}

static int64_t call_handler_of(struct thread *self, uint64_t number,
                               const uint64_t *args)
{
    call_handler *handler = NULL;

    if (number < SYSCALL_COUNT)
        handler = handlers[number & (SYSCALL_SLOTS - 1)];
    return handler != NULL ? handler(self, args) : -ENOSYS;
}

int dispatch_fault(struct aspace *as, uaddr_t addr, unsigned access)
{
    struct thread *self = thread_current();
    struct fault_call call;
    int error;

    if (!is_watched)
        return aspace_fault(as, addr, access);
    fault_call_enter(&call, FAULT_CALL_PAGE);
    self->call = &call;
    error = aspace_fault(as, addr, access);
    self->call = NULL;
    fault_call_leave(&call);
    return error;
}

static int64_t call_traced(struct thread *self, uint64_t number,
                           const uint64_t *args)
{
    int64_t result;

    if (!trace.is_on || !strace_filter_has(&trace.filter, number))
        return call_handler_of(self, number, args);
    if (strace_at_entry(number))
        show_call(self, number, args, false, 0);
    result = call_handler_of(self, number, args);
    if (!strace_at_entry(number))
        show_call(self, number, args, true, result);
    return result;
}

static int64_t call_watched(struct thread *self, uint64_t number,
                            const uint64_t *args)
{
    struct fault_call call;
    int64_t result;

    if (!fault_is_by_call() || number >= SYSCALL_COUNT)
        return call_traced(self, number, args);
    fault_call_enter(&call, (unsigned)number);
    self->call = &call;
    result = call_traced(self, number, args);
    self->call = NULL;
    fault_call_leave(&call);
    return result;
}

/* The restart that a handler's result asks for. */
static enum signal_restart restart_of(int64_t result)
{
    switch (result) {
    case -ERESTART_CALL:
        return RESTART_SYS;
    case -ERESTART_NOINTR:
        return RESTART_NOINTR;
    case -ERESTART_NOHAND:
        return RESTART_NOHAND;
    case -ERESTART_BLOCK:
        return RESTART_BLOCK;
    default:
        return RESTART_NONE;
    }
}

static void keep_for_restart(struct thread *self, uint64_t number,
                             const uint64_t *args, enum signal_restart how)
{
    struct restart *restart = &self->task->restart;

    restart->number = number;
    mem_copy(restart->args, args, sizeof(restart->args));
    self->task->signals.restart = how;
    thread_set_work(self, THREAD_WORK_RESTART);
}

/* A result below this is for the kernel alone. */
static bool is_special(int64_t result)
{
    return result <= -ERESTART_CALL && result >= -CALL_IS_DONE;
}

void dispatch_call(struct thread *self, uint64_t number, const uint64_t *args)
{
    int64_t result;

    number = (uint32_t)number; /* Linux looks at eax only */
    hal_check_event(HAL_EVENT_CALL, self->number, number, 0);
    if (__builtin_expect(is_watched, false))
        result = call_watched(self, number, args);
    else
        result = call_handler_of(self, number, args);
    hal_check_event(HAL_EVENT_RESULT, self->number, number, (uint64_t)result);
    if (__builtin_expect(!is_special(result), true))
        hal_user_set_result(self->user, result);
    else if (result != -CALL_IS_DONE)
        keep_for_restart(self, number, args, restart_of(result));
}

void dispatch_again(struct thread *self)
{
    struct task_signals *signals = &self->task->signals;
    struct restart again = self->task->restart;

    signals->resumes = signals->restart == RESTART_BLOCK;
    signals->restart = RESTART_NONE;
    dispatch_call(self, again.number, again.args);
    signals->resumes = false;
}
