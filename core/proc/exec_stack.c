/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exec_stack.c - contract in exec_stack.h.
 *
 * From the top down: a guard, the strings, 16 random bytes, the platform's
 * name, then the words that rsp points at: argc, argv, NULL, envp, NULL, the
 * vector.
 */
#include "core/proc/exec_stack.h"

#include "core/abi/auxvec.h"
#include "core/abi/elf.h"
#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/base/random.h"
#include "core/base/string.h"
#include "core/proc/elf.h"
#include "core/proc/process.h"
#include "core/vm/aspace.h"
#include "core/vm/uaccess.h"
#include "hal/mmu.h"
#include "hal/platform.h"
#include "hal/user.h"

#define STACK_TOP  (HAL_USER_TOP - 16 * (uint64_t)PAGE_SIZE)
#define STACK_SIZE (UINT64_C(8) << 20)

enum { VECTOR_MAX = 24, RANDOM_SIZE = 16, CLOCK_TICKS = 100 };

static const char platform[] = "x86_64";

/* Where things came to lie. */
struct layout {
    uaddr_t name, strings, random, platform;
};

struct vector {
    struct lx_auxv entries[VECTOR_MAX];
    unsigned count;
};

static void add(struct vector *v, uint64_t type, uint64_t value)
{
    ASSERT(v->count < VECTOR_MAX);
    v->entries[v->count++] = (struct lx_auxv){type, value};
}

static void fill_vector(struct vector *v, const struct elf_image *image,
                        uaddr_t bias, const struct layout *at)
{
    const struct hal_boot *boot = hal_boot_facts();

    v->count = 0;
    add(v, LX_AT_HWCAP, boot->hwcap);
    add(v, LX_AT_PAGESZ, PAGE_SIZE);
    add(v, LX_AT_CLKTCK, CLOCK_TICKS);
    if (image->headers != 0)
        add(v, LX_AT_PHDR, bias + image->headers);
    add(v, LX_AT_PHENT, sizeof(struct lx_elf64_phdr));
    add(v, LX_AT_PHNUM, image->header_count);
    add(v, LX_AT_BASE, 0);
    add(v, LX_AT_FLAGS, 0);
    add(v, LX_AT_ENTRY, bias + image->entry);
    add(v, LX_AT_UID, 0);
    add(v, LX_AT_EUID, 0);
    add(v, LX_AT_GID, 0);
    add(v, LX_AT_EGID, 0);
    add(v, LX_AT_SECURE, 0);
    add(v, LX_AT_RANDOM, at->random);
    add(v, LX_AT_HWCAP2, boot->hwcap2);
    add(v, LX_AT_MINSIGSTKSZ, 1024 + hal_user_fpu_size());
    add(v, LX_AT_EXECFN, at->name);
    add(v, LX_AT_PLATFORM, at->platform);
    add(v, LX_AT_NULL, 0);
}

/* Writes the bytes the words will point at; returns the lowest address. */
static int write_bytes(struct aspace *as, const struct exec_args *args,
                       struct layout *at, uaddr_t *lowest)
{
    uint8_t random[RANDOM_SIZE];
    size_t name_size = str_length(args->path, EXEC_STRINGS_MAX) + 1;
    int error;

    random_bytes(random, sizeof(random));
    at->name = STACK_TOP - sizeof(uint64_t) - name_size;
    at->strings = at->name - args->strings_size;
    at->random = round_down(at->strings, 16) - sizeof(random);
    at->platform = at->random - sizeof(platform);
    *lowest = at->platform;
    error = copy_out(as, at->name, args->path, name_size);
    if (error == 0)
        error = copy_out(as, at->strings, args->strings, args->strings_size);
    if (error == 0)
        error = copy_out(as, at->random, random, sizeof(random));
    if (error == 0)
        error = copy_out(as, at->platform, platform, sizeof(platform));
    return error;
}

static int put_word(struct aspace *as, uaddr_t *at, uint64_t word)
{
    int error = copy_out(as, *at, &word, sizeof(word));

    *at += sizeof(word);
    return error;
}

/* Pointers to count strings from *string on, and the NULL behind them. */
static int put_pointers(struct aspace *as, uaddr_t *at, unsigned count,
                        const char **string, uaddr_t *address)
{
    int error = 0;

    for (unsigned i = 0; i < count && error == 0; i++) {
        size_t size = str_length(*string, EXEC_STRINGS_MAX) + 1;

        error = put_word(as, at, *address);
        *string += size;
        *address += size;
    }
    return error != 0 ? error : put_word(as, at, 0);
}

static int write_words(struct aspace *as, uaddr_t at,
                       const struct exec_args *args, const struct layout *lay,
                       const struct vector *v)
{
    const char *string = args->strings;
    uaddr_t address = lay->strings;
    int error = put_word(as, &at, args->argc);

    if (error == 0)
        error = put_pointers(as, &at, args->argc, &string, &address);
    if (error == 0)
        error = put_pointers(as, &at, args->envc, &string, &address);
    if (error == 0)
        error = copy_out(as, at, v->entries, v->count * sizeof(*v->entries));
    return error;
}

static int map_stack(struct aspace *as, bool is_executable)
{
    struct map_request request = {
        .addr = STACK_TOP - STACK_SIZE,
        .size = STACK_SIZE,
        .prot =
            LX_PROT_READ | LX_PROT_WRITE | (is_executable ? LX_PROT_EXEC : 0),
        .flags = LX_MAP_PRIVATE | LX_MAP_ANONYMOUS | LX_MAP_FIXED |
                 LX_MAP_NORESERVE | LX_MAP_STACK,
    };
    uaddr_t at;

    return aspace_map(as, &request, &at);
}

int exec_stack_build(struct aspace *as, const struct elf_image *image,
                     uaddr_t bias, const struct exec_args *args, uaddr_t *stack)
{
    struct layout lay;
    struct vector v;
    uaddr_t lowest = 0;
    uint64_t words;
    int error = map_stack(as, image->wants_exec_stack);

    if (error == 0)
        error = write_bytes(as, args, &lay, &lowest);
    if (error != 0)
        return error;
    fill_vector(&v, image, bias, &lay);
    words = 1 + (args->argc + 1) + (args->envc + 1) + 2 * v.count;
    *stack = round_down(lowest - words * sizeof(uint64_t), 16);
    return write_words(as, *stack, args, &lay, &v);
}
