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
#include "core/abi/limits.h"
#include "core/abi/mman.h"
#include "core/base/random.h"
#include "core/base/string.h"
#include "core/id/cred.h"
#include "core/proc/elf.h"
#include "core/proc/exec_strings.h"
#include "core/vm/aspace.h"
#include "core/vm/uaccess.h"
#include "hal/mmu.h"
#include "hal/platform.h"
#include "hal/user.h"

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

static void fill_vector(struct vector *v, const struct exec_stack *stack,
                        const struct layout *at)
{
    const struct hal_boot *boot = hal_boot_facts();
    const struct elf_image *image = stack->image;

    v->count = 0;
    add(v, LX_AT_SYSINFO_EHDR, stack->vdso);
    add(v, LX_AT_HWCAP, boot->hwcap);
    add(v, LX_AT_PAGESZ, PAGE_SIZE);
    add(v, LX_AT_CLKTCK, CLOCK_TICKS);
    if (image->headers != 0)
        add(v, LX_AT_PHDR, stack->bias + image->headers);
    add(v, LX_AT_PHENT, sizeof(struct lx_elf64_phdr));
    add(v, LX_AT_PHNUM, image->header_count);
    add(v, LX_AT_BASE, stack->interpreter_base);
    add(v, LX_AT_FLAGS, 0);
    add(v, LX_AT_ENTRY, stack->bias + image->entry);
    add(v, LX_AT_UID, stack->cred->uid);
    add(v, LX_AT_EUID, stack->cred->euid);
    add(v, LX_AT_GID, stack->cred->gid);
    add(v, LX_AT_EGID, stack->cred->egid);
    add(v, LX_AT_SECURE, stack->is_secure);
    add(v, LX_AT_RANDOM, at->random);
    add(v, LX_AT_HWCAP2, boot->hwcap2);
    add(v, LX_AT_MINSIGSTKSZ, 1024 + hal_user_fpu_size());
    add(v, LX_AT_EXECFN, at->name);
    add(v, LX_AT_PLATFORM, at->platform);
    add(v, LX_AT_NULL, 0);
}

/* Writes the bytes the words will point at; returns the lowest address. */
static int write_bytes(struct aspace *as, const struct exec_stack *stack,
                       struct layout *at, uaddr_t *lowest)
{
    uint8_t random[RANDOM_SIZE];
    size_t name_size = str_length(stack->path, LX_PATH_MAX) + 1;
    int error;

    random_bytes(random, sizeof(random));
    at->name = stack->top - sizeof(uint64_t) - name_size;
    at->strings = at->name - exec_strings_size(stack->strings);
    at->random = round_down(at->strings, 16) - sizeof(random);
    at->platform = at->random - sizeof(platform);
    *lowest = at->platform;
    error = copy_out(as, at->name, stack->path, name_size);
    if (error == 0)
        error = exec_strings_write(stack->strings, as, at->strings);
    if (error == 0)
        error = copy_out(as, at->random, random, sizeof(random));
    if (error == 0)
        error = copy_out(as, at->platform, platform, sizeof(platform));
    return error;
}

enum { WORDS_AT_ONCE = 64 };

/* Words on their way to user memory, in order. */
struct words {
    struct aspace *as;
    uaddr_t at;
    unsigned count;
    uint64_t held[WORDS_AT_ONCE];
};

static int flush_words(struct words *words)
{
    size_t size = words->count * sizeof(words->held[0]);
    int error = copy_out(words->as, words->at, words->held, size);

    words->at += size;
    words->count = 0;
    return error;
}

static int put_word(struct words *words, uint64_t word)
{
    words->held[words->count++] = word;
    return words->count == WORDS_AT_ONCE ? flush_words(words) : 0;
}

/* Pointers to count strings from *offset on, and the NULL behind them. */
static int put_pointers(struct words *words, const struct exec_stack *stack,
                        unsigned count, uaddr_t strings, size_t *offset)
{
    int error = 0;

    for (unsigned i = 0; i < count && error == 0; i++) {
        error = put_word(words, strings + *offset);
        *offset += exec_strings_length(stack->strings, *offset);
    }
    return error != 0 ? error : put_word(words, 0);
}

static int write_words(struct words *words, const struct exec_stack *stack,
                       const struct layout *lay, const struct vector *v)
{
    size_t offset = 0;
    int error = put_word(words, stack->strings->argc);

    if (error == 0)
        error = put_pointers(words, stack, stack->strings->argc, lay->strings,
                             &offset);
    if (error == 0)
        error = put_pointers(words, stack, stack->strings->envc, lay->strings,
                             &offset);
    for (unsigned i = 0; i < v->count && error == 0; i++) {
        error = put_word(words, v->entries[i].type);
        if (error == 0)
            error = put_word(words, v->entries[i].value);
    }
    return error != 0 ? error : flush_words(words);
}

/* Bytes of the arguments' strings. */
static size_t arguments_size(const struct exec_strings *strings)
{
    size_t offset = 0;

    for (unsigned i = 0; i < strings->argc; i++)
        offset += exec_strings_length(strings, offset);
    return offset;
}

static int map_stack(struct aspace *as, const struct exec_stack *stack)
{
    uaddr_t end = round_up(stack->top, PAGE_SIZE);
    uaddr_t start = round_down(stack->top - stack->size, PAGE_SIZE);
    struct map_request request = {
        .addr = start,
        .size = end - start,
        .prot = LX_PROT_READ | LX_PROT_WRITE |
                (stack->image->wants_exec_stack ? LX_PROT_EXEC : 0),
        .flags = LX_MAP_PRIVATE | LX_MAP_ANONYMOUS | LX_MAP_FIXED |
                 LX_MAP_NORESERVE | LX_MAP_STACK | LX_MAP_GROWSDOWN,
    };
    uaddr_t at;

    return aspace_map(as, &request, &at);
}

int exec_stack_build(struct aspace *as, const struct exec_stack *stack,
                     struct exec_places *out)
{
    struct layout lay;
    struct vector v;
    struct words words = {.as = as};
    uaddr_t lowest = 0;
    uint64_t count;
    int error = map_stack(as, stack);

    if (error == 0)
        error = write_bytes(as, stack, &lay, &lowest);
    if (error != 0)
        return error;
    fill_vector(&v, stack, &lay);
    count = 1 + (stack->strings->argc + 1) + (stack->strings->envc + 1) +
            2 * v.count;
    out->rsp = round_down(lowest - count * sizeof(uint64_t), 16);
    out->arg_start = lay.strings;
    out->arg_end = lay.strings + arguments_size(stack->strings);
    out->env_end = lay.name;
    words.at = out->rsp;
    return write_words(&words, stack, &lay, &v);
}
