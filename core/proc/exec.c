/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exec.c - a program takes over the running thread: execve(2).
 *
 * Everything is built in a new address space; only when nothing can fail any
 * more does the thread let go of the old one. Segments are mapped, not read:
 * their pages come by faults.
 */
#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/abi/stat.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "core/fs/store.h"
#include "core/mem/cache.h"
#include "core/proc/elf.h"
#include "core/proc/exec_stack.h"
#include "core/proc/process.h"
#include "core/sched/thread.h"
#include "core/vm/aspace.h"
#include "core/vm/uaccess.h"
#include "hal/user.h"

/* Where a movable executable goes, in the manner of Linux without ASLR. */
#define MOVABLE_BASE UINT64_C(0x555555554000)

static size_t read_node(void *arg, uint64_t offset, void *to, size_t size)
{
    return store_read(arg, offset, to, size);
}

static int open_program(struct store *store, const char *path,
                        struct store_node **out)
{
    struct store_node *node;
    int error = store_lookup(store, path, 0, &node);
    uint32_t mode;

    if (error != 0)
        return error;
    mode = store_mode(node);
    if ((mode & LX_S_IFMT) != LX_S_IFREG ||
        (mode & (LX_S_IXUSR | LX_S_IXGRP | LX_S_IXOTH)) == 0)
        return -EACCES;
    *out = node;
    return 0;
}

static int parse_program(struct store_node *node, const char *path,
                         struct elf_image *image)
{
    struct elf_reader reader = {read_node, node, store_size(node)};
    const char *why = "";
    int error = elf_parse(&reader, image, &why);

    if (error == 0 && image->interp[0] != '\0') {
        why = "it needs a dynamic loader, which is not supported yet";
        error = -ENOEXEC;
    }
    if (error != 0)
        log_error("%s: cannot run: %s", path, why);
    return error;
}

static int map_fixed(struct aspace *as, uaddr_t start, uint64_t size,
                     unsigned prot, struct map_request request)
{
    uaddr_t at;

    request.addr = start;
    request.size = size;
    request.prot = prot;
    request.flags |= LX_MAP_PRIVATE | LX_MAP_FIXED;
    return aspace_map(as, &request, &at);
}

/* Maps one segment: pages of the file, the rest of the last one cleared, and
 * anonymous pages for what the file does not give. */
static int map_segment(struct aspace *as, struct store_node *node,
                       const struct elf_segment *s, uaddr_t bias)
{
    uaddr_t start = bias + s->addr;
    uaddr_t file_end = start + s->file_size, end = start + s->size;
    uaddr_t page = round_down(start, PAGE_SIZE);
    uaddr_t file_pages_end = round_up(file_end, PAGE_SIZE);
    struct map_request file = {.object = store_object(node),
                               .offset = round_down(s->offset, PAGE_SIZE)};
    struct map_request zero = {.flags = LX_MAP_ANONYMOUS};
    int error = 0;

    if (s->file_size == 0)
        file_pages_end = page;
    if (file_pages_end > page)
        error = map_fixed(as, page, file_pages_end - page, s->prot, file);
    if (error == 0 && round_up(end, PAGE_SIZE) > file_pages_end)
        error =
            map_fixed(as, file_pages_end,
                      round_up(end, PAGE_SIZE) - file_pages_end, s->prot, zero);
    if (error == 0 && (s->prot & LX_PROT_WRITE) != 0 && s->file_size > 0 &&
        end > file_end)
        error = clear_out(as, file_end,
                          (size_t)(min_u64(end, file_pages_end) - file_end));
    return error;
}

static int map_image(struct aspace *as, struct store_node *node,
                     const struct elf_image *image, uaddr_t bias)
{
    const struct elf_segment *last = &image->segments[image->count - 1];

    if (last->addr + last->size > HAL_USER_TOP - bias)
        return -ENOMEM;
    for (unsigned i = 0; i < image->count; i++) {
        int error = map_segment(as, node, &image->segments[i], bias);

        if (error != 0)
            return error;
    }
    aspace_set_brk_start(as,
                         round_up(bias + last->addr + last->size, PAGE_SIZE));
    return 0;
}

/* Where the program begins. */
struct start {
    uaddr_t entry, stack;
};

/* Fills as, which is active: image, stack, first words. */
static int build_program(struct aspace *as, struct store_node *node,
                         const struct elf_image *image,
                         const struct exec_args *args, struct start *start)
{
    uaddr_t bias = image->is_movable ? round_up(MOVABLE_BASE, image->align) : 0;
    int error = map_image(as, node, image, bias);

    if (error == 0)
        error = exec_stack_build(as, image, bias, args, &start->stack);
    start->entry = bias + image->entry;
    return error;
}

static void set_name(struct process *process, const char *path)
{
    const char *name = path;

    for (const char *at = path; *at != '\0'; at++)
        if (*at == '/' && at[1] != '\0')
            name = at + 1;
    (void)str_copy(process->name, name, sizeof(process->name));
}

/* The old address space's way out and the new one's in, or back again. */
static void use_aspace(struct aspace *as)
{
    thread_set_mmu(as != NULL ? aspace_mmu(as) : NULL);
}

static int exec_image(struct task *task, struct store_node *node,
                      const struct elf_image *image,
                      const struct exec_args *args)
{
    struct process *process = task->process;
    struct aspace *as, *old = process->as;
    struct start start = {0};
    int error = aspace_create(NULL, &as);

    if (error != 0)
        return error;
    use_aspace(as);
    error = build_program(as, node, image, args, &start);
    if (error == -EFAULT)
        error = -ENOMEM; /* what is written is mapped: only a page can lack */
    if (error != 0) {
        use_aspace(old);
        aspace_put(as);
        return error;
    }
    process->as = as;
    if (old != NULL)
        aspace_put(old);
    hal_user_reset(task->thread->user, start.entry, start.stack);
    task->clear_tid = 0;
    task->robust_list = 0;
    task->rseq = 0;
    task->thread->switch_work = 0;
    set_name(process, args->path);
    return 0;
}

int process_exec(struct task *task, const struct exec_args *args)
{
    struct store_node *node = NULL;
    struct elf_image *image;
    int error = open_program(task->process->store, args->path, &node);

    if (error != 0)
        return error;
    image = kmem_alloc(sizeof(*image), MEM_WAIT, NULL);
    if (image == NULL)
        return -ENOMEM;
    error = parse_program(node, args->path, image);
    if (error == 0)
        error = exec_image(task, node, image, args);
    kmem_free(image, sizeof(*image));
    return error;
}
