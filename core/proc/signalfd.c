/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/signalfd.c - contract in signalfd.h.
 *
 * The queues belong to pids, since a file may outlive the processes that it was
 * registered in: it keeps a reference to each whose queue it has shown.
 */
#include "core/proc/signalfd.h"

#include "core/abi/errno.h"
#include "core/abi/eventfd.h"
#include "core/abi/fcntl.h"
#include "core/abi/poll.h"
#include "core/fs/anon.h"
#include "core/fs/file.h"
#include "core/id/pid.h"
#include "core/mem/cache.h"
#include "core/proc/process.h"
#include "core/proc/signal_impl.h"
#include "core/vm/uaccess.h"

static const struct lock_class signalfd_class = {"signalfd", LOCK_RANK_IDS};

/* A pid whose queue was shown. */
struct shown {
    struct shown *next;
    struct pid *pid; /* a reference */
};

struct signalfd {
    signal_set set; /* atomic */
    struct spinlock lock;
    struct shown first;                    /* the maker's; const but next */
    struct shown *others GUARDED_BY(lock); /* that came later */
};

static struct mem_cache signalfd_cache, shown_cache;

void signalfd_init_all(void)
{
    cache_init(&signalfd_cache, "signalfd", sizeof(struct signalfd), 64);
    cache_init(&shown_cache, "signalfd pid", sizeof(struct shown), 16);
}

static signal_set set_of(const struct signalfd *s)
{
    return __atomic_load_n(&s->set, __ATOMIC_RELAXED);
}

/* --- what is read --------------------------------------------------------- */

/* The parts of a siginfo that its code says are there. */
static void fill_sender(const struct lx_siginfo *info,
                        struct lx_signalfd_siginfo *out)
{
    out->ssi_pid = (uint32_t)info->of.from.pid;
    out->ssi_uid = info->of.from.uid;
    if (info->si_code == LX_SI_USER || info->si_code == LX_SI_TKILL ||
        info->si_code == LX_SI_KERNEL)
        return;
    out->ssi_ptr = info->of.from.value;
    out->ssi_int = (int32_t)(uint32_t)info->of.from.value;
}

static void fill_timer(const struct lx_siginfo *info,
                       struct lx_signalfd_siginfo *out)
{
    out->ssi_tid = (uint32_t)info->of.timer.id;
    out->ssi_overrun = (uint32_t)info->of.timer.overrun;
    out->ssi_ptr = info->of.timer.value;
    out->ssi_int = (int32_t)(uint32_t)info->of.timer.value;
}

static void fill_child(const struct lx_siginfo *info,
                       struct lx_signalfd_siginfo *out)
{
    out->ssi_pid = (uint32_t)info->of.child.pid;
    out->ssi_uid = info->of.child.uid;
    out->ssi_status = info->of.child.status;
    out->ssi_utime = (uint64_t)info->of.child.utime;
    out->ssi_stime = (uint64_t)info->of.child.stime;
}

static bool is_sent(const struct lx_siginfo *info)
{
    return info->si_code <= 0 || info->si_code == LX_SI_KERNEL;
}

static void fill(const struct lx_siginfo *info, struct lx_signalfd_siginfo *out)
{
    *out = (struct lx_signalfd_siginfo){
        .ssi_signo = (uint32_t)info->si_signo,
        .ssi_errno = info->si_errno,
        .ssi_code = info->si_code,
    };
    if (info->si_code == LX_SI_TIMER) {
        fill_timer(info, out);
    } else if (is_sent(info)) {
        fill_sender(info, out);
    } else if (info->si_signo == LX_SIGCHLD) {
        fill_child(info, out);
    } else if ((signal_bit((unsigned)info->si_signo) & SIGNALS_SYNCHRONOUS) !=
               0) {
        out->ssi_addr = info->of.fault.addr;
        out->ssi_addr_lsb = (uint16_t)info->of.fault.addr_lsb;
    } else if (info->si_signo == LX_SIGIO) {
        out->ssi_band = (uint32_t)info->of.poll.band;
        out->ssi_fd = info->of.poll.fd;
    }
}

/* As many as there are and have room; those that do not reach the reader are
 * lost, as on Linux. */
static ssize_t read_signalfd(struct file *file, struct user_cursor *to,
                             uint64_t *position)
{
    const struct signalfd *s = file->data;
    struct lx_signalfd_siginfo out;
    struct lx_siginfo info;
    ssize_t done = 0;

    (void)position;
    if (to->left < sizeof(out))
        return -EINVAL;
    while (to->left >= sizeof(out) &&
           signal_take(task_current(), set_of(s), &info) != 0) {
        fill(&info, &out);
        if (cursor_copy_out(to, &out, sizeof(out)) != sizeof(out))
            return done > 0 ? done : -EFAULT;
        done += (ssize_t)sizeof(out);
    }
    return done > 0 ? done : -EAGAIN;
}

static unsigned poll_signalfd(struct file *file)
{
    const struct signalfd *s = file->data;

    return signal_pending_of(task_current(), set_of(s)) != 0 ? LX_POLLIN : 0;
}

/* --- queues --------------------------------------------------------------- */

/* Is a reference to pid kept? */
static bool is_shown(const struct signalfd *s, const struct pid *pid)
    REQUIRES(s->lock)
{
    if (s->first.pid == pid)
        return true;
    for (const struct shown *at = s->others; at != NULL; at = at->next)
        if (at->pid == pid)
            return true;
    return false;
}

static void free_shown(struct shown *shown)
{
    pid_put(shown->pid);
    mem_free(&shown_cache, shown);
}

/* Keeps pid, or returns false: no memory. */
static bool keep_pid(struct signalfd *s, struct pid *pid)
{
    struct shown *fresh = mem_alloc(&shown_cache, MEM_WAIT, NULL);
    bool is_new;

    if (fresh == NULL)
        return false;
    pid_get(pid);
    fresh->pid = pid;
    spin_lock(&s->lock);
    is_new = !is_shown(s, pid);
    if (is_new) {
        fresh->next = s->others;
        s->others = fresh;
    }
    spin_unlock(&s->lock);
    if (!is_new)
        free_shown(fresh);
    return true;
}

/* The queue of the running thread's process; without memory that of the maker,
 * where nothing may ever come. */
static struct waitq *signalfd_waitq(struct file *file)
{
    struct signalfd *s = file->data;
    struct pid *pid = task_current()->process->pid;

    if (pid == s->first.pid || keep_pid(s, pid))
        return &pid->waitq;
    return &s->first.pid->waitq;
}

static void release_signalfd(struct file *file) NO_TSA
{
    struct signalfd *s = file->data;

    while (s->others != NULL) {
        struct shown *shown = s->others;

        s->others = shown->next;
        free_shown(shown);
    }
    pid_put(s->first.pid);
    mem_free(&signalfd_cache, s);
}

static const struct file_ops signalfd_ops = {
    .read = read_signalfd,
    .poll = poll_signalfd,
    .waitq = signalfd_waitq,
    .stat = anon_stat,
    .seek = anon_seek,
    .release = release_signalfd,
    .is_stream = true,
    .has_units = true,
};

bool signalfd_is_one(const struct file *file)
{
    return file->ops == &signalfd_ops;
}

int signalfd_create(signal_set set, unsigned flags, struct file **out)
{
    struct signalfd *s = mem_alloc(&signalfd_cache, MEM_WAIT | MEM_ZERO, NULL);
    int error;

    if (s == NULL)
        return -ENOMEM;
    error = file_create(&signalfd_ops, flags | LX_O_RDWR, s, out);
    if (error != 0) {
        mem_free(&signalfd_cache, s);
        return error;
    }
    s->set = set & ~SIGNALS_SACRED;
    spin_init(&s->lock, &signalfd_class);
    s->first.pid = task_current()->process->pid;
    pid_get(s->first.pid);
    return 0;
}

void signalfd_change(struct file *file, signal_set set)
{
    struct signalfd *s = file->data;

    __atomic_store_n(&s->set, set & ~SIGNALS_SACRED, __ATOMIC_RELAXED);
    waitq_wake(&task_current()->process->pid->waitq, LX_POLLIN);
}
