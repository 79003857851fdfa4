/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/format.c - contract in format.h. Semantics: C17 7.21.6.5, for the
 * conversions that the header lists; anything else is copied as it stands.
 */
#include "core/base/format.h"

#include "core/base/string.h"

enum { DIGITS_MAX = 23 }; /* of 64 bits in octal, and a leading zero */

/* Where the text goes; length counts on past the end. */
struct sink {
    char *to;
    size_t size;
    size_t length;
};

enum length { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG };

/* One conversion. */
struct spec {
    bool left, zero, plus, space, alternate;
    size_t width;
    size_t precision;
    bool has_precision;
    enum length length;
    char conversion;
};

/* A va_list decays to a pointer as a parameter; in a struct it does not. */
struct arguments {
    va_list list;
};

/* What an integer becomes: sign or 0x, zeros, digits. */
struct number {
    const char *prefix;
    const char *digits;
    size_t count; /* of digits */
};

static void put_char(struct sink *sink, char c)
{
    if (sink->length + 1 < sink->size)
        sink->to[sink->length] = c;
    sink->length++;
}

static void put_text(struct sink *sink, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        put_char(sink, text[i]);
}

static void put_times(struct sink *sink, char c, size_t times)
{
    while (times-- > 0)
        put_char(sink, c);
}

/* Text padded with spaces to the width. */
static void put_padded(struct sink *sink, const struct spec *spec,
                       const char *text, size_t length)
{
    size_t pad = spec->width > length ? spec->width - length : 0;

    if (!spec->left)
        put_times(sink, ' ', pad);
    put_text(sink, text, length);
    if (spec->left)
        put_times(sink, ' ', pad);
}

static void put_number(struct sink *sink, const struct spec *spec,
                       const struct number *n)
{
    size_t prefix = str_length(n->prefix, SIZE_MAX);
    size_t zeros = 0, used, pad;

    ASSERT(prefix <= 2);
    if (spec->has_precision && spec->precision > n->count)
        zeros = spec->precision - n->count;
    used = prefix + zeros + n->count;
    pad = spec->width > used ? spec->width - used : 0;
    if (spec->zero && !spec->left && !spec->has_precision) {
        zeros += pad;
        pad = 0;
    }
    if (!spec->left)
        put_times(sink, ' ', pad);
    put_text(sink, n->prefix, prefix);
    put_times(sink, '0', zeros);
    put_text(sink, n->digits, n->count);
    if (spec->left)
        put_times(sink, ' ', pad);
}

/* Writes the digits to the end of buffer[DIGITS_MAX]; returns how many. */
static size_t make_digits(char *buffer, uint64_t value, unsigned base,
                          bool upper)
{
    const char *alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    size_t count = 0;

    ASSERT(base >= 8 && base <= 16);
    while (value != 0) {
        count++;
        buffer[DIGITS_MAX - count] = alphabet[value % base];
        value /= base;
    }
    ASSERT(count <= DIGITS_MAX);
    return count;
}

static int64_t take_signed(struct arguments *args, enum length length)
{
    if (length == LENGTH_LONG)
        return va_arg(args->list, long);
    if (length == LENGTH_SHORT)
        return (short)va_arg(args->list, int);
    if (length == LENGTH_CHAR)
        return (signed char)va_arg(args->list, int);
    return va_arg(args->list, int);
}

static uint64_t take_unsigned(struct arguments *args, enum length length)
{
    if (length == LENGTH_LONG)
        return va_arg(args->list, unsigned long);
    if (length == LENGTH_SHORT)
        return (unsigned short)va_arg(args->list, unsigned);
    if (length == LENGTH_CHAR)
        return (unsigned char)va_arg(args->list, unsigned);
    return va_arg(args->list, unsigned);
}

/* Zero has one digit unless the precision is 0. */
static void put_digits(struct sink *sink, const struct spec *spec,
                       const char *prefix, uint64_t value, unsigned base)
{
    char buffer[DIGITS_MAX];
    size_t count = make_digits(buffer, value, base, spec->conversion == 'X');
    bool is_empty = count == 0 && spec->has_precision && spec->precision == 0;
    bool is_octal = spec->alternate && base == 8; /* begins with a zero */
    struct number n = {.prefix = prefix};

    if ((count == 0 && !is_empty) || is_octal) {
        ASSERT(count < DIGITS_MAX);
        count++;
        buffer[DIGITS_MAX - count] = '0';
    }
    n.digits = buffer + DIGITS_MAX - count;
    n.count = count;
    put_number(sink, spec, &n);
}

static void put_signed(struct sink *sink, const struct spec *spec,
                       struct arguments *args)
{
    int64_t value = take_signed(args, spec->length);
    uint64_t magnitude = (uint64_t)value;
    const char *prefix = "";

    if (value < 0) {
        magnitude = 0 - magnitude;
        prefix = "-";
    } else if (spec->plus) {
        prefix = "+";
    } else if (spec->space) {
        prefix = " ";
    }
    put_digits(sink, spec, prefix, magnitude, 10);
}

static void put_unsigned(struct sink *sink, const struct spec *spec,
                         struct arguments *args)
{
    uint64_t value = take_unsigned(args, spec->length);
    const char *prefix = "";
    unsigned base = 10;

    if (spec->conversion == 'o')
        base = 8;
    else if (spec->conversion == 'x' || spec->conversion == 'X')
        base = 16;
    if (base == 16 && spec->alternate && value != 0)
        prefix = spec->conversion == 'X' ? "0X" : "0x";
    put_digits(sink, spec, prefix, value, base);
}

/* 0x and hexadecimal digits, zero too. */
static void put_pointer(struct sink *sink, const struct spec *spec,
                        struct arguments *args)
{
    uintptr_t value = (uintptr_t)va_arg(args->list, void *);

    put_digits(sink, spec, "0x", value, 16);
}

static void put_string(struct sink *sink, const struct spec *spec,
                       struct arguments *args)
{
    const char *s = va_arg(args->list, const char *);
    size_t max = spec->has_precision ? spec->precision : SIZE_MAX;

    if (s == NULL)
        s = "(null)";
    put_padded(sink, spec, s, str_length(s, max));
}

/* Writes what the conversion stands for; false when there is no such. */
static bool put_conversion(struct sink *sink, const struct spec *spec,
                           struct arguments *args)
{
    char c;

    switch (spec->conversion) {
    case 'd':
    case 'i':
        put_signed(sink, spec, args);
        return true;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_unsigned(sink, spec, args);
        return true;
    case 'c':
        c = (char)va_arg(args->list, int);
        put_padded(sink, spec, &c, 1);
        return true;
    case 's':
        put_string(sink, spec, args);
        return true;
    case 'p':
        put_pointer(sink, spec, args);
        return true;
    case '%':
        put_char(sink, '%');
        return true;
    default:
        return false;
    }
}

static const char *read_flags(const char *at, struct spec *spec)
{
    for (;; at++) {
        if (*at == '-')
            spec->left = true;
        else if (*at == '0')
            spec->zero = true;
        else if (*at == '+')
            spec->plus = true;
        else if (*at == ' ')
            spec->space = true;
        else if (*at == '#')
            spec->alternate = true;
        else
            return at;
    }
}

/* A width or precision, perhaps from the arguments: then it may be negative. */
static const char *read_count(const char *at, struct arguments *args,
                              int64_t *out)
{
    *out = 0;
    if (*at == '*') {
        *out = va_arg(args->list, int);
        return at + 1;
    }
    for (; *at >= '0' && *at <= '9'; at++)
        *out = *out * 10 + (*at - '0');
    return at;
}

/* On x86-64 long, long long, intmax_t, size_t and ptrdiff_t are of one size. */
static const char *read_length(const char *at, struct spec *spec)
{
    if (*at == 'h') {
        spec->length = at[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT;
        return at + (at[1] == 'h' ? 2 : 1);
    }
    if (*at == 'l') {
        spec->length = LENGTH_LONG;
        return at + (at[1] == 'l' ? 2 : 1);
    }
    if (*at == 'z' || *at == 'j' || *at == 't') {
        spec->length = LENGTH_LONG;
        return at + 1;
    }
    return at;
}

/* Reads the conversion after a %; returns what follows its letter. */
static const char *read_spec(const char *at, struct arguments *args,
                             struct spec *spec)
{
    int64_t count;

    at = read_flags(at, spec);
    at = read_count(at, args, &count);
    if (count < 0) {
        spec->left = true;
        count = -count;
    }
    spec->width = (size_t)count;
    if (*at == '.') {
        at = read_count(at + 1, args, &count);
        spec->has_precision = count >= 0;
        spec->precision = count >= 0 ? (size_t)count : 0;
    }
    at = read_length(at, spec);
    spec->conversion = *at;
    return *at == '\0' ? at : at + 1;
}

size_t format_list(char *to, size_t size, const char *fmt, va_list list)
{
    struct sink sink = {to, size, 0};
    struct arguments args;

    va_copy(args.list, list);
    while (*fmt != '\0') {
        struct spec spec = {0};
        const char *after;

        if (*fmt != '%') {
            put_char(&sink, *fmt++);
            continue;
        }
        after = read_spec(fmt + 1, &args, &spec);
        if (!put_conversion(&sink, &spec, &args))
            put_text(&sink, fmt, (size_t)(after - fmt));
        fmt = after;
    }
    va_end(args.list);
    if (size > 0)
        to[min_size(sink.length, size - 1)] = '\0';
    return sink.length;
}

size_t format(char *to, size_t size, const char *fmt, ...)
{
    size_t length;
    va_list list;

    va_start(list, fmt);
    length = format_list(to, size, fmt, list);
    va_end(list);
    return length;
}
