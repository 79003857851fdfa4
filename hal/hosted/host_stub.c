/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_stub.c - the processes that stubs are: the zygote, forks of
 * it, their threads, and their end.
 *
 * A fork, its first page faults and its end cost the host several times what a
 * trap does, so a stub that nobody needs any more is kept for the next address
 * space.
 *
 * Not instrumented by TSan, and its lock is one that TSan does not see: that
 * two CPUs make address spaces one after the other orders nothing in core.
 *
 * Sources: posix_spawn(3), memfd_create(2), elf(5), waitpid(2).
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/hosted/host_parts.h"
#include "hal/hosted/host_user.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

/* One slot of blocks is the zygote's. */
enum { STUBS_MAX = 4096, PARKED_MAX = 16, FD_LOWEST = 100, WHY_MAX = 160 };

/* Two signal frames must fit on a stub's stack, and leave room for calls. */
enum { FRAME_MAX = 0x1c00 };

enum { PROGRAM_OFFSET = 0x1000 };

struct host_stub {
    int pid;
    unsigned slot;                               /* 0: this entry is free */
    struct host_engine engines[STUB_BLOCKS_MAX]; /* by block */
};

/* cyphera_blob() of hal/hosted/stub. */
extern const unsigned char blob_stub[], blob_stub_end[];

static struct {
    struct host_lock lock; /* of the zygote and the slots */
    unsigned blocks;       /* in a slot; const, as all but stubs and engine */
    int group;
    int control_fd;
    char *control; /* every slot of the control memfd */
    struct host_engine zygote;
    struct stub_facts facts;
    struct host_stub stubs[STUBS_MAX];
    unsigned hint;                        /* slots below are taken */
    struct host_stub *parked[PARKED_MAX]; /* to be used again */
    unsigned parked_count;
} user = {.control_fd = -1};

static size_t slot_size(void)
{
    return user.blocks * (size_t)STUB_BLOCK_SIZE;
}

static struct stub_control *control_of(unsigned slot, unsigned block)
{
    return (void *)(user.control + slot * slot_size() +
                    block * (size_t)STUB_BLOCK_SIZE);
}

/* Moves a descriptor out of the way of those the zygote is given. */
static int raise_fd(int fd)
{
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FD_LOWEST);

    if (fd >= 0)
        (void)close(fd);
    return high;
}

static int make_memfd(const char *name, size_t size)
{
    int fd = raise_fd(memfd_create(name, MFD_CLOEXEC));

    if (fd >= 0 && ftruncate(fd, (off_t)size)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool write_at(int fd, const void *data, size_t size, off_t offset)
{
    return pwrite(fd, data, size, offset) == (ssize_t)size;
}

/* The stub as an ELF program. Read-only, as execve(2) asks for. */
static int make_program(void)
{
    size_t size = (size_t)(blob_stub_end - blob_stub);
    Elf64_Phdr segment = {.p_type = PT_LOAD,
                          .p_flags = PF_R | PF_X,
                          .p_offset = PROGRAM_OFFSET,
                          .p_vaddr = STUB_LOAD,
                          .p_filesz = STUB_CODE_SIZE,
                          .p_memsz = STUB_CODE_SIZE,
                          .p_align = 0x1000};
    Elf64_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
                                     ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                         .e_type = ET_EXEC,
                         .e_machine = EM_X86_64,
                         .e_version = EV_CURRENT,
                         .e_entry = STUB_LOAD,
                         .e_phoff = sizeof(header),
                         .e_ehsize = sizeof(header),
                         .e_phentsize = sizeof(segment),
                         .e_phnum = 1};
    char path[64];
    int fd = make_memfd("cyphera-stub", PROGRAM_OFFSET + STUB_CODE_SIZE);
    int readable = -1;

    if (fd < 0)
        return -1;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (write_at(fd, &header, sizeof(header), 0) &&
        write_at(fd, &segment, sizeof(segment), sizeof(header)) &&
        write_at(fd, blob_stub, size, PROGRAM_OFFSET))
        readable = raise_fd(open(path, O_RDONLY | O_CLOEXEC));
    (void)close(fd);
    return readable;
}

static int spawn(int program, int ram, int control)
{
    char path[64];
    char *argv[] = {(char *)"cyphera-zygote", NULL};
    char *envp[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t set;
    int pid = 0;
    int error;

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", program);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_adddup2(&files, program, STUB_FD_PROGRAM);
    (void)posix_spawn_file_actions_adddup2(&files, ram, STUB_FD_RAM);
    (void)posix_spawn_file_actions_adddup2(&files, control, STUB_FD_CONTROL);
    (void)posix_spawnattr_init(&attributes);
    (void)sigfillset(&set);
    (void)posix_spawnattr_setsigdefault(&attributes, &set);
    (void)sigemptyset(&set);
    (void)posix_spawnattr_setsigmask(&attributes, &set);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETPGROUP);
    error = posix_spawn(&pid, path, &files, &attributes, argv, envp);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    errno = error;
    return error ? -1 : pid;
}

/* A fresh control page; what the slot's last user left must not be seen. Not
 * by memset(), which TSan watches while it sees nothing of the lock. */
static void clear_block(struct stub_control *c)
{
    void *to = c;
    size_t size = sizeof(*c);

    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(0) : "memory");
    c->host_pid = (uint32_t)getpid();
}

void host_engine_move(struct host_engine *engine, int core)
{
    cpu_set_t set;

    if (core < 0 || core == engine->core)
        return;
    CPU_ZERO(&set);
    CPU_SET((unsigned)core, &set);
    /* An engine that is not pinned is slower, and works. */
    (void)sched_setaffinity(engine->tid, sizeof(set), &set);
    engine->core = core;
}

/* Takes back what the stub's last user has left in a block. */
static void reset_block(struct stub_control *c)
{
    c->kick = 0;
    c->fs_base = 0;
    c->gs_base = 0;
    c->regs = (struct stub_regs){.r15 = 0};
    c->report = (struct stub_report){.signal = STUB_SIGNAL_NONE};
}

/* Waits for a thread to come up: its first hand-over, without an order. */
static bool wait_ready(struct host_engine *engine)
{
    engine->order = 0;
    if (host_engine_call(engine, false) != HOST_ENGINE_DONE ||
        !engine->control->ready)
        return false;
    engine->tid = (int)engine->control->tid;
    return true;
}

/* ------------------------------------------------------------------- start
 */

static int refuse(const char **why, const char *text, int error)
{
    static char message[WHY_MAX];

    (void)snprintf(message, sizeof(message), "%s%s%s", text, error ? ": " : "",
                   error ? strerror(error) : "");
    *why = message;
    return error ? error : ENOTSUP;
}

/* Why the zygote did not come up. */
static int refuse_zygote(const char **why)
{
    char text[WHY_MAX];
    int status = 0;

    (void)kill(user.zygote.pid, SIGKILL);
    (void)waitpid(user.zygote.pid, &status, 0);
    user.zygote.pid = 0;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGILL)
        return refuse(why, "no FSGSBASE: Linux 5.9 and a CPU with it needed",
                      0);
    if (WIFEXITED(status))
        (void)snprintf(text, sizeof(text), "the zygote ended with status %d",
                       WEXITSTATUS(status));
    else
        (void)snprintf(text, sizeof(text), "the zygote was killed by signal %d",
                       WTERMSIG(status));
    return refuse(why, text, 0);
}

static int check_facts(const char **why)
{
    const struct stub_facts *facts = &user.facts;

    if (facts->size == 0 || facts->size > STUB_FPU_MAX)
        return refuse(why, "no XSAVE state of a size that fits", 0);
    if (getauxval(AT_MINSIGSTKSZ) > FRAME_MAX)
        return refuse(why, "signal frames of this CPU are too large", 0);
    return 0;
}

static int make_control(void)
{
    size_t size = STUBS_MAX * slot_size();
    void *control;
    int fd = make_memfd("cyphera-control", size);

    if (fd < 0)
        return -1;
    control = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (control == MAP_FAILED) {
        (void)close(fd);
        return -1;
    }
    user.control = control;
    user.control_fd = fd;
    return 0;
}

static int start_zygote(int ram, int core, const char **why)
{
    int program = make_program();
    int high_ram = raise_fd(fcntl(ram, F_DUPFD_CLOEXEC, 0));
    int pid = -1;
    int error = errno;

    if (program >= 0 && high_ram >= 0) {
        clear_block(control_of(0, 0));
        pid = spawn(program, high_ram, user.control_fd);
        error = errno;
    }
    if (program >= 0)
        (void)close(program);
    if (high_ram >= 0)
        (void)close(high_ram);
    if (pid < 0)
        return refuse(why, "cannot start the zygote", error);

    user.group = pid;
    user.zygote = (struct host_engine){
        .control = control_of(0, 0), .pid = pid, .core = -1};
    if (!wait_ready(&user.zygote))
        return refuse_zygote(why);
    host_engine_move(&user.zygote, core);
    return 0;
}

int host_user_start(unsigned cpus, int ram, int core, bool trap_tsc,
                    const char **why)
{
    struct stub_control *c;
    int error;

    user.blocks = cpus > 1 ? cpus + 1 : 1;
    if (user.blocks > STUB_BLOCKS_MAX)
        return refuse(why, "too many CPUs", 0);
    if (make_control())
        return refuse(why, "cannot map control pages", errno);
    error = start_zygote(ram, core, why);
    if (error)
        return error;
    c = user.zygote.control;
    user.facts = c->facts;
    error = check_facts(why);
    if (error || !trap_tsc)
        return error;
    c->commands[0] =
        (struct stub_command){.op = STUB_OP_TSC, .address = PR_TSC_SIGSEGV};
    c->command_count = 1;
    if (host_engine_call(&user.zygote, false) != HOST_ENGINE_DONE || c->failed)
        return refuse(why, "rdtsc cannot be trapped (prctl PR_SET_TSC)", 0);
    return 0;
}

static void end_process(int pid)
{
    if (pid <= 0)
        return;
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

void host_user_end(void)
{
    end_process(user.zygote.pid);
    user.zygote.pid = 0;
    for (unsigned slot = 1; slot < STUBS_MAX; slot++)
        if (user.stubs[slot].slot != 0)
            host_stub_destroy(&user.stubs[slot]);
}

int host_user_group(void)
{
    return user.group;
}

const struct stub_facts *host_user_facts(void)
{
    return &user.facts;
}

/* ------------------------------------------------------------------- stubs
 */

/* A free slot, marked as taken; 0 when there is none. */
static unsigned take_slot(void)
{
    for (unsigned slot = user.hint + 1; slot < STUBS_MAX; slot++)
        if (user.stubs[slot].slot == 0) {
            user.stubs[slot].slot = slot;
            user.hint = slot;
            return slot;
        }
    return 0;
}

static void give_slot(unsigned slot)
{
    user.stubs[slot] = (struct host_stub){.slot = 0};
    if (user.hint >= slot)
        user.hint = slot - 1;
}

/* Has the zygote fork: the process, or a negative errno. */
static int fork_stub(unsigned slot)
{
    struct stub_control *c = user.zygote.control;

    if (user.zygote.pid == 0)
        return -ESRCH;
    c->commands[0] = (struct stub_command){
        .op = STUB_OP_FORK, .offset = slot * slot_size(), .len = slot_size()};
    c->command_count = 1;
    c->run = 0;
    if (host_engine_call(&user.zygote, false) != HOST_ENGINE_DONE)
        return -ESRCH;
    return (int)c->result;
}

/* A new one, its thread 0 up; NULL, and a positive errno. The lock is held. */
static struct host_stub *fork_new(int core, int *error)
{
    unsigned slot = take_slot();
    struct host_stub *stub = &user.stubs[slot];
    int pid = -ENOMEM;

    if (slot != 0) {
        clear_block(control_of(slot, 0));
        host_engine_move(&user.zygote, core);
        pid = fork_stub(slot);
        if (pid < 0)
            give_slot(slot);
    }
    if (pid < 0) {
        *error = -pid;
        return NULL;
    }
    stub->pid = pid;
    stub->engines[0] = (struct host_engine){
        .control = control_of(slot, 0),
        .pid = pid,
        .core = user.zygote.core, /* which a fork inherits */
    };
    return stub;
}

static void reset(struct host_stub *stub)
{
    for (unsigned block = 0; block < user.blocks; block++)
        if (stub->engines[block].tid != 0)
            reset_block(stub->engines[block].control);
}

/* One that was parked and lives; NULL: none. The lock is held. */
static struct host_stub *unpark(void)
{
    while (user.parked_count > 0) {
        struct host_stub *stub = user.parked[--user.parked_count];

        if (!host_engine_is_dead(&stub->engines[0])) {
            reset(stub);
            return stub;
        }
        end_process(stub->pid);
        give_slot(stub->slot);
    }
    return NULL;
}

int host_stub_create(struct host_stub **out, int core, bool *is_used)
{
    struct host_stub *stub;
    int error = 0;

    host_lock_take(&user.lock);
    stub = unpark();
    *is_used = stub != NULL;
    if (stub == NULL)
        stub = fork_new(core, &error);
    host_lock_give(&user.lock);
    if (stub == NULL)
        return error;
    if (*is_used) {
        host_engine_move(&stub->engines[0], core);
    } else if (!wait_ready(&stub->engines[0])) {
        host_stub_destroy(stub);
        return EAGAIN;
    }
    *out = stub;
    return 0;
}

struct host_engine *host_stub_engine(struct host_stub *stub, unsigned block)
{
    return &stub->engines[block];
}

void host_stub_destroy(struct host_stub *stub)
{
    end_process(stub->pid);
    host_lock_take(&user.lock);
    give_slot(stub->slot);
    host_lock_give(&user.lock);
}

void host_stub_park(struct host_stub *stub)
{
    bool has_room;

    host_lock_take(&user.lock);
    has_room = user.parked_count < PARKED_MAX;
    if (has_room)
        user.parked[user.parked_count++] = stub;
    host_lock_give(&user.lock);
    if (!has_room)
        host_stub_destroy(stub);
}

void host_stub_kill(struct host_stub *stub)
{
    (void)kill(stub->pid, SIGKILL);
}

int host_engine_start(struct host_stub *stub, unsigned cpu, int core)
{
    unsigned block = cpu + 1;
    struct host_engine *servant = &stub->engines[0];
    struct host_engine *out = &stub->engines[block];
    struct stub_control *c = servant->control;

    if (block >= user.blocks)
        return EINVAL;
    host_engine_move(servant, core);
    *out = (struct host_engine){.control = control_of(stub->slot, block),
                                .pid = stub->pid,
                                .core = servant->core}; /* inherited */
    clear_block(out->control);
    c->commands[0] = (struct stub_command){
        .op = STUB_OP_THREAD,
        .address = STUB_BLOCKS + block * (uint64_t)STUB_BLOCK_SIZE};
    c->command_count = 1;
    c->run = 0;
    if (host_engine_call(servant, false) != HOST_ENGINE_DONE || c->failed)
        return EAGAIN;
    return wait_ready(out) ? 0 : EAGAIN;
}
