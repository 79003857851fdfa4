/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/fpu.c - the contract is in fpu.h.
 */
#include "hal/x86_64/fpu.h"

#include "core/abi/errno.h"
#include "core/abi/sigcontext.h"
#include "core/base/defs.h"
#include "core/base/string.h"
#include "hal/user.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/extable.h"
#include "hal/x86_64/instr.h"

/* State components: SDM volume 1, 13.1. */
#define X87            (UINT64_C(1) << 0)
#define SSE            (UINT64_C(1) << 1)
#define AVX            (UINT64_C(1) << 2)
#define AVX512         (UINT64_C(7) << 5)

#define FCW_INITIAL    0x37f
#define MXCSR_INITIAL  0x1f80u
#define MXCSR_DEFAULT  0xffbfu /* valid bits where FXSAVE reports none */

#define IMAGE_SIZE_MAX (HAL_FPU_IMAGE_MAX - LX_FP_XSTATE_MAGIC2_SIZE)
enum { FIRST_EXTENDED = 2, COMPONENTS_MAX = 8 };

static struct {
    uint64_t mask;
    size_t size;
    uint32_t mxcsr_mask;
    struct {
        uint32_t offset, size;
    } parts[COMPONENTS_MAX]; /* of the extended components kept */
} fpu;

static struct lx_fpstate *legacy_of(void *image)
{
    return image;
}

static struct lx_xstate_header *header_of(void *image)
{
    return (struct lx_xstate_header *)((char *)image + LX_FXSAVE_SIZE);
}

void fpu_setup(void)
{
    static struct lx_fpstate probe __attribute__((aligned(16)));
    struct cpuid leaf = read_cpuid(0xd, 0);
    uint64_t offered = (uint64_t)leaf.edx << 32 | leaf.eax;

    fpu.mask = X87 | SSE;
    if (offered & AVX)
        fpu.mask |= AVX;
    if ((offered & AVX) && (offered & AVX512) == AVX512)
        fpu.mask |= AVX512;
    write_xcr0(fpu.mask);
    fpu.size = read_cpuid(0xd, 0).ebx;
    ASSERT(fpu.size <= IMAGE_SIZE_MAX);
    for (unsigned i = FIRST_EXTENDED; i < COMPONENTS_MAX; i++) {
        leaf = read_cpuid(0xd, i);
        if (!(fpu.mask >> i & 1))
            continue;
        fpu.parts[i].size = leaf.eax;
        fpu.parts[i].offset = leaf.ebx;
    }
    __asm__ volatile("fninit\n\tfxsave64 %0" : "=m"(probe));
    fpu.mxcsr_mask = probe.mxcsr_mask;
    if (fpu.mxcsr_mask == 0)
        fpu.mxcsr_mask = MXCSR_DEFAULT;
}

void fpu_enable(void)
{
    write_xcr0(fpu.mask);
}

size_t fpu_size(void)
{
    return fpu.size;
}

void fpu_reset(void *image)
{
    mem_set(image, 0, fpu.size);
    legacy_of(image)->cwd = FCW_INITIAL;
    legacy_of(image)->mxcsr = MXCSR_INITIAL;
}

/* XRSTOR takes MXCSR from memory whatever the header says (SDM volume 1,
 * 13.8.1). */
void fpu_clear(void *image)
{
    *header_of(image) = (struct lx_xstate_header){0};
    legacy_of(image)->mxcsr = MXCSR_INITIAL;
}

void fpu_save(void *image)
{
    if (cpu_features.xsaveopt)
        __asm__ volatile("xsaveopt64 (%0)"
                         :
                         : "r"(image), "a"(~0u), "d"(~0u)
                         : "memory");
    else
        __asm__ volatile("xsave64 (%0)"
                         :
                         : "r"(image), "a"(~0u), "d"(~0u)
                         : "memory");
}

int fpu_load(const void *image)
{
    int error = 0;

    __asm__ volatile("1:\txrstor64 (%1)\n"
                     "2:\n" EXTABLE_SET(1b, 2b, "%0", -EFAULT)
                     : "+r"(error)
                     : "r"(image), "a"(~0u), "d"(~0u)
                     : "memory");
    return error;
}

/* Bytes that stay behind in a component whose bit in the header is clear are
 * those of some earlier time: the initial state takes their place. */
static void clear_unused(struct lx_fpstate *f, uint64_t used, void *image)
{
    if (!(used & X87)) {
        f->cwd = FCW_INITIAL;
        f->swd = 0;
        f->twd = 0;
        f->fop = 0;
        f->rip = 0;
        f->rdp = 0;
        mem_set(f->st_space, 0, sizeof(f->st_space));
    }
    if (!(used & SSE))
        mem_set(f->xmm_space, 0, sizeof(f->xmm_space));
    for (unsigned i = FIRST_EXTENDED; i < COMPONENTS_MAX; i++)
        if (!(used >> i & 1))
            mem_set((char *)image + fpu.parts[i].offset, 0, fpu.parts[i].size);
}

void fpu_export(const void *image, void *out)
{
    const uint32_t magic2 = LX_FP_XSTATE_MAGIC2;
    struct lx_fpstate *f = legacy_of(out);

    mem_copy(out, image, fpu.size);
    clear_unused(f, header_of(out)->xfeatures, out);
    /* Who edits the legacy region alone may count on it being loaded. */
    header_of(out)->xfeatures |= X87 | SSE;
    mem_set(f->reserved, 0, sizeof(f->reserved));
    f->sw = (struct lx_fpx_sw_bytes){
        .magic1 = LX_FP_XSTATE_MAGIC1,
        .extended_size = (uint32_t)fpu.size + LX_FP_XSTATE_MAGIC2_SIZE,
        .xfeatures = fpu.mask,
        .xstate_size = (uint32_t)fpu.size,
    };
    mem_copy((char *)out + fpu.size, &magic2, sizeof(magic2));
}

/* Is in more than the legacy region? As sigreturn(2) decides it: by both
 * magics and sizes that fit. */
static bool is_extended(const void *in, size_t size,
                        const struct lx_fpx_sw_bytes *sw)
{
    uint32_t magic2;

    if (sw->magic1 != LX_FP_XSTATE_MAGIC1 ||
        sw->xstate_size < LX_FXSAVE_SIZE + LX_XSAVE_HEADER_SIZE ||
        sw->xstate_size > fpu.size || sw->xstate_size > sw->extended_size ||
        size < sizeof(magic2) || sw->xstate_size > size - sizeof(magic2))
        return false;
    mem_copy(&magic2, (const char *)in + sw->xstate_size, sizeof(magic2));
    return magic2 == LX_FP_XSTATE_MAGIC2;
}

/* What XRSTOR would raise #GP for: SDM volume 1, 13.8. */
static bool is_loadable(const struct lx_xstate_header *header)
{
    uint64_t reserved = header->reserved1[0] | header->reserved1[1];

    for (unsigned i = 0; i < COUNT_OF(header->reserved2); i++)
        reserved |= header->reserved2[i];
    return reserved == 0 && (header->xfeatures & ~fpu.mask) == 0;
}

int fpu_import(void *image, const void *in, size_t size)
{
    struct lx_xstate_header header = {.xfeatures = X87 | SSE};
    const char *bytes = in;
    size_t used = LX_FXSAVE_SIZE;
    struct lx_fpx_sw_bytes sw;
    uint32_t mxcsr;

    if (size < LX_FXSAVE_SIZE)
        return -EINVAL;
    mem_copy(&sw, bytes + LX_FXSAVE_SW_OFFSET, sizeof(sw));
    mem_copy(&mxcsr, bytes + offsetof(struct lx_fpstate, mxcsr), sizeof(mxcsr));
    if (mxcsr & ~fpu.mxcsr_mask)
        return -EINVAL;
    if (is_extended(in, size, &sw)) {
        mem_copy(&header, bytes + LX_FXSAVE_SIZE, sizeof(header));
        used = min_size(sw.xstate_size, fpu.size);
        header.xfeatures &= sw.xfeatures | ~fpu.mask;
    }
    if (!is_loadable(&header))
        return -EINVAL;
    mem_copy(image, in, used);
    mem_set((char *)image + used, 0, fpu.size - used);
    *header_of(image) = header;
    return 0;
}
