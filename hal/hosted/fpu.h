/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/fpu.h - FPU images of user threads: XSAVE's standard format (SDM
 * volume 1, 13.4), as the host's signal frames carry it.
 *
 * Which components there are, and the size, the zygote has found in a frame of
 * its own: what CPUID says in this process may be Valgrind's invention.
 */
#ifndef HAL_HOSTED_FPU_H
#define HAL_HOSTED_FPU_H

#include "hal/types.h"

HAL_DECLS_BEGIN

/* Of an image, without the second magic. Constant. */
size_t hosted_fpu_size(void);

/* The components that user threads have. */
uint64_t hosted_fpu_mask(void);

/* The state that execve(2) leaves. */
void hosted_fpu_reset(void *image);

/* Makes an image that a stub left into one that xrstor takes. */
void hosted_fpu_sanitise(void *image);

/* hal_user_fpu_get() and hal_user_fpu_set(), of an image. */
void hosted_fpu_export(const void *image, void *out);
HAL_MUST_USE int hosted_fpu_import(void *image, const void *in, size_t size);

HAL_DECLS_END

#endif /* HAL_HOSTED_FPU_H */
