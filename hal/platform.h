/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/platform.h - what the machine is, and how the kernel talks and leaves.
 *
 * Every call may be made on any CPU, in any context, with or without
 * interrupts, and takes no core lock; what is not so says so.
 */
#ifndef HAL_PLATFORM_H
#define HAL_PLATFORM_H

#include "hal/types.h"

enum { HAL_RAM_RANGES_MAX = 32, HAL_COMMAND_LINE_MAX = 4096 };

/* Physical memory; start and size are in bytes. */
struct hal_span {
    paddr_t start;
    uint64_t size;
};

struct hal_framebuffer {
    paddr_t start;
    uint32_t width, height; /* pixels; width 0: there is none */
    uint32_t pitch;         /* bytes from one line to the next */
    uint32_t bits_per_pixel;
};

/* Boot facts: constant once core_main() runs. */
struct hal_boot {
    const char *command_line; /* NUL-terminated, < HAL_COMMAND_LINE_MAX */
    struct hal_span initrd;   /* size 0: none; lies inside ram; whole bytes */
    /*
     * RAM that core may use, page-aligned, ascending, without overlap and
     * without what the HAL keeps (image, boot tables). The initrd is in it:
     * core must not hand out those pages before it has done with them.
     */
    struct hal_span ram[HAL_RAM_RANGES_MAX];
    size_t ram_count;
    struct hal_framebuffer framebuffer;
    /* What AT_HWCAP and AT_HWCAP2 of getauxval(3) say: CPUID leaf 1 EDX; bit 1
     * when user code may use wrfsbase. */
    uint32_t hwcap, hwcap2;
    const char *machine; /* "hosted" or "x86_64", for the log */
};

/* The three streams that init gets as 0, 1 and 2. */
enum hal_stream { HAL_STREAM_IN, HAL_STREAM_OUT, HAL_STREAM_ERR };

enum { HAL_CONSOLE_END = -1 }; /* hal_console_read(): end of file */

struct hal_screen {
    uint16_t rows, columns; /* characters */
    uint16_t width, height; /* pixels; 0: unknown */
};

HAL_DECLS_BEGIN

const struct hal_boot *hal_boot_facts(void);

/* The kernel log's channel; never mixes into init's streams unless the machine
 * has one port only. Waits for the device, so keep it short. Panic-safe. */
void hal_log_write(const char *text, size_t size);

/*
 * Writes init's bytes to OUT or ERR. Returns how many were taken, 0 when the
 * device is busy: then `ready` of hal_console_attach() comes when it is not. A
 * stream that the other side closed returns -EPIPE (see core/abi/errno.h).
 */
HAL_MUST_USE int hal_console_write(enum hal_stream stream, const void *data,
                                   size_t size);

/* Takes up to size bytes of input: > 0 bytes, 0 when there are none yet, or
 * HAL_CONSOLE_END. Does not wait. */
HAL_MUST_USE int hal_console_read(void *data, size_t size);

/* Does a person sit there? When false the streams are raw and binary-clean. */
bool hal_console_is_terminal(void);

/* The size of the terminal now; false where the machine cannot know. */
bool hal_console_size(struct hal_screen *out);

/* Calls ready(arg), in interrupt context on some CPU, whenever input, room for
 * output or another size of the terminal may have come. Set once, at boot. */
void hal_console_attach(void (*ready)(void *arg), void *arg);

/* Fills data with bytes from the machine's entropy source (hosted with a seed:
 * from the seed). Returns false when there is none worth the name. */
bool hal_entropy(void *data, size_t size);

/*
 * Ends the machine; all output written before is delivered. status is what the
 * one who started it sees: 0..255.
 */
HAL_NORETURN void hal_power_off(int status);

/* Starts the machine over; where it cannot, powers off with status 0. */
HAL_NORETURN void hal_reboot(void);

/*
 * Stops every CPU for good and leaves the machine on; all output written before
 * is delivered. Hosted: nobody could turn off a process that stands still, so
 * it says so on the host's stderr and ends, with status 0.
 */
HAL_NORETURN void hal_halt(void);

HAL_DECLS_END

#endif /* HAL_PLATFORM_H */
