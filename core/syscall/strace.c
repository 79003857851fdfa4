/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/strace.c - system calls as lines of text, and the filter.
 *
 * core/syscall/decode.h knows what each argument is, strace_show.c how it
 * looks.
 */
#include "core/syscall/strace.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/syscall/calls.h"
#include "core/syscall/decode.h"
#include "core/syscall/strace_show.h"

enum {
    RESULT_ROOM = 128, /* kept free for the result */
    RESTART_MIN = 512, /* errors of this kernel's own: the call runs again */
    RESTART_MAX = 516
};

_Static_assert(STRACE_CALLS == (int)SYSCALL_SLOTS, "one bit for each slot");

static void put_args(const struct strace_view *view,
                     const struct decode_call *call)
{
    bool known = call != NULL && call->count != DECODE_NO_PROTOTYPE;
    size_t count = known ? call->count : DECODE_ARGS_MAX;
    size_t i;

    for (i = 0; i < count; i++) {
        struct decode_arg arg = {ARG_LHEX, 0};

        if (known)
            arg = call->args[i];
        strace_put(view->line, i == 0 ? "" : ", ");
        strace_show(view, arg, view->record->args[i]);
    }
}

static void put_error(struct strace_line *line, int64_t number)
{
    const struct decode_error *error = decode_find_error((uint64_t)number);

    if (error != NULL)
        strace_put(line, "-1 %s (%s)", error->name, error->text);
    else if (number >= RESTART_MIN && number <= RESTART_MAX)
        strace_put(line, "? (to be restarted)");
    else
        strace_put(line, "-1 (errno %ld)", number);
}

static void put_result(const struct strace_view *view,
                       const struct decode_call *call)
{
    const struct strace_record *record = view->record;
    struct decode_arg shape = {ARG_LHEX, 0};

    if (call != NULL)
        shape.type = call->result;
    strace_put(view->line, ") = ");
    if (!record->returned)
        strace_put(view->line, "?");
    else if (strace_has_failed(record))
        put_error(view->line, -record->result);
    else
        strace_show(view, shape, (uint64_t)record->result);
}

size_t strace_render(char *to, size_t size, const struct strace_record *record,
                     size_t (*peek)(void *to, uaddr_t from, size_t size))
{
    struct strace_line line = {to, size - RESULT_ROOM, 0, false};
    const struct strace_view view = {&line, record, peek};
    const struct decode_call *call = decode_find_call(record->number);

    ASSERT(size >= STRACE_LINE_MIN);
    strace_put(&line, "[%d] ", record->pid);
    if (call != NULL)
        strace_put(&line, "%s(", call->name);
    else
        strace_put(&line, "syscall_0x%lx(", record->number);
    put_args(&view, call);
    line.size = size;
    if (line.full)
        strace_put(&line, "...");
    put_result(&view, call);
    return line.length;
}

size_t strace_render_end(char *to, size_t size, int32_t pid, int wait_status)
{
    struct strace_line line = {to, size, 0, false};
    unsigned signal = (unsigned)wait_status & 0x7f;

    ASSERT(size >= STRACE_LINE_MIN);
    strace_put(&line, "[%d] +++ ", pid);
    if (signal == 0) {
        strace_put(&line, "exited with %d", (wait_status >> 8) & 0xff);
    } else {
        strace_put(&line, "killed by ");
        strace_put_signal(&line, signal);
    }
    strace_put(&line, " +++");
    return line.length;
}

bool strace_at_entry(uint64_t number)
{
    const struct decode_call *call = decode_find_call(number);

    return call != NULL && call->at_entry;
}

/* Does the word of that length say name? */
static bool word_is(const char *word, size_t length, const char *name)
{
    return str_length(name, length + 1) == length &&
           mem_equal(word, name, length);
}

static void set_call(struct strace_filter *filter, size_t number, bool shown)
{
    uint64_t bit = UINT64_C(1) << (number % 64);

    if (shown)
        filter->calls[number / 64] |= bit;
    else
        filter->calls[number / 64] &= ~bit;
}

static void set_all(struct strace_filter *filter, bool shown)
{
    mem_set(filter->calls, shown ? 0xff : 0, sizeof(filter->calls));
}

static void set_class(struct strace_filter *filter, unsigned class_bit,
                      bool shown)
{
    size_t i;

    for (i = 0; i < SYSCALL_COUNT; i++) {
        const struct decode_call *call = decode_find_call(i);

        if (call != NULL && (call->classes & class_bit) != 0)
            set_call(filter, i, shown);
    }
}

/* The bit of the class that the word names, or 0. */
static unsigned find_class(const char *word, size_t length)
{
    unsigned i;

    for (i = 0; decode_class_name(i) != NULL; i++) {
        if (word_is(word, length, decode_class_name(i)))
            return 1u << i;
    }
    return 0;
}

/* The number of the call that the word names, or SYSCALL_COUNT. */
static size_t find_number(const char *word, size_t length)
{
    size_t i;

    for (i = 0; i < SYSCALL_COUNT; i++) {
        const struct decode_call *call = decode_find_call(i);

        if (call != NULL && word_is(word, length, call->name))
            break;
    }
    return i;
}

/* Adds or takes out what one word names; false when it names nothing. */
static bool set_word(struct strace_filter *filter, const char *word,
                     size_t length, bool shown)
{
    unsigned class_bit = find_class(word, length);
    size_t number = find_number(word, length);

    if (word_is(word, length, "all"))
        set_all(filter, shown);
    else if (class_bit != 0)
        set_class(filter, class_bit, shown);
    else if (number < SYSCALL_COUNT)
        set_call(filter, number, shown);
    else
        return false;
    return true;
}

int strace_filter_parse(struct strace_filter *out, const char *text)
{
    struct strace_filter filter;
    const char *at = text;

    set_all(&filter, text == NULL || *text == '\0' || *text == '!');
    while (at != NULL && *at != '\0') {
        bool shown = *at != '!';
        size_t length = 0;

        at += shown ? 0 : 1;
        while (at[length] != '\0' && at[length] != ',')
            length++;
        if (!set_word(&filter, at, length, shown))
            return -EINVAL;
        at += length;
        if (*at == ',' && *++at == '\0')
            return -EINVAL;
    }
    *out = filter;
    return 0;
}

bool strace_filter_has(const struct strace_filter *filter, uint64_t number)
{
    if (number >= STRACE_CALLS)
        number = STRACE_CALLS - 1; /* no call has it: set with all */
    return (filter->calls[number / 64] >> (number % 64) & 1) != 0;
}
