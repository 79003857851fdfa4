/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/fpu.h - x87, SSE and AVX state of user code (SDM volume 1, 13).
 *
 * Images are in the standard format: the legacy region of 512 bytes, the
 * header of 64, then the components at the offsets that CPUID gives. The
 * kernel has no FPU state of its own.
 */
#ifndef HAL_X86_64_FPU_H
#define HAL_X86_64_FPU_H

#include "hal/types.h"

HAL_DECLS_BEGIN

/* Enables the components that the kernel keeps and learns their size. */
void fpu_setup(void);

/* Enables the same on another CPU. */
void fpu_enable(void);

/* Bytes of an image; a multiple of 64 is not promised. */
size_t fpu_size(void);

/* Makes image the initial state (psABI 3.4.1). */
void fpu_reset(void *image);

/* The same for an image that was made before: the bytes of components that are
 * not in use stay behind, as after fpu_save(). */
void fpu_clear(void *image);

/* From the registers into image, 64-byte aligned, last loaded or reset here. */
void fpu_save(void *image);

/* From image, 64-byte aligned. Returns 0, or -EFAULT where the processor
 * refused it; the registers are then not to be used. */
HAL_MUST_USE int fpu_load(const void *image);

/* hal_user_fpu_get() and hal_user_fpu_set() over a saved image. */
void fpu_export(const void *image, void *out);
HAL_MUST_USE int fpu_import(void *image, const void *in, size_t size);

HAL_DECLS_END

#endif /* HAL_X86_64_FPU_H */
