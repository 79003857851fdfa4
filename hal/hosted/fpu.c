/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/fpu.c - the contract is in fpu.h.
 */
#include "hal/hosted/fpu.h"

#include "core/abi/errno.h"
#include "core/abi/sigcontext.h"
#include "core/base/defs.h"
#include "core/base/string.h"
#include "hal/hosted/host_user.h"

/* State components: SDM volume 1, 13.1. */
#define X87           (UINT64_C(1) << 0)
#define SSE           (UINT64_C(1) << 1)
#define PKRU          (UINT64_C(1) << 9)

#define FCW_INITIAL   0x37f
#define MXCSR_INITIAL 0x1f80u
#define MXCSR_DEFAULT 0xffbfu /* valid bits where FXSAVE reports none */

static struct lx_fpstate *legacy_of(void *image)
{
    return image;
}

static struct lx_xstate_header *header_of(void *image)
{
    return (struct lx_xstate_header *)((char *)image + LX_FXSAVE_SIZE);
}

size_t hosted_fpu_size(void)
{
    return host_user_facts()->size;
}

uint64_t hosted_fpu_mask(void)
{
    /* The rights of protection keys would shut the stub out of its own
     * pages. */
    return host_user_facts()->features & ~PKRU;
}

static uint32_t mxcsr_mask(void)
{
    uint32_t mask = host_user_facts()->mxcsr_mask;

    return mask != 0 ? mask : MXCSR_DEFAULT;
}

static void reset_x87(struct lx_fpstate *f)
{
    f->cwd = FCW_INITIAL;
    f->swd = 0;
    f->twd = 0;
    f->fop = 0;
    f->rip = 0;
    f->rdp = 0;
    mem_set(f->st_space, 0, sizeof(f->st_space));
}

void hosted_fpu_reset(void *image)
{
    mem_set(image, 0, hosted_fpu_size());
    reset_x87(legacy_of(image));
    legacy_of(image)->mxcsr = MXCSR_INITIAL;
}

void hosted_fpu_sanitise(void *image)
{
    uint64_t used = header_of(image)->xfeatures & hosted_fpu_mask();

    *header_of(image) = (struct lx_xstate_header){.xfeatures = used};
    legacy_of(image)->mxcsr &= mxcsr_mask();
}

void hosted_fpu_export(const void *image, void *out)
{
    const uint32_t magic2 = LX_FP_XSTATE_MAGIC2;
    size_t size = hosted_fpu_size();
    struct lx_fpstate *f = legacy_of(out);
    uint64_t used;

    mem_copy(out, image, size);
    used = header_of(out)->xfeatures;
    if (!(used & X87))
        reset_x87(f);
    if (!(used & SSE))
        mem_set(f->xmm_space, 0, sizeof(f->xmm_space));
    /* Who edits the legacy region alone may count on it being loaded. */
    header_of(out)->xfeatures = used | X87 | SSE;
    mem_set(f->reserved, 0, sizeof(f->reserved));
    f->mxcsr_mask = mxcsr_mask();
    f->sw = (struct lx_fpx_sw_bytes){
        .magic1 = LX_FP_XSTATE_MAGIC1,
        .extended_size = (uint32_t)size + LX_FP_XSTATE_MAGIC2_SIZE,
        .xfeatures = hosted_fpu_mask(),
        .xstate_size = (uint32_t)size,
    };
    mem_copy((char *)out + size, &magic2, sizeof(magic2));
}

/* Is in more than the legacy region? As sigreturn(2) decides it: by both
 * magics and sizes that fit. */
static bool is_extended(const void *in, size_t size,
                        const struct lx_fpx_sw_bytes *sw)
{
    uint32_t magic2;

    if (sw->magic1 != LX_FP_XSTATE_MAGIC1 ||
        sw->xstate_size < LX_FXSAVE_SIZE + LX_XSAVE_HEADER_SIZE ||
        sw->xstate_size > hosted_fpu_size() ||
        sw->xstate_size > sw->extended_size || size < sizeof(magic2) ||
        sw->xstate_size > size - sizeof(magic2))
        return false;
    mem_copy(&magic2, (const char *)in + sw->xstate_size, sizeof(magic2));
    return magic2 == LX_FP_XSTATE_MAGIC2;
}

/* What XRSTOR would raise #GP for: SDM volume 1, 13.8. */
static bool is_loadable(const struct lx_xstate_header *header)
{
    uint64_t reserved = header->reserved1[0] | header->reserved1[1];

    for (size_t i = 0; i < COUNT_OF(header->reserved2); i++)
        reserved |= header->reserved2[i];
    return reserved == 0 && (header->xfeatures & ~hosted_fpu_mask()) == 0;
}

int hosted_fpu_import(void *image, const void *in, size_t size)
{
    struct lx_xstate_header header = {.xfeatures = X87 | SSE};
    struct lx_fpstate legacy;
    size_t used = LX_FXSAVE_SIZE;

    if (size < LX_FXSAVE_SIZE)
        return -EINVAL;
    mem_copy(&legacy, in, sizeof(legacy));
    if (legacy.mxcsr & ~mxcsr_mask())
        return -EINVAL;
    if (is_extended(in, size, &legacy.sw)) {
        mem_copy(&header, (const char *)in + LX_FXSAVE_SIZE, sizeof(header));
        used = legacy.sw.xstate_size;
        /* A component that the software bytes leave out is not loaded. */
        header.xfeatures &= legacy.sw.xfeatures | ~hosted_fpu_mask();
    }
    if (!is_loadable(&header))
        return -EINVAL;
    mem_set(image, 0, hosted_fpu_size());
    mem_copy(image, in, used);
    *header_of(image) = header;
    return 0;
}
