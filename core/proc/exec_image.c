/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exec_image.c - contract in exec_image.h.
 */
#include "core/proc/exec_image.h"

#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/fs/inode.h"
#include "core/id/limits.h"
#include "core/proc/exec_stack.h"
#include "core/proc/exec_strings.h"
#include "core/proc/vdso.h"
#include "core/vm/aspace.h"
#include "core/vm/layout.h"
#include "core/vm/uaccess.h"

#define STACK_ROOM (UINT64_C(128) << 10) /* at first; then it grows */

static size_t read_inode(void *arg, uint64_t offset, void *to, size_t size)
{
    ssize_t got = inode_read(arg, offset, to, size);

    return got > 0 ? (size_t)got : 0;
}

int image_parse(struct inode *inode, struct elf_image *image, const char **why)
{
    struct elf_reader reader = {read_inode, inode, inode_size(inode)};

    return elf_parse(&reader, image, why);
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
static int map_segment(struct aspace *as, struct inode *inode,
                       const struct elf_segment *s, uaddr_t bias)
{
    uaddr_t start = bias + s->addr;
    uaddr_t file_end = start + s->file_size, end = start + s->size;
    uaddr_t page = round_down(start, PAGE_SIZE);
    uaddr_t file_pages_end = round_up(file_end, PAGE_SIZE);
    struct map_request file = {.object = &inode->object,
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

static uaddr_t end_of(const struct elf_image *image)
{
    const struct elf_segment *last = &image->segments[image->count - 1];

    return last->addr + last->size;
}

static int map_image(struct aspace *as, struct inode *inode,
                     const struct elf_image *image, uaddr_t bias)
{
    if (end_of(image) > HAL_USER_TOP - bias)
        return -ENOMEM;
    for (unsigned i = 0; i < image->count; i++) {
        int error = map_segment(as, inode, &image->segments[i], bias);

        if (error != 0)
            return error;
    }
    return 0;
}

/* Keeps room for all of a movable image, aligned as it asks, and maps it there.
 * Sets *bias. */
static int map_loader(struct aspace *as, struct inode *inode,
                      const struct elf_image *image, uaddr_t *bias)
{
    uaddr_t first = round_down(image->segments[0].addr, PAGE_SIZE);
    uint64_t size = round_up(end_of(image), PAGE_SIZE) - first;
    uint64_t slack = image->align - PAGE_SIZE;
    struct map_request room = {.size = size + slack,
                               .flags = LX_MAP_PRIVATE | LX_MAP_ANONYMOUS |
                                        LX_MAP_NORESERVE};
    uaddr_t at, start;
    int error;

    *bias = 0;
    if (!image->is_movable)
        return map_image(as, inode, image, 0);
    error = aspace_map(as, &room, &at);
    if (error != 0)
        return error;
    start = round_up(at - first, image->align) + first;
    *bias = start - first;
    if (start > at)
        error = aspace_unmap(as, at, start - at);
    if (error == 0 && at + size + slack > start + size)
        error = aspace_unmap(as, start + size, at + slack - start);
    return error != 0 ? error : map_image(as, inode, image, *bias);
}

/* What the stack takes before it grows. */
static uint64_t stack_size(const struct image_plan *plan)
{
    return STACK_ROOM + exec_strings_size(plan->strings) +
           sizeof(uint64_t) * (plan->strings->argc + plan->strings->envc);
}

static void set_limits(struct aspace *as, struct limits *limits)
{
    struct aspace_limits fresh = {
        .size = limits_current(limits, LX_RLIMIT_AS),
        .data = limits_current(limits, LX_RLIMIT_DATA),
        .stack = limits_current(limits, LX_RLIMIT_STACK),
        .locked = limits_current(limits, LX_RLIMIT_MEMLOCK),
    };

    aspace_set_limits(as, &fresh);
}

/* The images and the stack; sets where the loader was put. */
static int map_parts(struct aspace *as, const struct image_plan *plan,
                     struct exec_stack *stack, struct image_start *out)
{
    int error = map_image(as, plan->inode, plan->image, stack->bias);

    if (error == 0 && plan->loader_inode != NULL)
        error = map_loader(as, plan->loader_inode, plan->loader,
                           &stack->interpreter_base);
    if (error == 0)
        error = vdso_map(as, &stack->vdso);
    if (error == 0)
        error = exec_stack_build(as, stack, &out->stack);
    return error == -EFAULT ? -ENOMEM : error; /* only a page can lack */
}

int image_build(struct aspace *as, const struct image_plan *plan,
                struct image_start *out)
{
    const struct elf_image *image = plan->image;
    struct aspace_layout layout;
    struct exec_stack stack = {
        .image = image,
        .strings = plan->strings,
        .path = plan->path,
        .cred = plan->cred,
        .is_secure = plan->is_secure,
        .size = stack_size(plan),
    };
    int error;

    aspace_choose_layout(&layout, limits_current(plan->limits, LX_RLIMIT_STACK),
                         plan->is_random);
    aspace_set_mmap_base(as, layout.mmap_base);
    stack.top = layout.stack_top;
    if (image->is_movable)
        stack.bias = round_up(layout.movable, image->align);
    error = map_parts(as, plan, &stack, out);
    if (error != 0)
        return error;
    aspace_set_brk_start(as, round_up(stack.bias + end_of(image), PAGE_SIZE) +
                                 layout.brk_offset);
    set_limits(as, plan->limits);
    out->entry = stack.bias + image->entry;
    if (plan->loader_inode != NULL)
        out->entry = stack.interpreter_base + plan->loader->entry;
    return 0;
}
