/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/user_state.c - hal/user.h: making user threads, and access to
 * their registers.
 */
#include "hal/hosted/user_state.h"

#include "core/abi/errno.h"
#include "core/abi/sigcontext.h"
#include "core/base/defs.h"
#include "core/base/string.h"
#include "hal/phys.h"
#include "hal/upcall.h"

_Static_assert(offsetof(struct lx_user_regs, orig_rax) == USER_GENERAL_SIZE,
               "the same order");
_Static_assert(STUB_FPU_MAX + LX_FP_XSTATE_MAGIC2_SIZE <= HAL_FPU_IMAGE_MAX,
               "any image the stub has room for");

static unsigned order_of_user(void)
{
    size_t size = sizeof(struct hal_user) + hosted_fpu_size();
    unsigned order = 0;

    while (((size_t)PAGE_SIZE << order) < size)
        order++;
    return order;
}

int hal_user_create(struct hal_user **out)
{
    paddr_t frames = core_frames_alloc(order_of_user());
    struct hal_user *user;

    if (frames == PADDR_NONE)
        return -ENOMEM;
    user = hal_phys(frames);
    mem_set(user, 0, sizeof(*user));
    user->credit = HOSTED_CREDIT;
    user->credit_alone = HOSTED_CREDIT;
    hal_user_reset(user, 0, 0);
    *out = user;
    return 0;
}

int hal_user_clone(struct hal_user *from, struct hal_user **out)
{
    int error = hal_user_create(out);

    if (error)
        return error;
    hosted_user_settle(from);
    (*out)->regs = from->regs;
    from->credit_alone /= 2;
    (*out)->credit_alone = from->credit_alone;
    mem_copy((*out)->image, from->image, hosted_fpu_size());
    return 0;
}

void hal_user_destroy(struct hal_user *user)
{
    hosted_user_drop(user);
    core_frames_free(hal_phys_of(user), order_of_user());
}

void hal_user_reset(struct hal_user *user, uaddr_t entry, uaddr_t stack)
{
    hosted_user_drop(user);
    user->regs = (struct lx_user_regs){
        .orig_rax = UINT64_MAX,
        .rip = entry,
        .cs = USER_CS,
        .eflags = USER_FLAGS_FIXED,
        .rsp = stack,
        .ss = USER_SS,
    };
    user->need.rights = 0;
    hosted_fpu_reset(user->image);
}

void hal_user_set_result(struct hal_user *user, int64_t value)
{
    user->regs.rax = (uint64_t)value;
    user->regs.orig_rax = UINT64_MAX;
}

void hal_user_get(struct hal_user *user, struct lx_user_regs *out)
{
    *out = user->regs;
}

int hal_user_set(struct hal_user *user, const struct lx_user_regs *in)
{
    struct lx_user_regs *r = &user->regs;

    if (in->fs_base >= HAL_USER_TOP || in->gs_base >= HAL_USER_TOP)
        return -EIO;
    *r = *in;
    r->cs = USER_CS;
    r->ss = USER_SS;
    r->ds = 0;
    r->es = 0;
    r->fs = 0;
    r->gs = 0;
    r->eflags = (in->eflags & USER_FLAGS) | USER_FLAGS_FIXED;
    return 0;
}

uint64_t hal_user_fs_base(struct hal_user *user)
{
    return user->regs.fs_base;
}

uint64_t hal_user_gs_base(struct hal_user *user)
{
    return user->regs.gs_base;
}

int hal_user_set_fs_base(struct hal_user *user, uint64_t base)
{
    if (base >= HAL_USER_TOP)
        return -EPERM;
    user->regs.fs_base = base;
    return 0;
}

int hal_user_set_gs_base(struct hal_user *user, uint64_t base)
{
    if (base >= HAL_USER_TOP)
        return -EPERM;
    user->regs.gs_base = base;
    return 0;
}

size_t hal_user_fpu_size(void)
{
    return hosted_fpu_size() + LX_FP_XSTATE_MAGIC2_SIZE;
}

void hal_user_fpu_get(struct hal_user *user, void *image)
{
    hosted_user_settle(user);
    hosted_fpu_export(user->image, image);
}

int hal_user_fpu_set(struct hal_user *user, const void *image, size_t size)
{
    int error = 0;

    if (image == NULL)
        hosted_fpu_reset(user->image);
    else
        error = hosted_fpu_import(user->image, image, size);
    if (error == 0)
        hosted_user_drop(user);
    return error;
}
