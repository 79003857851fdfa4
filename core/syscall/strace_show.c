/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/strace_show.c - one argument of a system call as text.
 *
 * A table by type says which function shows it; of is the decode_arg's.
 */
#include "core/syscall/strace_show.h"

#include "core/abi/fcntl.h"
#include "core/abi/limits.h"
#include "core/abi/resource.h"
#include "core/abi/signal.h"
#include "core/abi/uio.h"
#include "core/base/format.h"
#include "core/base/string.h"

enum {
    CHUNK = 64, /* bytes read at a time of a string */
    ERRNO_MAX = 4095
};

void strace_put(struct strace_line *line, const char *fmt, ...)
{
    size_t room = line->size - line->length;
    size_t length;
    va_list args;

    va_start(args, fmt);
    length = format_list(line->to + line->length, room, fmt, args);
    va_end(args);
    if (length >= room) {
        line->full = true;
        length = room - 1;
    }
    line->length += length;
}

bool strace_has_failed(const struct strace_record *record)
{
    return record->result < 0 && record->result >= -ERRNO_MAX;
}

static bool has_output(const struct strace_record *record)
{
    return record->returned && !strace_has_failed(record);
}

static void put_address(struct strace_line *line, uint64_t address)
{
    if (address == 0)
        strace_put(line, "NULL");
    else
        strace_put(line, "0x%lx", address);
}

/* next is what follows byte: a digit there would join an octal escape. */
static void put_escaped(struct strace_line *line, uint8_t byte, uint8_t next)
{
    static const char from[] = "\t\n\v\f\r\"\\";
    static const char to[] = "tnvfr\"\\";
    size_t i;

    for (i = 0; from[i] != '\0'; i++) {
        if (byte == (uint8_t)from[i]) {
            strace_put(line, "\\%c", to[i]);
            return;
        }
    }
    if (byte >= 0x20 && byte < 0x7f)
        strace_put(line, "%c", byte);
    else
        strace_put(line, next >= '0' && next <= '9' ? "\\%03o" : "\\%o", byte);
}

/* Shows size bytes of user memory, or as many as belong on a line. */
static void put_bytes(const struct strace_view *view, uaddr_t from,
                      uint64_t size)
{
    uint8_t bytes[STRACE_STRING_MAX + 1] = {0};
    size_t shown = (size_t)min_u64(size, STRACE_STRING_MAX);
    size_t i;

    if (from == 0 || view->peek(bytes, from, shown) != shown) {
        put_address(view->line, from);
        return;
    }
    strace_put(view->line, "\"");
    for (i = 0; i < shown; i++) {
        bool last = i + 1 == shown;

        put_escaped(view->line, bytes[i], last ? '\0' : bytes[i + 1]);
    }
    strace_put(view->line, shown < size ? "\"..." : "\"");
}

/* Shows bytes up to a NUL; false when there is none among them. */
static bool put_chunk(struct strace_line *line, const char *bytes, size_t count)
{
    size_t i;

    for (i = 0; i < count && bytes[i] != '\0'; i++) {
        uint8_t next = i + 1 < count ? (uint8_t)bytes[i + 1] : '0';

        put_escaped(line, (uint8_t)bytes[i], next);
    }
    return i < count;
}

static void show_string(const struct strace_view *view, uint64_t value,
                        unsigned of)
{
    char bytes[CHUNK];
    size_t done, count;
    bool ended = false;

    (void)of;
    count = value == 0 ? 0 : view->peek(bytes, value, CHUNK);
    if (count == 0) {
        put_address(view->line, value);
        return;
    }
    strace_put(view->line, "\"");
    for (done = 0; count > 0 && done < LX_PATH_MAX; done += count) {
        ended = put_chunk(view->line, bytes, count);
        if (ended || view->line->full || count < CHUNK)
            break;
        count = view->peek(bytes, value + done + count, CHUNK);
    }
    strace_put(view->line, ended ? "\"" : "\"...");
}

static void show_signed32(const struct strace_view *view, uint64_t value,
                          unsigned of)
{
    (void)of;
    strace_put(view->line, "%d", (int32_t)value);
}

static void show_unsigned32(const struct strace_view *view, uint64_t value,
                            unsigned of)
{
    (void)of;
    strace_put(view->line, "%u", (uint32_t)value);
}

static void show_hex32(const struct strace_view *view, uint64_t value,
                       unsigned of)
{
    (void)of;
    strace_put(view->line, (uint32_t)value == 0 ? "%x" : "0x%x",
               (uint32_t)value);
}

static void show_octal32(const struct strace_view *view, uint64_t value,
                         unsigned of)
{
    (void)of;
    strace_put(view->line, (uint32_t)value == 0 ? "%o" : "0%o",
               (uint32_t)value);
}

static void show_signed(const struct strace_view *view, uint64_t value,
                        unsigned of)
{
    (void)of;
    strace_put(view->line, "%ld", (int64_t)value);
}

static void show_unsigned(const struct strace_view *view, uint64_t value,
                          unsigned of)
{
    (void)of;
    strace_put(view->line, "%lu", value);
}

static void show_hex(const struct strace_view *view, uint64_t value,
                     unsigned of)
{
    (void)of;
    strace_put(view->line, value == 0 ? "%lx" : "0x%lx", value);
}

static void show_address(const struct strace_view *view, uint64_t value,
                         unsigned of)
{
    (void)of;
    put_address(view->line, value);
}

static void show_dirfd(const struct strace_view *view, uint64_t value,
                       unsigned of)
{
    if ((int32_t)value == LX_AT_FDCWD)
        strace_put(view->line, "AT_FDCWD");
    else
        show_signed32(view, value, of);
}

static void put_set(struct strace_line *line, uint64_t word,
                    const struct decode_set *set)
{
    const char *separator = "";
    uint64_t rest = word;
    size_t i;

    for (i = 0; i < set->count; i++) {
        const struct decode_name *name = &set->names[i];
        bool says_something = name->value != 0 || separator[0] == '\0';

        if ((rest & name->mask) != name->value || !says_something)
            continue;
        strace_put(line, "%s%s", separator, name->name);
        separator = "|";
        rest &= ~name->mask;
    }
    if (rest != 0)
        strace_put(line, "%s0x%lx", separator, rest);
    else if (separator[0] == '\0')
        strace_put(line, "0");
}

static void show_set(const struct strace_view *view, uint64_t value,
                     unsigned of)
{
    put_set(view->line, value, &decode_sets[of]);
}

static void show_set32(const struct strace_view *view, uint64_t value,
                       unsigned of)
{
    put_set(view->line, (uint32_t)value, &decode_sets[of]);
}

void strace_put_signal(struct strace_line *line, uint32_t signal)
{
    if (signal >= LX_SIGRTMIN && signal <= LX_SIGRTMAX)
        strace_put(line, signal == LX_SIGRTMIN ? "SIGRTMIN" : "SIGRT_%u",
                   signal - LX_SIGRTMIN);
    else if (signal == 0 || signal > LX_SIGRTMAX)
        strace_put(line, "%d", (int32_t)signal);
    else
        put_set(line, signal, decode_signals());
}

static void show_signal(const struct strace_view *view, uint64_t value,
                        unsigned of)
{
    (void)of;
    strace_put_signal(view->line, (uint32_t)value);
}

/* How many things an argument counts, or the result does. */
static uint64_t count_of(const struct strace_view *view, unsigned of)
{
    if (of == DECODE_BY_RESULT)
        return (uint64_t)view->record->result;
    return view->record->args[of];
}

static void show_in(const struct strace_view *view, uint64_t value, unsigned of)
{
    put_bytes(view, value, count_of(view, of));
}

static void show_out(const struct strace_view *view, uint64_t value,
                     unsigned of)
{
    if (has_output(view->record))
        show_in(view, value, of);
    else
        put_address(view->line, value);
}

/* Shows an array of vectors that together hold size bytes. */
static void put_vectors(const struct strace_view *view, uaddr_t from,
                        uint64_t count, uint64_t size)
{
    struct lx_iovec vector;
    uint64_t i;

    for (i = 0; i < min_u64(count, STRACE_VECTORS_MAX); i++) {
        uaddr_t at = from + i * sizeof(vector);

        if (view->peek(&vector, at, sizeof(vector)) != sizeof(vector)) {
            put_address(view->line, at);
            return;
        }
        strace_put(view->line, i == 0 ? "{iov_base=" : ", {iov_base=");
        put_bytes(view, vector.iov_base, min_u64(size, vector.iov_len));
        strace_put(view->line, ", iov_len=%lu}", vector.iov_len);
        size -= min_u64(size, vector.iov_len);
    }
    if (i < count)
        strace_put(view->line, ", ...");
}

static void show_vectors_in(const struct strace_view *view, uint64_t value,
                            unsigned of)
{
    if (value == 0) {
        put_address(view->line, value);
        return;
    }
    strace_put(view->line, "[");
    put_vectors(view, value, count_of(view, of), UINT64_MAX);
    strace_put(view->line, "]");
}

static void show_vectors_out(const struct strace_view *view, uint64_t value,
                             unsigned of)
{
    if (!has_output(view->record) || value == 0) {
        put_address(view->line, value);
        return;
    }
    strace_put(view->line, "[");
    put_vectors(view, value, count_of(view, of),
                (uint64_t)view->record->result);
    strace_put(view->line, "]");
}

static void put_rlimit(struct strace_line *line, uint64_t value)
{
    if (value == LX_RLIM_INFINITY)
        strace_put(line, "RLIM64_INFINITY");
    else
        strace_put(line, "%lu", value);
}

static void put_file_mode(struct strace_line *line, uint32_t mode)
{
    put_set(line, mode & ~(uint32_t)0777, decode_file_modes());
    strace_put(line, "|0%03o", mode & 0777);
}

static void put_field(struct strace_line *line,
                      const struct decode_field *field, const uint8_t *at)
{
    uint64_t word;
    uint32_t half;
    uint16_t quarter;

    mem_copy(&word, at, sizeof(word));
    mem_copy(&half, at, sizeof(half));
    mem_copy(&quarter, at, sizeof(quarter));
    strace_put(line, "%s=", field->name);
    switch ((enum decode_field_type)field->type) {
    case FIELD_U16:
        strace_put(line, "%u", quarter);
        break;
    case FIELD_U32:
        strace_put(line, "%u", half);
        break;
    case FIELD_U64:
        strace_put(line, "%lu", word);
        break;
    case FIELD_I32:
        strace_put(line, "%d", (int32_t)half);
        break;
    case FIELD_I64:
        strace_put(line, "%ld", (int64_t)word);
        break;
    case FIELD_PTR:
        put_address(line, word);
        break;
    case FIELD_RLIMIT:
        put_rlimit(line, word);
        break;
    case FIELD_FILEMODE:
        put_file_mode(line, half);
        break;
    }
}

static void show_struct_in(const struct strace_view *view, uint64_t value,
                           unsigned of)
{
    const struct decode_layout *layout = &decode_layouts[of];
    uint8_t bytes[DECODE_LAYOUT_MAX + sizeof(uint64_t)];
    size_t i;

    if (value == 0 || view->peek(bytes, value, layout->size) != layout->size) {
        put_address(view->line, value);
        return;
    }
    strace_put(view->line, "{");
    for (i = 0; i < layout->count; i++) {
        const struct decode_field *field = &layout->fields[i];

        strace_put(view->line, i == 0 ? "" : ", ");
        put_field(view->line, field, bytes + field->offset);
    }
    strace_put(view->line, layout->more ? ", ...}" : "}");
}

static void show_struct_out(const struct strace_view *view, uint64_t value,
                            unsigned of)
{
    if (has_output(view->record))
        show_struct_in(view, value, of);
    else
        put_address(view->line, value);
}

static void (*const shows[])(const struct strace_view *, uint64_t, unsigned) = {
    [ARG_INT] = show_signed32,
    [ARG_UINT] = show_unsigned32,
    [ARG_HEX] = show_hex32,
    [ARG_MODE] = show_octal32,
    [ARG_LONG] = show_signed,
    [ARG_ULONG] = show_unsigned,
    [ARG_LHEX] = show_hex,
    [ARG_SIZE] = show_unsigned,
    [ARG_OFF] = show_signed,
    [ARG_FD] = show_signed32,
    [ARG_DIRFD] = show_dirfd,
    [ARG_PID] = show_signed32,
    [ARG_UID] = show_unsigned32,
    [ARG_GID] = show_unsigned32,
    [ARG_SIGNAL] = show_signal,
    [ARG_PTR] = show_address,
    [ARG_PATH] = show_string,
    [ARG_STR] = show_string,
    [ARG_IN] = show_in,
    [ARG_OUT] = show_out,
    [ARG_IOVIN] = show_vectors_in,
    [ARG_IOVOUT] = show_vectors_out,
    [ARG_STRUCT_IN] = show_struct_in,
    [ARG_STRUCT_OUT] = show_struct_out,
    [ARG_FLAGS] = show_set32,
    [ARG_LFLAGS] = show_set,
    [ARG_ONE] = show_set32,
    [ARG_NONE] = show_signed,
};

void strace_show(const struct strace_view *view, struct decode_arg arg,
                 uint64_t value)
{
    shows[arg.type](view, value, arg.of);
}
